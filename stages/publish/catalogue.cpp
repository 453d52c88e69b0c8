#include "stages/publish/catalogue.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/marker.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

std::chrono::system_clock::time_point instant_of(const std::optional<std::string>& text) {
  // "2026-02-01 22:05:01.123456" in UTC, as the column created_at holds it.
  const std::string value = text.value_or("");
  const auto instant = value.size() < 23
                           ? std::nullopt
                           : parse_utc(replace_all(value.substr(0, 23), " ", "T") + "Z");
  if (!instant) throw Error(ErrorKind::internal, "pipeline.backup holds an impossible time");
  return *instant;
}

}  // namespace

std::vector<Backup> list_backups(Connection& connection, const std::optional<TableName>& live) {
  std::string sql =
      "SELECT b.schema_name, b.table_name, b.backup_name, b.run_id, b.generation, b.business_date, "
      "b.rows_before, b.rows_after, b.created_at FROM pipeline.backup b "
      // A backup that a person dropped or renamed is no backup any more, whatever the list says.
      "JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = b.schema_name AND t.TABLE_NAME = "
      "b.backup_name WHERE b.dropped_at IS NULL";
  if (live) {
    sql += fmt::format(" AND b.schema_name = {} AND b.table_name = {}", quote_text(live->schema),
                       quote_text(live->table));
  }
  std::vector<Backup> backups;
  for (const auto& row : connection.query(sql + " ORDER BY b.created_at DESC").rows) {
    backups.push_back({.live = {row[0].value_or(""), row[1].value_or("")},
                       .backup_name = row[2].value_or(""),
                       .run_id = row[3].value_or(""),
                       .generation = to_number(row[4]),
                       .business_date = BusinessDate::parse(row[5].value_or("")),
                       .rows = to_number(row[7]),
                       .verified = to_number(row[6]) == to_number(row[7]) ? Backup::Verified::yes
                                                                          : Backup::Verified::no,
                       .created_at = instant_of(row[8])});
  }
  return backups;
}

IncrementalBase incremental_base(Connection& connection, const TableName& live, BusinessDate date) {
  using Start = IncrementalBase::Start;
  if (relation_kind(connection, live) != RelationKind::table) return {};
  const auto marker = read_marker(connection, live.schema);
  if (!marker || marker->business_date != date) return {.start = Start::live, .table = live};
  // The first publish of this date replaced the generation before it; later ones replaced versions
  // of the same date.
  const auto first = connection.query(
      fmt::format("SELECT had_predecessor, backup_name FROM pipeline.published_table WHERE "
                  "schema_name = {} AND "
                  "table_name = {} AND business_date = {} ORDER BY publish_id LIMIT 1",
                  quote_text(live.schema), quote_text(live.table), date_literal(date)));
  // A table that this date's publish did not touch is still the one of an earlier date.
  if (first.rows.empty()) return {.start = Start::live, .table = live};
  if (to_number(first.rows.front()[0]) == 0) return {};
  const TableName backup{live.schema, first.rows.front()[1].value_or("")};
  if (!backup.table.empty() && relation_kind(connection, backup) == RelationKind::table) {
    return {.start = Start::backup, .table = backup};
  }
  return {.start = Start::live_again, .table = live};
}

}  // namespace pipeline::publish
