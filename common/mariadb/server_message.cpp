#include "common/mariadb/server_message.h"

#include <algorithm>
#include <array>

#include "common/base/secret.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

constexpr std::size_t statement_bytes_shown = 200;
constexpr std::string_view values_word = "values";

/// A message that quotes a value: from behind `before` to in front of the last `after`.
struct QuotedValue {
  unsigned int error_number;
  std::string_view before;
  std::string_view after;
};

/// Source: errmsg-utf8.txt of MariaDB 10.11, the messages that print a field or a literal.
constexpr unsigned int errno_syntax_error = 1064;  // ER_PARSE_ERROR
constexpr std::array quoted_values = {
    QuotedValue{errno_syntax_error, "near '", "' at line"},
    QuotedValue{1062, "entry '", "' for key"},        // ER_DUP_ENTRY
    QuotedValue{1292, "value: '", "'"},               // ER_TRUNCATED_WRONG_VALUE (no column)
    QuotedValue{1292, "value: '", "' for column"},    // ... of a column
    QuotedValue{1366, "value: '", "' for column"},    // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD
    QuotedValue{1367, "value '", "' found"},          // ER_ILLEGAL_VALUE_FOR_TYPE
    QuotedValue{1411, "value: '", "' for function"},  // ER_WRONG_VALUE_FOR_TYPE
    QuotedValue{1525, "value: '", "'"},               // ER_WRONG_VALUE
    QuotedValue{1526, "for value ", ""},              // ER_NO_PARTITION_FOR_GIVEN_VALUE
    QuotedValue{1586, "entry '", "' for key"},        // ER_DUP_ENTRY_WITH_KEY_NAME
    QuotedValue{1690, "in '", "'"},                   // ER_DATA_OUT_OF_RANGE quotes the expression
};

/// Line breaks and the blanks around them as one blank.
std::string in_one_line(std::string_view text) {
  std::string line;
  for (const auto& piece : split(text, '\n')) {
    const auto words = trim(piece);
    if (!line.empty() && !words.empty()) line += ' ';
    line += words;
  }
  return line;
}

/// How many bytes at the front of `sql` hold no row: all, or up to VALUES of an INSERT or REPLACE.
std::size_t bytes_before_rows(std::string_view sql) {
  const std::string start = to_lower(sql.substr(0, statement_bytes_shown));
  if (!start.starts_with("insert") && !start.starts_with("replace")) return sql.size();
  const auto values = start.find(values_word);
  return values == std::string::npos ? sql.size() : values + values_word.size();
}

bool is_word(char c) {
  return c == '_' || c == '$' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

/// Behind the quoted text that begins at `start`; an end that is missing is the end of `sql`.
std::size_t behind_quoted(std::string_view sql, std::size_t start) {
  const char quote = sql[start];
  for (std::size_t i = start + 1; i < sql.size(); ++i) {
    if (sql[i] == '\\' && quote != '`') {
      ++i;
    } else if (sql[i] == quote) {
      return i + 1;
    }
  }
  return sql.size();
}

std::size_t behind_word(std::string_view sql, std::size_t start) {
  while (start < sql.size() && is_word(sql[start])) ++start;
  return start;
}

}  // namespace

std::string statement_without_values(std::string_view sql) {
  std::string text;
  for (std::size_t i = 0; i < sql.size() && text.size() < statement_bytes_shown;) {
    const char c = sql[i];
    if (c == '\'' || c == '"') {
      text += '?';
      i = behind_quoted(sql, i);
    } else if (c == '`') {
      const auto end = behind_quoted(sql, i);
      text += sql.substr(i, end - i);
      i = end;
    } else if (sql.substr(i).starts_with("/*")) {
      const auto end = sql.find("*/", i + 2);
      text += '?';
      i = end == std::string_view::npos ? sql.size() : end + 2;
    } else if (c == '#' || sql.substr(i).starts_with("-- ")) {
      text += '?';
      i = std::min(sql.find('\n', i), sql.size());
    } else if (c >= '0' && c <= '9') {
      text += '?';
      i = behind_word(sql, i);
    } else if (is_word(c)) {
      const auto end = behind_word(sql, i);
      text += sql.substr(i, end - i);
      i = end;
    } else {
      text += c;
      ++i;
    }
  }
  return redact(in_one_line(head(text, statement_bytes_shown)));
}

std::string message_without_values(unsigned int error_number, std::string_view message,
                                   std::string_view sql) {
  if (error_number == errno_syntax_error && bytes_before_rows(trim(sql)) == trim(sql).size()) {
    return std::string(message);
  }
  std::string shortest(message);
  for (const auto& quoted : quoted_values) {
    if (quoted.error_number != error_number) continue;
    const auto start = message.find(quoted.before);
    if (start == std::string_view::npos) continue;
    const auto value = start + quoted.before.size();
    const auto end = quoted.after.empty() ? message.size() : message.rfind(quoted.after);
    if (end == std::string_view::npos || end < value) continue;
    shortest = std::string(message.substr(0, value)) + "..." + std::string(message.substr(end));
  }
  return shortest;
}

std::string statement_for_messages(std::string_view sql) {
  sql = trim(sql);
  const std::size_t shown = bytes_before_rows(sql);
  if (shown < sql.size()) return redact(in_one_line(sql.substr(0, shown))) + " ...";
  return redact(in_one_line(head(sql, statement_bytes_shown)));
}

}  // namespace pipeline
