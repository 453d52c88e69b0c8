#include "common/mariadb/identifier.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

/// Of a table, column or schema, in characters. Source: MariaDB and MySQL manuals, Identifiers.
constexpr std::ptrdiff_t name_characters_max = 64;
constexpr std::size_t name_bytes_shown = 80;

std::ptrdiff_t utf8_characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;  // not a continuation byte
  });
}

/// What a backslash and which letter stand for the byte; 0 if it stands for itself.
char escape_letter(char byte) {
  switch (byte) {
    case '\0':
      return '0';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\x1a':
      return 'Z';
    case '\'':
    case '"':
    case '\\':
      return byte;
    default:
      return 0;
  }
}

}  // namespace

std::string quote_name(std::string_view name) {
  if (name.empty())
    throw Error(ErrorKind::config_invalid, "the name of a table or column is empty");
  if (name.find('\0') != std::string_view::npos) {
    throw Error(ErrorKind::config_invalid, "the name of a table or column has a NUL byte");
  }
  if (utf8_characters(name) > name_characters_max) {
    throw Error(ErrorKind::config_invalid,
                "the name \"" + head(name, name_bytes_shown) + "\" is longer than 64 characters");
  }
  return "`" + replace_all(name, "`", "``") + "`";
}

std::string quote_name(std::string_view schema, std::string_view table) {
  return quote_name(schema) + "." + quote_name(table);
}

std::string quote_text(std::string_view text) {
  std::string quoted = "'";
  quoted.reserve(text.size() + 2);
  for (const char byte : text) {
    if (const char letter = escape_letter(byte); letter != 0) {
      quoted += '\\';
      quoted += letter;
    } else {
      quoted += byte;
    }
  }
  return quoted + "'";
}

}  // namespace pipeline
