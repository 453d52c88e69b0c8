#include "stages/transform/jinja/lexer.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "stages/transform/jinja/python_text.h"

namespace pipeline::jinja {

namespace {

// Longer symbols first, so that "**" is not two "*".
constexpr std::array<std::string_view, 26> symbol_table = {
    "**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
    "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};

bool is_name_start(std::string_view text) {
  if (text.empty()) return false;
  const char32_t character = python::take_character(text);
  return character == '_' || python::is_alphabetic(character);
}

bool is_name_part(std::string_view text) {
  if (text.empty()) return false;
  return is_name_start(text) || (text[0] >= '0' && text[0] <= '9');
}

bool is_hex(char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
         (byte >= 'A' && byte <= 'F');
}

std::string normal_line_ends(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\r') {
      result += text[at];
      continue;
    }
    result += '\n';
    if (at + 1 < text.size() && text[at + 1] == '\n') ++at;
  }
  return result;
}

class Lexer {
 public:
  Lexer(const std::string& name, std::string_view source) : name_(name), whole_(source) {
    source_ = source;
    if (!source_.empty() && source_.back() == '\n') {
      source_.remove_suffix(1);
      if (!source_.empty() && source_.back() == '\r') source_.remove_suffix(1);
    } else if (!source_.empty() && source_.back() == '\r') {
      source_.remove_suffix(1);
    }
  }

  std::vector<Token> run(LexFrom from) {
    if (from == LexFrom::expression) {
      inside({});
    } else {
      while (at_ < source_.size()) text();
    }
    push(TokenKind::end, {}, source_.size(), source_.size());
    return std::move(tokens_);
  }

 private:
  // How one kind of tag ends: "%}" and the kind of its last token.
  struct TagEnd {
    std::string_view mark;
    TokenKind kind = TokenKind::end;
    std::size_t begin = 0;  // of the tag, for errors
  };

  [[noreturn]] void fail(std::string_view what, std::size_t begin, std::size_t end) const {
    throw make_error(ErrorKind::config_invalid, what, name_, whole_,
                     {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
  }

  void push(TokenKind kind, std::string text, std::size_t begin, std::size_t end) {
    tokens_.push_back({kind,
                       std::move(text),
                       {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)}});
  }

  std::string_view rest() const { return source_.substr(at_); }
  bool looking_at(std::string_view text) const { return rest().substr(0, text.size()) == text; }

  void push_text(std::size_t begin, std::size_t end, bool strip_right) {
    std::string_view text = source_.substr(begin, end - begin);
    if (strip_right) text = python::strip(text, python::Side::right);
    if (!text.empty()) {
      push(TokenKind::text, normal_line_ends(text), begin, begin + text.size());
    }
  }

  void skip_space() { at_ = source_.size() - python::strip(rest(), python::Side::left).size(); }

  // '-' or '+' after an opening mark.
  char take_sign() {
    if (at_ < source_.size() && (source_[at_] == '-' || source_[at_] == '+')) {
      return source_[at_++];
    }
    return '\0';
  }

  std::size_t next_tag(std::size_t from) const {
    for (std::size_t at = source_.find('{', from); at != std::string_view::npos;
         at = source_.find('{', at + 1)) {
      if (at + 1 >= source_.size()) break;
      const char mark = source_[at + 1];
      if (mark == '{' || mark == '%' || mark == '#') return at;
    }
    return std::string_view::npos;
  }

  // One stretch of text and the tag after it.
  void text() {
    const std::size_t begin = at_;
    const std::size_t tag = next_tag(at_);
    if (tag == std::string_view::npos) {
      push_text(begin, source_.size(), false);
      at_ = source_.size();
      return;
    }
    at_ = tag + 2;
    const char mark = source_[tag + 1];
    const char sign = take_sign();
    push_text(begin, tag, sign == '-');
    if (mark == '#') return comment(tag);
    if (mark == '%' && raw(tag)) return;
    push(mark == '%' ? TokenKind::block_begin : TokenKind::variable_begin,
         std::string(source_.substr(tag, 2)), tag, at_);
    if (mark == '%') {
      inside({"%}", TokenKind::block_end, tag});
    } else {
      inside({"}}", TokenKind::variable_end, tag});
    }
  }

  void comment(std::size_t begin) {
    const std::size_t end = source_.find("#}", at_);
    if (end == std::string_view::npos) {
      fail("the comment is not closed ('#}' is missing)", begin, begin + 2);
    }
    const bool strip = end > at_ && source_[end - 1] == '-';
    at_ = end + 2;
    if (strip) skip_space();
  }

  // Reads "raw -%}" or "endraw %}" at the current place; false and nothing read if it is not there.
  bool take_word_tag(std::string_view word, bool plus_allowed) {
    const std::size_t before = at_;
    skip_space();
    if (looking_at(word)) {
      at_ += word.size();
      skip_space();
      if (looking_at("%}")) {
        at_ += 2;
        return true;
      }
      if (looking_at("-%}")) {
        at_ += 3;
        skip_space();
        return true;
      }
      if (plus_allowed && looking_at("+%}")) {
        at_ += 3;
        return true;
      }
    }
    at_ = before;
    return false;
  }

  bool raw(std::size_t begin) {
    if (!take_word_tag("raw", false)) return false;
    const std::size_t content = at_;
    for (std::size_t tag = source_.find("{%", at_); tag != std::string_view::npos;
         tag = source_.find("{%", tag + 2)) {
      at_ = tag + 2;
      const char sign = take_sign();
      if (take_word_tag("endraw", true)) {
        push_text(content, tag, sign == '-');
        return true;
      }
    }
    fail("the raw block is not closed ('{% endraw %}' is missing)", begin, begin + 2);
  }

  // Tokens up to the end of the tag. An end mark inside open brackets is no end: {{ {'a': {}} }}.
  void inside(TagEnd end) {
    brackets_.clear();
    while (true) {
      skip_space();
      if (at_ >= source_.size()) {
        if (end.mark.empty()) break;
        fail(fmt::format("the tag is not closed ('{}' is missing)", end.mark), end.begin,
             end.begin + 2);
      }
      if (!end.mark.empty() && brackets_.empty() && take_end(end)) return;
      token();
    }
    if (!brackets_.empty()) fail_open_bracket();
  }

  bool take_end(const TagEnd& end) {
    const std::size_t begin = at_;
    const char sign = source_[at_];
    const bool signed_end = (sign == '-' || (sign == '+' && end.kind == TokenKind::block_end)) &&
                            source_.substr(at_ + 1, 2) == end.mark;
    if (!signed_end && !looking_at(end.mark)) return false;
    at_ += signed_end ? 3 : 2;
    push(end.kind, std::string(end.mark), begin, at_);
    if (sign == '-' && signed_end) skip_space();
    return true;
  }

  [[noreturn]] void fail_open_bracket() const {
    const std::size_t at = brackets_.back();
    fail(fmt::format("'{}' is not closed", source_[at]), at, at + 1);
  }

  void token() {
    const char byte = source_[at_];
    if (byte >= '0' && byte <= '9') return number();
    if (is_name_start(rest())) return name();
    if (byte == '\'' || byte == '"') return string(byte);
    for (const std::string_view symbol : symbol_table) {
      if (!looking_at(symbol)) continue;
      bracket(symbol[0]);
      push(TokenKind::symbol, std::string(symbol), at_, at_ + symbol.size());
      at_ += symbol.size();
      return;
    }
    std::string_view after = rest();
    python::take_character(after);
    const std::size_t size = rest().size() - after.size();
    fail(fmt::format("unexpected character '{}'", rest().substr(0, size)), at_, at_ + size);
  }

  void bracket(char byte) {
    if (byte == '(' || byte == '[' || byte == '{') {
      brackets_.push_back(at_);
      return;
    }
    if (byte != ')' && byte != ']' && byte != '}') return;
    const char opening = byte == ')' ? '(' : byte == ']' ? '[' : '{';
    if (brackets_.empty()) fail(fmt::format("unexpected '{}'", byte), at_, at_ + 1);
    if (source_[brackets_.back()] != opening) {
      fail(fmt::format("unexpected '{}', '{}' is still open", byte, source_[brackets_.back()]), at_,
           at_ + 1);
    }
    brackets_.pop_back();
  }

  void name() {
    const std::size_t begin = at_;
    while (is_name_part(rest())) {
      std::string_view after = rest();
      python::take_character(after);
      at_ = source_.size() - after.size();
    }
    push(TokenKind::name, std::string(source_.substr(begin, at_ - begin)), begin, at_);
  }

  template <typename IsDigit>
  std::string digits(IsDigit is_digit) {
    std::string result;
    while (at_ < source_.size()) {
      const bool underscore =
          source_[at_] == '_' && at_ + 1 < source_.size() && is_digit(source_[at_ + 1]);
      if (underscore) ++at_;
      if (!is_digit(source_[at_])) break;
      result += source_[at_++];
    }
    return result;
  }

  std::string decimal_digits() {
    return digits([](char digit) { return digit >= '0' && digit <= '9'; });
  }

  bool prefixed_number(std::size_t begin) {
    const std::string prefix = lower(source_.substr(at_, 2));
    if (prefix != "0x" && prefix != "0o" && prefix != "0b") return false;
    at_ += 2;
    const std::string found = prefix == "0x" ? digits(is_hex)
                              : prefix == "0o"
                                  ? digits([](char d) { return d >= '0' && d < '8'; })
                                  : digits([](char d) { return d == '0' || d == '1'; });
    if (found.empty()) fail("a number without digits", begin, at_);
    push(TokenKind::integer, prefix + found, begin, at_);
    return true;
  }

  static std::string lower(std::string_view text) { return python::lower(text); }

  void number() {
    const std::size_t begin = at_;
    if (prefixed_number(begin)) return;
    std::string text = decimal_digits();
    bool floating = false;
    const auto digit_at = [&](std::size_t at) {
      return at < source_.size() && source_[at] >= '0' && source_[at] <= '9';
    };
    // "x.1.2" is two subscripts, not the number 1.2.
    const bool after_dot = begin > 0 && source_[begin - 1] == '.';
    if (!after_dot && looking_at(".") && digit_at(at_ + 1)) {
      floating = true;
      ++at_;
      text += '.' + decimal_digits();
    }
    if (!after_dot && (looking_at("e") || looking_at("E"))) {
      const std::size_t sign = at_ + 1;
      const bool has_sign = sign < source_.size() && (source_[sign] == '+' || source_[sign] == '-');
      if (digit_at(sign + (has_sign ? 1 : 0))) {
        floating = true;
        text += 'e';
        if (has_sign) text += source_[sign];
        at_ = sign + (has_sign ? 1 : 0);
        text += decimal_digits();
      }
    }
    push(floating ? TokenKind::floating : TokenKind::integer, std::move(text), begin, at_);
  }

  void string(char quote) {
    const std::size_t begin = at_++;
    std::string text;
    while (true) {
      if (at_ >= source_.size()) fail("the string is not closed", begin, begin + 1);
      const char byte = source_[at_];
      if (byte == quote) break;
      if (byte == '\\') {
        escape(text);
        continue;
      }
      if (byte == '\r') {
        text += '\n';
        at_ += looking_at("\r\n") ? 2U : 1U;
        continue;
      }
      text += byte;
      ++at_;
    }
    ++at_;
    push(TokenKind::string, std::move(text), begin, at_);
  }

  // One escape as Python's unicode-escape knows it; what it does not know stays as it stands.
  void escape(std::string& text) {
    const std::size_t begin = at_++;
    if (at_ >= source_.size()) return;
    const char byte = source_[at_++];
    static constexpr std::string_view escape_letters = "\\'\"abfnrtv";
    static constexpr std::string_view escape_meanings = "\\'\"\a\b\f\n\r\t\v";
    if (const std::size_t at = escape_letters.find(byte); at != std::string_view::npos) {
      text += escape_meanings[at];
    } else if (byte == '\n') {
      // A line end after a backslash joins the lines.
    } else if (byte == 'x' || byte == 'u' || byte == 'U') {
      hex_escape(text, byte == 'x' ? 2U : byte == 'u' ? 4U : 8U, begin);
    } else if (byte >= '0' && byte <= '7') {
      auto character = static_cast<char32_t>(byte - '0');
      for (int count = 0; count < 2 && at_ < source_.size(); ++count) {
        if (source_[at_] < '0' || source_[at_] > '7') break;
        character = character * 8 + static_cast<char32_t>(source_[at_++] - '0');
      }
      python::append_character(text, character);
    } else {
      text += '\\';
      text += byte;
    }
  }

  void hex_escape(std::string& text, std::size_t size, std::size_t begin) {
    const std::string_view found = rest().substr(0, size);
    if (found.size() != size || !std::all_of(found.begin(), found.end(), is_hex)) {
      fail("an escape without its hexadecimal digits", begin, at_);
    }
    const unsigned long character = std::stoul(std::string(found), nullptr, 16);
    if (character > 0x10FFFF) fail("an escape beyond the last character", begin, at_ + size);
    at_ += size;
    python::append_character(text, static_cast<char32_t>(character));
  }

  const std::string& name_;
  std::string_view whole_;
  std::string_view source_;
  std::size_t at_ = 0;
  std::vector<std::size_t> brackets_;
  std::vector<Token> tokens_;
};

std::string_view kind_name(TokenKind kind) {
  switch (kind) {
    case TokenKind::text:
      return "text";
    case TokenKind::variable_begin:
    case TokenKind::variable_end:
    case TokenKind::block_begin:
    case TokenKind::block_end:
    case TokenKind::symbol:
      return "";
    case TokenKind::name:
      return "name";
    case TokenKind::integer:
      return "integer";
    case TokenKind::floating:
      return "float";
    case TokenKind::string:
      return "string";
    case TokenKind::end:
      return "end";
  }
  return "";
}

}  // namespace

std::vector<Token> tokenize(const std::string& template_name, std::string_view source,
                            LexFrom from) {
  if (source.size() >= UINT32_MAX) {
    throw Error(ErrorKind::config_invalid, "the template " + template_name + " is too large");
  }
  return Lexer(template_name, source).run(from);
}

std::string serialize(const std::vector<Token>& tokens) {
  std::string result;
  for (const Token& token : tokens) {
    const std::string_view kind = kind_name(token.kind);
    const std::string_view gap = kind.empty() || token.text.empty() ? "" : " ";
    result += fmt::format("[{}{}{}]", kind, gap, token.text);
  }
  return result;
}

}  // namespace pipeline::jinja
