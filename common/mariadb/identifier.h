// Quoting of names and literals for SQL text.
#pragma once

#include <string>
#include <string_view>

namespace pipeline {

/// `name` in backticks, inner backticks doubled. Throws config_invalid for an empty name, a NUL
/// byte or more than 64 characters.
std::string quote_name(std::string_view name);

/// `schema`.`table`
std::string quote_name(std::string_view schema, std::string_view table);

/// A text literal in single quotes with backslash escapes, right for sessions whose sql_mode lacks
/// NO_BACKSLASH_ESCAPES, as all of ours.
std::string quote_text(std::string_view text);

/// A table by schema and name.
struct TableName {
  std::string schema;
  std::string table;
  std::string quoted() const { return quote_name(schema, table); }
  std::string text() const { return schema + "." + table; }
  auto operator<=>(const TableName&) const = default;
};

}  // namespace pipeline
