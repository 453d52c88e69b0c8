// The renderer's output says nothing about where a line came from, yet the server complains about
// "line 40" of it. Instead of guessing, each line of the template's plain text gets a mark: two
// control characters round the line's number. Text that goes straight to the output takes its marks
// there; loops repeat them, false branches drop them, macros write between them. Afterwards the
// marks are taken out and have told each line's origin.
//
// A mark must not change what is rendered. Text inside a capturing block can be looked at by the
// template (its length, its equality), so it gets none. And "-%}" strips blanks up to the next
// other character: a mark stands right before such a character, never between blanks, so the
// stripping ends where it would have ended.
#include "stages/transform/compile/line_marks.h"

#include <charconv>

#include <fmt/core.h>

namespace pipeline::dbt {
namespace {

constexpr char mark_begin = '\x01';
constexpr char mark_end = '\x02';

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

class Marker {
 public:
  explicit Marker(std::string_view source) : source_(source) {}

  std::string run() {
    while (at_ < source_.size()) {
      const std::string_view rest = source_.substr(at_);
      if (rest.starts_with("{#")) {
        copy(end_after("#}", at_ + 2));
      } else if (rest.starts_with("{{")) {
        if (rest.size() > 2 && rest[2] != '-') mark();
        copy(end_of_tag("}}"));
      } else if (rest.starts_with("{%")) {
        copy_statement();
      } else {
        if (!is_blank(rest.front())) mark();
        copy(at_ + 1);
      }
    }
    return std::move(result_);
  }

 private:
  void mark() {
    if (marked_ || captures_ > 0) return;
    result_ += fmt::format("{}{}{}", mark_begin, line_, mark_end);
    marked_ = true;
  }

  void copy(std::size_t end) {
    for (; at_ < end; ++at_) {
      result_ += source_[at_];
      if (source_[at_] != '\n') continue;
      ++line_;
      marked_ = false;
    }
  }

  std::size_t end_after(std::string_view what, std::size_t from) const {
    const std::size_t found = source_.find(what, from);
    return found == std::string_view::npos ? source_.size() : found + what.size();
  }

  /// Past the closing delimiter; those inside strings and brackets do not count.
  std::size_t end_of_tag(std::string_view close) const {
    int depth = 0;
    for (std::size_t i = at_ + 2; i < source_.size(); ++i) {
      const char c = source_[i];
      if (depth == 0 && source_.substr(i).starts_with(close)) return i + close.size();
      if (c == '\'' || c == '"') {
        for (++i; i < source_.size() && source_[i] != c; ++i) {
          if (source_[i] == '\\') ++i;
        }
      } else if (c == '(' || c == '[' || c == '{') {
        ++depth;
      } else if (c == ')' || c == ']' || c == '}') {
        --depth;
      }
    }
    return source_.size();
  }

  void copy_statement() {
    const std::size_t end = end_of_tag("%}");
    std::string_view tag = source_.substr(at_ + 2, end - at_ - 2);
    const std::size_t begin = tag.find_first_not_of("-+ \t\r\n");
    tag = begin == std::string_view::npos ? "" : tag.substr(begin);
    const std::string_view word = tag.substr(0, tag.find_first_of(" \t\r\n-+%("));
    copy(end);
    if (word == "raw") {
      copy(source_.find("endraw", at_) == std::string_view::npos ? source_.size()
                                                                 : end_after("endraw", at_));
      copy(end_after("%}", at_));
    } else if (word == "macro" || word == "call" || word == "filter" || word == "test" ||
               word == "data_test" || (word == "set" && is_block_set(tag.substr(3)))) {
      ++captures_;
    } else if (word == "endmacro" || word == "endcall" || word == "endfilter" ||
               word == "endtest" || word == "enddata_test" || word == "endset") {
      --captures_;
    }
  }

  /// {% set x %} captures, {% set x = 1 %} does not: an "=" outside brackets tells.
  static bool is_block_set(std::string_view tag) {
    int depth = 0;
    for (const char c : tag) {
      if (c == '(' || c == '[' || c == '{') ++depth;
      if (c == ')' || c == ']' || c == '}') --depth;
      if (c == '=' && depth == 0) return false;
    }
    return true;
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::string result_;
  int line_ = 1;
  int captures_ = 0;
  bool marked_ = false;
};

}  // namespace

std::string with_line_marks(std::string_view source) {
  if (source.find_first_of("\x01\x02") != std::string_view::npos) return std::string(source);
  return Marker(source).run();
}

MarkedText take_line_marks(std::string_view rendered) {
  MarkedText result;
  int current = 1;
  bool marked = false;  // this line has had its mark
  result.lines.push_back(current);
  for (std::size_t at = 0; at < rendered.size(); ++at) {
    if (rendered[at] == mark_begin) {
      int line = 0;
      const char* end = rendered.data() + rendered.size();
      const auto [after, error] = std::from_chars(rendered.data() + at + 1, end, line);
      if (error == std::errc{} && after != end && *after == mark_end) {
        current = line;
        if (!marked) result.lines.back() = line;
        marked = true;
        at = static_cast<std::size_t>(after - rendered.data());
        continue;
      }
    }
    result.text += rendered[at];
    if (rendered[at] != '\n') continue;
    result.lines.push_back(current);
    marked = false;
  }
  return result;
}

}  // namespace pipeline::dbt
