#include "stages/staging/dump/dialect.h"

#include <charconv>

#include "common/base/error.h"
#include "stages/staging/dump/sql_lexer.h"

namespace pipeline::dump {
namespace {

constexpr unsigned mysql_57 = 50700;
constexpr unsigned first_mariadb_of_six_digits = 100000;

std::size_t closing_of(std::string_view text, std::size_t at) {
  const auto end = text.find("*/", at);
  return end == std::string_view::npos ? text.size() : end + 2;
}

std::size_t quoted_end(std::string_view text, std::size_t at) {
  TokenReader reader(text.substr(at));
  return at + reader.next().end_offset();
}

}  // namespace

bool runs_conditional(Dialect dialect, std::string_view opening) {
  const bool mariadb_only = opening.starts_with("/*M!");
  const std::string_view digits = opening.substr(mariadb_only ? 4 : 3);
  unsigned version = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), version);
  switch (dialect.family) {
    case Dialect::Family::mysql:
      return !mariadb_only && version <= dialect.version;
    case Dialect::Family::mariadb:
      if (!mariadb_only && version >= mysql_57 && version < first_mariadb_of_six_digits)
        return false;
      return version <= dialect.version;
  }
  return false;
}

std::string resolve_comments(std::string_view statement, Dialect dialect) {
  enum class Inside { code, running, passed_over } inside = Inside::code;
  std::string code;
  const auto keep = [&](std::string_view text) {
    if (inside != Inside::passed_over) code += text;
  };
  std::size_t at = 0;
  while (at < statement.size()) {
    const char byte = statement[at];
    if (byte == '\'' || byte == '"' || byte == '`') {
      const std::size_t end = quoted_end(statement, at);
      keep(statement.substr(at, end - at));
      at = end;
    } else if (begins_comment(statement, at)) {
      if (byte == '/' && inside != Inside::code) {
        throw Error(ErrorKind::dump_refused, "a comment inside of a conditional one");
      }
      keep(" ");
      const auto line_end = statement.find('\n', at);
      at = byte == '/' ? closing_of(statement, at + 2)
                       : (line_end == std::string_view::npos ? statement.size() : line_end + 1);
    } else if (const auto opening = conditional_opening(statement, at)) {
      if (inside != Inside::code) {
        throw Error(ErrorKind::dump_refused, "conditional comments inside each other");
      }
      const bool runs = runs_conditional(dialect, statement.substr(at, opening));
      inside = runs ? Inside::running : Inside::passed_over;
      code += ' ';
      at += opening;
    } else if (inside != Inside::code && statement.substr(at, 2) == "*/") {
      inside = Inside::code;
      code += ' ';
      at += 2;
    } else {
      keep(statement.substr(at, 1));
      ++at;
    }
  }
  return code;
}

}  // namespace pipeline::dump
