#include "stages/transform/run/increment.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/transform/run/node_sql.h"

namespace pipeline::dbt {
namespace {

struct Column {
  std::string name;
  std::string type;  // without its length
  bool generated = false;
  bool counted = false;  // AUTO_INCREMENT
};

std::vector<Column> columns_of(Connection& session, const TableName& table) {
  std::vector<Column> columns;
  const auto found = session.query(
      fmt::format("SELECT COLUMN_NAME, DATA_TYPE, COALESCE(GENERATION_EXPRESSION, ''), EXTRA FROM "
                  "information_schema.COLUMNS WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {} ORDER BY "
                  "ORDINAL_POSITION",
                  quote_text(table.schema), quote_text(table.table)));
  for (const auto& row : found.rows) {
    columns.push_back({.name = row[0].value_or(""),
                       .type = row[1].value_or(""),
                       .generated = !row[2].value_or("").empty(),
                       .counted = row[3].value_or("").find("auto_increment") != std::string::npos});
  }
  return columns;
}

const Column* find_column(const std::vector<Column>& columns, std::string_view name) {
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const Column& column) {
    return to_lower(column.name) == to_lower(name);
  });
  return found == columns.end() ? nullptr : &*found;
}

// A varchar above this does not fit an index with others (InnoDB: 3072 bytes, utf8mb4: 4 each).
constexpr int indexed_characters_max = 255;

Error schema_error(const Node& node, const std::vector<std::string>& missing,
                   const std::vector<std::string>& added, const std::vector<std::string>& changed) {
  std::vector<std::string> differences;
  if (!missing.empty()) differences.push_back("the model no longer gives " + join(missing, ", "));
  if (!added.empty()) differences.push_back("the table lacks " + join(added, ", "));
  if (!changed.empty()) differences.push_back("the type changed of " + join(changed, ", "));
  return Error(ErrorKind::sql_rejected,
               fmt::format("{}: the columns of the model and of its table differ: {}; change the "
                           "table or rebuild it with --full-refresh",
                           node.place.file, join(differences, "; ")))
      .with("node", node.unique_id)
      .with("file", node.place.file);
}

}  // namespace

LongColumns long_columns(Connection& session, const TableName& table) {
  LongColumns columns;
  const auto found = session.query(fmt::format(
      "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {} AND TABLE_NAME = "
      "{} AND CHARACTER_MAXIMUM_LENGTH > {}",
      quote_text(table.schema), quote_text(table.table), indexed_characters_max));
  for (const auto& row : found.rows) columns.insert(to_lower(row[0].value_or("")));
  return columns;
}

std::vector<std::string> columns_to_insert(Connection& session, const Node& node,
                                           const TableName& table, const TableName& increment) {
  const auto target = columns_of(session, table);
  const auto source = columns_of(session, increment);
  std::vector<std::string> inserted;
  std::vector<std::string> missing;
  std::vector<std::string> changed;
  for (const auto& column : target) {
    if (column.generated) continue;
    const Column* given = find_column(source, column.name);
    if (given == nullptr && column.counted) continue;
    if (given == nullptr) {
      missing.push_back(column.name);
      continue;
    }
    if (given->type != column.type) {
      changed.push_back(
          fmt::format("{} ({} instead of {})", column.name, given->type, column.type));
    }
    inserted.push_back(column.name);
  }
  std::vector<std::string> added;
  for (const auto& column : source) {
    if (find_column(target, column.name) == nullptr) added.push_back(column.name);
  }
  const bool strict = node.config.on_schema_change == OnSchemaChange::fail;
  if (!missing.empty() || (strict && (!added.empty() || !changed.empty()))) {
    throw schema_error(node, missing, added, changed);
  }
  if (!added.empty()) {
    log::warn(
        "{}: the table lacks {}; with on_schema_change: ignore a new column is left out "
        "until a full refresh",
        node.place.file, join(added, ", "));
  }
  return inserted;
}

void index_increment(Connection& session, const Node& node, const TableName& increment) {
  const IndexConfig key{
      .columns = node.config.unique_key, .unique = false, .type = {}, .name = "dbt_unique_key"};
  try {
    session.execute(add_indexes(increment, {key}, long_columns(session, increment)));
  } catch (const Error& error) {
    if (!session.alive() || error.kind() != ErrorKind::sql_rejected) throw;
    // Too long a key, or a column that the next statement will name.
    log::warn("{}: the increment has no key on unique_key, so the delete may be slow: {}",
              node.place.file, error.message());
  }
}

}  // namespace pipeline::dbt
