#include "common/mariadb/option_file.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

char unescaped(char byte) {
  switch (byte) {
    case 's':
      return ' ';
    case 't':
      return '\t';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 'b':
      return '\b';
    default:
      return byte;
  }
}

/// Without the comment that may follow, unless it stands between quotes.
std::string value_of(std::string_view text) {
  const char quote = text.empty() ? '\0' : text.front();
  const bool quoted = (quote == '"' || quote == '\'') && text.size() > 1;
  if (quoted) text.remove_prefix(1);
  std::string value;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char byte = text[at];
    if (quoted && byte == quote) return value;
    if (!quoted && byte == '#') break;
    if (byte == '\\' && at + 1 < text.size()) {
      const char next = text[++at];
      // A backslash before anything else stands for itself.
      if (std::string_view("stnrb\\\"'").find(next) == std::string_view::npos) value += '\\';
      value += unescaped(next);
    } else {
      value += byte;
    }
  }
  if (quoted) return value;
  while (value.ends_with(' ') || value.ends_with('\t')) value.pop_back();
  return value;
}

}  // namespace

std::map<std::string, std::string> parse_option_file(std::string_view text, const std::string& file,
                                                     std::string_view group) {
  std::map<std::string, std::string> options;
  enum class Group { none, wanted, other } in = Group::none;
  int number = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (line.empty() || line.front() == '#' || line.front() == ';' || line.front() == '!') continue;
    if (line.front() == '[') {
      const auto close = line.find(']');
      if (close == std::string_view::npos) {
        throw Error(ErrorKind::config_invalid,
                    fmt::format("{}:{}: a group without its closing ]", file, number));
      }
      in = trim(line.substr(1, close - 1)) == group ? Group::wanted : Group::other;
      continue;
    }
    if (in == Group::none) {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("{}:{}: an option before the first [group]", file, number));
    }
    if (in == Group::other) continue;
    const auto equals = line.find('=');
    const std::string name =
        replace_all(to_lower(trim(line.substr(0, std::min(equals, line.find('#'))))), "_", "-");
    options[name] = equals == std::string_view::npos ? "" : value_of(trim(line.substr(equals + 1)));
  }
  return options;
}

}  // namespace pipeline
