#include "stages/publish/catalogue.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/publish/checksum.h"
#include "stages/publish/marker.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

constexpr int backups_max = 10'000;
// A second to read. Larger tables are verified by their rows alone.
constexpr std::uint64_t checksum_before_bytes_max = 512ULL << 20U;

std::optional<std::chrono::system_clock::time_point> instant_of(
    const std::optional<std::string>& text) {
  if (!text) return {};
  // "2026-02-01 22:05:01.123456" in UTC, as the columns hold it.
  const auto instant = text->size() < 23
                           ? std::nullopt
                           : parse_utc(replace_all(text->substr(0, 23), " ", "T") + "Z");
  if (!instant) throw Error(ErrorKind::internal, "pipeline.backup holds an impossible time");
  return instant;
}

std::string conditions(const BackupFilter& filter) {
  std::string sql = "TRUE";
  if (filter.live) {
    sql += fmt::format(" AND b.schema_name = {} AND b.table_name = {}",
                       quote_text(filter.live->schema), quote_text(filter.live->table));
  }
  if (!filter.layer_schema.empty()) {
    sql += fmt::format(
        " AND b.publish_id IN (SELECT publish_id FROM pipeline.publish_journal WHERE schema_name = "
        "{})",
        quote_text(filter.layer_schema));
  }
  return sql;
}

/// The tables with the name of a backup that stand in the schemas of `backups`.
std::set<TableName> standing(Connection& connection, const std::vector<Backup>& backups) {
  std::set<std::string> schemas;
  for (const auto& backup : backups) schemas.insert(backup.live.schema);
  std::set<TableName> names;
  for (const auto& schema : schemas) {
    const auto found = connection.query(
        fmt::format("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND "
                    "TABLE_TYPE = 'BASE TABLE' AND TABLE_NAME LIKE '%\\_backup\\_%'",
                    quote_text(schema)));
    for (const auto& row : found.rows) names.insert({schema, row[0].value_or("")});
  }
  return names;
}

std::string text_or_null(const std::string& text) {
  return text.empty() ? "NULL" : quote_text(text);
}

Backup::State state_of(const Backup& backup, const std::set<TableName>& tables, const Row& row,
                       std::size_t dropped_at, std::size_t put_back_at) {
  // What stands there counts: a person may have given the name back.
  if (row[dropped_at]) return Backup::State::dropped;
  if (tables.contains(backup.name())) return Backup::State::kept;
  return row[put_back_at] ? Backup::State::put_back : Backup::State::gone;
}

}  // namespace

std::vector<Backup> list_all_backups(Connection& connection, const BackupFilter& filter) {
  const auto found = connection.query(fmt::format(
      "SELECT b.schema_name, b.table_name, b.backup_name, b.kind, b.run_id, b.publish_id, "
      "b.generation, b.business_date, b.origin_publish_id, b.rows_before, b.rows_after, "
      "COALESCE(b.bytes, 0), COALESCE(b.checksum, ''), b.checksum_before IS NULL OR "
      "b.checksum_before <=> b.checksum, b.created_at, b.missed_at, b.dropped_at, b.put_back_at "
      "FROM pipeline.backup b WHERE {} ORDER BY b.publish_id DESC, b.created_at DESC LIMIT {}",
      conditions(filter), backups_max));
  std::vector<Backup> backups;
  for (const auto& row : found.rows) {
    Backup backup{.live = {row[0].value_or(""), row[1].value_or("")},
                  .backup_name = row[2].value_or(""),
                  .kind = backup_kind_of(row[3].value_or("")),
                  .run_id = row[4].value_or(""),
                  .publish_id = to_number(row[5]),
                  .generation = to_number(row[6]),
                  .business_date = BusinessDate::parse(row[7].value_or("")),
                  .built_by = to_number(row[8]),
                  .rows = to_number(row[10]),
                  .bytes = to_number(row[11]),
                  .checksum = comparable_checksum(row[12].value_or("")),
                  .verified = row[9] == row[10] && row[13] == "1" ? Backup::Verified::yes
                                                                  : Backup::Verified::no,
                  .created_at = *instant_of(row[14].value_or("")),
                  .missed_at = instant_of(row[15])};
    backups.push_back(std::move(backup));
  }
  const auto tables = standing(connection, backups);
  for (std::size_t i = 0; i < backups.size(); ++i) {
    backups[i].state = state_of(backups[i], tables, found.rows[i], 16, 17);
  }
  return backups;
}

std::vector<Backup> list_backups(Connection& connection, const BackupFilter& filter) {
  auto backups = list_all_backups(connection, filter);
  std::erase_if(backups, [](const Backup& backup) { return backup.state != Backup::State::kept; });
  return backups;
}

PublishPlan::Backup backup_of(Connection& session, const TableName& live, std::string backup_name,
                              BackupKind kind) {
  const auto marker = read_marker(session, live.schema);
  const HeldVersion held = held_version(session, live);
  PublishPlan::Backup backup{.live = live,
                             .backup_name = std::move(backup_name),
                             .rows_before = count_rows(session, live),
                             .generation = marker ? marker->generation : 0,
                             .business_date = held.date,
                             .kind = kind,
                             .built_by = held.built_by};
  if (held.known == HeldVersion::Known::never_published && marker) {
    backup.business_date = marker->business_date;
  }
  const auto bytes = session.query_value(
      fmt::format("SELECT DATA_LENGTH FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND "
                  "TABLE_NAME = {}",
                  quote_text(live.schema), quote_text(live.table)));
  if (to_number(bytes) <= checksum_before_bytes_max) {
    backup.checksum_before = content_checksum(session, live);
  }
  return backup;
}

std::vector<BackupRow> catalogue_backups(Connection& session, const PublishPlan& plan,
                                         std::uint64_t publish_id) {
  std::vector<BackupRow> rows;
  for (const auto& backup : plan.backups) {
    const TableName table{backup.live.schema, backup.backup_name};
    const bool gone = relation_kind(session, table) == RelationKind::absent;
    const std::uint64_t rows_after = gone ? 0 : count_rows(session, table);
    // The first word counts: a later start may find a table that somebody has changed since. One
    // that is gone is written down too, by what it was: it may be the live table again.
    session.execute(fmt::format(
        "INSERT INTO pipeline.backup (schema_name, backup_name, table_name, run_id, publish_id, "
        "generation, business_date, rows_before, rows_after, created_at, kind, origin_publish_id, "
        "checksum_before, checksum, bytes) VALUES ({0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, "
        "UTC_TIMESTAMP(6), {9}, {10}, {11}, {12}, (SELECT DATA_LENGTH + INDEX_LENGTH FROM "
        "information_schema.TABLES WHERE TABLE_SCHEMA = {0} AND TABLE_NAME = {1})) ON DUPLICATE "
        "KEY UPDATE checksum = COALESCE(checksum, VALUES(checksum))",
        quote_text(table.schema), quote_text(table.table), quote_text(backup.live.table),
        quote_text(plan.run_id), publish_id, backup.generation, date_literal(backup.business_date),
        backup.rows_before, rows_after, quote_text(word_of(backup.kind)), backup.built_by,
        text_or_null(backup.checksum_before),
        gone ? text_or_null(backup.checksum_before) : "NULL"));
    if (gone) {
      log::warn("the backup {} is gone before it was counted; somebody dropped or renamed it",
                table.text());
      continue;
    }
    rows.push_back({.live = backup.live,
                    .backup_name = backup.backup_name,
                    .rows_before = backup.rows_before,
                    .rows_after = rows_after});
    if (!rows.back().verified()) {
      log::error("the backup {} has {} rows, the table had {} before it", table.text(),
                 rows.back().rows_after, rows.back().rows_before);
    }
  }
  return rows;
}

namespace {

/// Empty if somebody took the table away meanwhile, which must stop nobody.
std::string checksum_if_there(Connection& session, const TableName& table) {
  try {
    return content_checksum(session, table);
  } catch (const Error& error) {
    if (!session.alive()) throw;
    log::warn("no checksum of {} was taken: {}", table.text(), error.message());
    return {};
  }
}

/// Whether somebody may have put a backup in the place of what publish `publish_id` made live: a
/// backup is gone that has this checksum, or that this publish itself made. The content is then not
/// to be noted as what was published.
bool may_be_put_back(Connection& session, const TableName& live, const std::string& checksum,
                     std::uint64_t publish_id) {
  return std::ranges::any_of(list_all_backups(session, {.live = live}), [&](const Backup& backup) {
    if (backup.state != Backup::State::gone || backup.missed_at) return false;
    return backup.publish_id == publish_id || backup.checksum == checksum;
  });
}

}  // namespace

void catalogue_checksums(Connection& session, const PublishPlan& plan, std::uint64_t publish_id,
                         std::vector<BackupRow>& rows) {
  for (const auto& backup : plan.backups) {
    const auto row = std::ranges::find_if(rows, [&](const BackupRow& one) {
      return one.live == backup.live && one.backup_name == backup.backup_name;
    });
    if (row == rows.end()) continue;
    const TableName table{backup.live.schema, backup.backup_name};
    const std::string checksum = checksum_if_there(session, table);
    session.execute(fmt::format(
        "UPDATE pipeline.backup SET checksum = COALESCE(checksum, {}) WHERE schema_name = {} AND "
        "backup_name = {}",
        text_or_null(checksum), quote_text(table.schema), quote_text(table.table)));
    row->checksum_differs = !backup.checksum_before.empty() && backup.checksum_before != checksum;
    if (row->checksum_differs) {
      log::error("the backup {} holds other rows than the table did before it", table.text());
    }
  }
  for (const auto& table : plan.published) {
    if (table.contents != Contents::accumulated) continue;
    // Too large to be read each night, or it would be copied.
    if (table.way == PublishPlan::Published::Way::in_place) continue;
    const std::string checksum = checksum_if_there(session, table.live);
    if (may_be_put_back(session, table.live, checksum, publish_id)) continue;
    session.execute(
        fmt::format("UPDATE pipeline.published_table SET checksum = COALESCE(checksum, {}) WHERE "
                    "publish_id = {} AND schema_name = {} AND table_name = {}",
                    text_or_null(checksum), publish_id, quote_text(table.live.schema),
                    quote_text(table.live.table)));
  }
}

namespace {

void note_put_back(Connection& session, const PublishPlan& plan) {
  for (const auto& backup : plan.put_back) {
    session.execute(
        fmt::format("UPDATE pipeline.backup SET put_back_at = UTC_TIMESTAMP(6) WHERE schema_name = "
                    "{} AND backup_name = {} AND put_back_at IS NULL",
                    quote_text(backup.schema), quote_text(backup.table)));
  }
}

/// What is gone now tells nothing about the table that is live from now on.
void note_missed(Connection& session, const PublishPlan& plan) {
  std::set<TableName> published;
  for (const auto& table : plan.published) published.insert(table.live);
  for (const auto& backup : list_all_backups(session, {.layer_schema = plan.schema})) {
    if (backup.state != Backup::State::gone || backup.missed_at) continue;
    if (!published.contains(backup.live)) continue;
    session.execute(
        fmt::format("UPDATE pipeline.backup SET missed_at = UTC_TIMESTAMP(6) WHERE schema_name = "
                    "{} AND backup_name = {}",
                    quote_text(backup.live.schema), quote_text(backup.backup_name)));
  }
}

}  // namespace

void note_published(Connection& session, const PublishPlan& plan, std::uint64_t publish_id,
                    RenamedWhen when) {
  for (const auto& table : plan.published) {
    session.execute(fmt::format(
        "INSERT INTO pipeline.published_table (publish_id, schema_name, table_name, generation, "
        "business_date, had_predecessor, contents, backup_name, how, origin_publish_id) VALUES "
        "({}, {}, {}, {}, {}, {}, {}, {}, {}, {}) ON DUPLICATE KEY UPDATE generation = "
        "VALUES(generation)",
        publish_id, quote_text(table.live.schema), quote_text(table.live.table), plan.generation,
        date_literal(table.business_date.value_or(plan.business_date)),
        table.had_predecessor ? 1 : 0, quote_text(word_of(table.contents)),
        text_or_null(table.backup_name), quote_text(word_of(table.origin)),
        table.built_by == 0 ? publish_id : table.built_by));
  }
  note_put_back(session, plan);
  if (when == RenamedWhen::just_now && !plan.published.empty()) note_missed(session, plan);
}

}  // namespace pipeline::publish
