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

namespace {

IncrementalBase lost(const TableName& live, std::string_view what) {
  return {.start = IncrementalBase::Start::lost,
          .table = live,
          .lost = fmt::format("{} {}", live.text(), what)};
}

struct Publishes {
  std::uint64_t count = 0;
  std::uint64_t other_dates = 0;  // of them, for another date than the asked one
  std::uint64_t last_other = 0;   // the newest publish_id for another date
  bool first_had_predecessor = false;
};

Publishes publishes_of(Connection& connection, const TableName& live, BusinessDate date) {
  const std::string table = fmt::format("schema_name = {} AND table_name = {}",
                                        quote_text(live.schema), quote_text(live.table));
  const auto row =
      connection
          .query(fmt::format("SELECT COUNT(*), SUM(business_date <> {0}), MAX(IF(business_date <> "
                             "{0}, publish_id, 0)), (SELECT had_predecessor FROM "
                             "pipeline.published_table WHERE {1} ORDER BY publish_id LIMIT 1) FROM "
                             "pipeline.published_table WHERE {1}",
                             date_literal(date), table))
          .rows.front();
  return {.count = to_number(row[0]),
          .other_dates = to_number(row[1]),
          .last_other = to_number(row[2]),
          .first_had_predecessor = to_number(row[3]) != 0};
}

/// The newest backup that still exists and holds an earlier date, if every publish since it was
/// swapped out was for `date`: otherwise it lacks a day.
std::optional<TableName> generation_before(Connection& connection, const TableName& live,
                                           BusinessDate date, const Publishes& publishes) {
  const auto found = connection.query(fmt::format(
      "SELECT b.backup_name, b.publish_id FROM pipeline.backup b JOIN information_schema.TABLES t "
      "ON t.TABLE_SCHEMA = b.schema_name AND t.TABLE_NAME = b.backup_name WHERE b.schema_name = {} "
      "AND b.table_name = {} AND b.dropped_at IS NULL AND (b.business_date IS NULL OR "
      "b.business_date < {}) ORDER BY b.publish_id DESC LIMIT 1",
      quote_text(live.schema), quote_text(live.table), date_literal(date)));
  if (found.rows.empty() || to_number(found.rows.front()[1]) < publishes.last_other) return {};
  return TableName{live.schema, found.rows.front()[0].value_or("")};
}

}  // namespace

IncrementalBase incremental_base(Connection& connection, const TableName& live, BusinessDate date) {
  using Start = IncrementalBase::Start;
  const Publishes publishes = publishes_of(connection, live, date);
  const RelationKind kind = relation_kind(connection, live);
  if (kind == RelationKind::view) return {};
  if (kind == RelationKind::absent) {
    if (publishes.count == 0) return {};
    return lost(live,
                "was published before and is not there any more; put a backup back under its name "
                "(SELECT * FROM pipeline.backup), or build it from nothing with --full-refresh");
  }
  const auto marker = read_marker(connection, live.schema);
  if (!marker && publishes.count != 0) {
    return lost(live,
                "was published before, but its schema has no marker, so nobody knows which "
                "day it holds; put pipeline_marker back");
  }
  if (!marker || marker->business_date != date)
    return {.start = Start::live, .table = live, .lost = {}};
  // The marker says that the date was applied, but not to this table: it is older.
  if (publishes.count == publishes.other_dates)
    return {.start = Start::live, .table = live, .lost = {}};
  if (const auto before = generation_before(connection, live, date, publishes)) {
    return {.start = Start::backup, .table = *before, .lost = {}};
  }
  if (publishes.other_dates == 0 && !publishes.first_had_predecessor) return {};
  return lost(live, fmt::format("holds {} already, and the generation before it is not among the "
                                "backups any more: applying the day twice could double its rows",
                                date.iso()));
}

}  // namespace pipeline::publish
