#include "stages/transform/run/sql_text.h"

#include <algorithm>
#include <array>
#include <span>

#include "common/base/text.h"

namespace pipeline::dbt {
namespace {

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_word(char c) {
  return c == '_' || c == '$' || c == '@' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80U;
}

class Scanner {
 public:
  explicit Scanner(std::string_view sql) : sql_(sql) {}

  std::vector<SqlWord> words() {
    while (at_ < sql_.size()) {
      if (is_blank(sql_[at_])) {
        ++at_;
      } else if (!skip_comment()) {
        take();
      }
    }
    return std::move(words_);
  }

 private:
  bool sees(std::string_view text) const { return sql_.substr(at_).starts_with(text); }

  void skip_behind(std::string_view end) {
    const auto found = sql_.find(end, at_);
    at_ = found == std::string_view::npos ? sql_.size() : found + end.size();
  }

  bool skip_comment() {
    const bool dashes = sees("--") && (at_ + 2 >= sql_.size() || is_blank(sql_[at_ + 2]));
    if (dashes || sees("#")) {
      skip_behind("\n");
    } else if (sees("/*!") || sees("/*M!")) {
      at_ = sql_.find('!', at_) + 1;
      while (at_ < sql_.size() && sql_[at_] >= '0' && sql_[at_] <= '9') ++at_;
      in_executable_ = true;
    } else if (in_executable_ && sees("*/")) {
      at_ += 2;
      in_executable_ = false;
    } else if (sees("/*")) {
      at_ += 2;
      skip_behind("*/");
    } else {
      return false;
    }
    return true;
  }

  void take() {
    const std::size_t begin = at_;
    const char first = sql_[at_];
    if (first == '`') return take_quoted(SqlWord::Kind::quoted, '`');
    if (first == '\'' || first == '"') return take_quoted(SqlWord::Kind::text, first);
    SqlWord::Kind kind = SqlWord::Kind::symbol;
    if (is_word(first)) {
      kind = SqlWord::Kind::bare;
      while (at_ < sql_.size() && is_word(sql_[at_])) ++at_;
    } else {
      ++at_;
    }
    words_.push_back({.kind = kind, .text = sql_.substr(begin, at_ - begin), .begin = begin});
  }

  void take_quoted(SqlWord::Kind kind, char quote) {
    const std::size_t begin = at_++;
    while (at_ < sql_.size()) {
      const char c = sql_[at_];
      if (c == '\\' && quote != '`') {
        at_ += 2;
      } else if (c != quote) {
        ++at_;
      } else if (at_ + 1 < sql_.size() && sql_[at_ + 1] == quote) {
        at_ += 2;
      } else {
        break;
      }
    }
    const std::size_t end = at_ < sql_.size() ? at_ : sql_.size();
    words_.push_back(
        {.kind = kind, .text = sql_.substr(begin + 1, end - begin - 1), .begin = begin});
    at_ = end + (end < sql_.size() ? 1 : 0);
  }

  std::string_view sql_;
  std::size_t at_ = 0;
  bool in_executable_ = false;
  std::vector<SqlWord> words_;
};

bool is_name(const SqlWord& word, std::string_view name) {
  const bool may_be = word.kind == SqlWord::Kind::bare || word.kind == SqlWord::Kind::quoted;
  return may_be && to_lower(word.text) == to_lower(name);
}

bool is_symbol(const SqlWord& word, std::string_view symbol) {
  return word.kind == SqlWord::Kind::symbol && word.text == symbol;
}

/// Whether semicolons may stand inside the statement that begins with these words.
bool is_compound(std::span<const SqlWord> words) {
  const auto bare = [&](std::size_t at) {
    return at < words.size() && words[at].kind == SqlWord::Kind::bare ? to_lower(words[at].text)
                                                                      : std::string();
  };
  constexpr std::array<std::string_view, 7> blocks = {"if",  "case",   "loop",   "while",
                                                      "for", "repeat", "declare"};
  const std::string first = bare(0);
  if (std::ranges::find(blocks, first) != blocks.end()) return true;
  if (first == "begin") return bare(1) == "not";
  if (first != "create" && first != "alter") return false;
  constexpr std::array<std::string_view, 5> routines = {"procedure", "function", "trigger", "event",
                                                        "package"};
  // CREATE OR REPLACE DEFINER = `a`@`b` AGGREGATE FUNCTION
  constexpr std::size_t words_before_kind_max = 12;
  for (std::size_t at = 1; at < words.size() && at < words_before_kind_max; ++at) {
    if (std::ranges::find(routines, bare(at)) != routines.end()) return true;
    if (bare(at) == "table" || bare(at) == "view" || bare(at) == "as") return false;
  }
  return false;
}

enum class Compound { falls_apart, stays_whole };

std::vector<std::string> cut(std::string_view sql, Compound compound) {
  std::vector<std::string> statements;
  const std::vector<SqlWord> words = words_of(sql);
  std::size_t begin = 0;       // byte
  std::size_t first_word = 0;  // of the statement
  const auto add = [&](std::size_t end_byte, std::size_t end_word) {
    if (end_word > first_word) statements.emplace_back(trim(sql.substr(begin, end_byte - begin)));
  };
  for (std::size_t at = 0; at < words.size(); ++at) {
    const bool starts = at == first_word;
    if (starts && compound == Compound::stays_whole && is_compound(std::span(words).subspan(at))) {
      break;
    }
    if (!is_symbol(words[at], ";")) continue;
    add(words[at].begin, at);
    begin = words[at].begin + 1;
    first_word = at + 1;
  }
  add(sql.size(), words.size());
  return statements;
}

}  // namespace

std::vector<SqlWord> words_of(std::string_view sql) {
  return Scanner(sql).words();
}

std::vector<std::string> split_statements(std::string_view sql) {
  return cut(sql, Compound::falls_apart);
}

std::vector<std::string> statements_of_hook(std::string_view sql) {
  return cut(sql, Compound::stays_whole);
}

bool names_with_schema(std::string_view sql, const TableName& table) {
  const auto words = words_of(sql);
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    if (is_name(words[i], table.schema) && is_symbol(words[i + 1], ".") &&
        is_name(words[i + 2], table.table)) {
      return true;
    }
  }
  return false;
}

}  // namespace pipeline::dbt
