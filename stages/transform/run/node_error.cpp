#include "stages/transform/run/node_error.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "common/base/text.h"
#include "stages/publish/sql.h"

namespace pipeline::dbt {
namespace {

// https://mariadb.com/kb/en/mariadb-error-code-reference/
constexpr unsigned int table_access_denied = 1142;
constexpr unsigned int column_access_denied = 1143;
constexpr unsigned int database_access_denied = 1044;
/// Unknown column, table, function: their messages begin with the name in quotes.
constexpr unsigned int names_an_unknown[] = {1054, 1146, 1305, 1052, 1109};

/// The last part of the first quoted name: "day" of "Unknown column 't.day' in 'SELECT'".
std::string unknown_name(std::string_view message) {
  const auto begin = message.find('\'');
  if (begin == std::string_view::npos) return {};
  const auto end = message.find('\'', begin + 1);
  if (end == std::string_view::npos) return {};
  const std::string_view name = message.substr(begin + 1, end - begin - 1);
  const auto dot = name.rfind('.');
  return std::string(dot == std::string_view::npos ? name : name.substr(dot + 1));
}

bool is_word(char c) {
  return c == '_' || c == '$' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80U;
}

/// The line of the only place in which `name` stands as a whole word.
std::optional<int> only_line_with(std::string_view sql, const std::string& name) {
  const std::string text = to_lower(sql);
  const std::string wanted = to_lower(name);
  std::optional<int> found;
  if (wanted.empty()) return found;
  for (auto at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + 1)) {
    const auto behind = at + wanted.size();
    if ((at > 0 && is_word(text[at - 1])) || (behind < text.size() && is_word(text[behind]))) {
      continue;
    }
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(at);
    const int line = 1 + static_cast<int>(std::count(text.begin(), end, '\n'));
    if (found && *found != line) return {};
    found = line;
  }
  return found;
}

void add(Error& error, std::string_view key, std::string value) {
  // with() gives the object itself back, so assigning its result would move it into itself.
  static_cast<void>(std::move(error).with(key, std::move(value)));
}

void add_server_context(Error& error, const Error& server) {
  for (const std::string_view key : {"errno", "sqlstate", "statement"}) {
    const auto value = server.context_value(key);
    if (!value.empty()) add(error, key, std::string(value));
  }
}

}  // namespace

std::optional<int> line_in_message(std::string_view message) {
  constexpr std::string_view words = " at line ";
  const auto at = message.rfind(words);
  if (at == std::string_view::npos) return {};
  int line = 0;
  const char* begin = message.data() + at + words.size();
  const auto [end, error] = std::from_chars(begin, message.data() + message.size(), line);
  return error == std::errc() && end != begin ? std::optional(line) : std::nullopt;
}

Place place_of_fault(const Error& error, const CompiledSql& compiled, int sql_line) {
  if (const auto line = line_in_message(error.message())) {
    return compiled.source_line(std::max(1, *line - sql_line + 1));
  }
  const auto number = publish::server_errno(error);
  if (std::find(std::begin(names_an_unknown), std::end(names_an_unknown), number) !=
      std::end(names_an_unknown)) {
    const auto line = only_line_with(compiled.sql, unknown_name(error.message()));
    if (line) return compiled.source_line(*line);
  }
  return {.file = compiled.file, .line = 0};
}

Error node_error(const Error& error, const Node& node, const Place& place) {
  Error told(error.kind(), fmt::format("{}: {}", place.text(), error.message()));
  add_server_context(told, error);
  add(told, "node", node.unique_id);
  add(told, "file", place.file);
  if (place.line > 0) add(told, "line", std::to_string(place.line));
  return told;
}

Error hook_error(const Error& error, ErrorKind refused_kind, std::string_view what,
                 const std::string& file) {
  const bool refused = error.kind() == ErrorKind::sql_rejected ||
                       error.kind() == ErrorKind::access_denied ||
                       error.kind() == ErrorKind::config_invalid;
  const auto number = publish::server_errno(error);
  const bool named_live = number == table_access_denied || number == column_access_denied ||
                          number == database_access_denied;
  const std::string hint =
      named_live ? "; hooks may write only to candidates: does it name a live table instead of "
                   "{{ this }} or {{ ref() }}?"
                 : "";
  Error told(refused ? refused_kind : error.kind(),
             fmt::format("{}: {}: {}{}", file, what, error.message(), hint));
  add_server_context(told, error);
  add(told, "hook", std::string(what));
  return told;
}

ExecuteResult execute_for_node(Connection& session, const Node& node, const CompiledSql& compiled,
                               const std::string& statement, int sql_line) {
  try {
    return session.execute(statement);
  } catch (const Error& error) {
    throw node_error(error, node, place_of_fault(error, compiled, sql_line));
  }
}

}  // namespace pipeline::dbt
