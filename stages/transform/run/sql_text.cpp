#include "stages/transform/run/sql_text.h"

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

}  // namespace

std::vector<SqlWord> words_of(std::string_view sql) {
  return Scanner(sql).words();
}

std::vector<std::string> split_statements(std::string_view sql) {
  std::vector<std::string> statements;
  std::size_t begin = 0;
  bool empty = true;
  const auto add = [&](std::size_t end) {
    if (!empty) statements.emplace_back(trim(sql.substr(begin, end - begin)));
    empty = true;
  };
  for (const auto& word : words_of(sql)) {
    if (!is_symbol(word, ";")) {
      empty = false;
      continue;
    }
    add(word.begin);
    begin = word.begin + 1;
  }
  add(sql.size());
  return statements;
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
