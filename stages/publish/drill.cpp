// A backup that nobody ever restored is a hope. A drill does what a restore would do up to the
// RENAME: it reads every row of the backup and builds the table again, keys and all, where nobody
// looks. Then it compares with what is known of the backup from other sources: rows and checksum as
// they were written down when it was made; the live table, if that holds the very same version; and
// where a run built live on this very version, the promise of the guards, that no row of it was
// lost and no closed one changed.
#include "stages/publish/drill.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/text.h"
#include "stages/publish/checksum.h"
#include "stages/publish/journal.h"
#include "stages/publish/names.h"
#include "stages/publish/plain_tables.h"
#include "stages/publish/rights.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

constexpr unsigned int no_such_table = 1146;
constexpr std::string_view drill_suffix = "__drill";

constexpr std::array<std::pair<Drill::Source, std::string_view>, 2> source_words{
    {{Drill::Source::backup, "backup"}, {Drill::Source::vault, "vault"}}};

/// "silver__t", "vault__silver__t"
std::string name_in_scratch(const TableName& live, Drill::Source source) {
  const std::string name = live.schema + "__" + live.table;
  return source == Drill::Source::vault ? "vault__" + name : name;
}

/// Whether the publish that took `backup` away from its place is the last one of the table, was
/// that of a run for a later day (a rerun starts from the version before), and nobody overrode the
/// guards.
bool live_was_built_on(Connection& publisher, const Backup& backup) {
  const auto found = publisher.query(fmt::format(
      "SELECT p.publish_id, p.how, COALESCE(j.reason, '') NOT LIKE {} AND j.kind = {}, "
      "p.business_date FROM pipeline.published_table "
      "p JOIN pipeline.publish_journal j ON j.publish_id = p.publish_id WHERE p.schema_name = {} "
      "AND p.table_name = {} ORDER BY p.publish_id DESC LIMIT 1",
      quote_text(fmt::format("{}%", guards_overridden)), quote_text(word_of(PlanKind::publish)),
      quote_text(backup.live.schema), quote_text(backup.live.table)));
  if (found.rows.empty() || backup.kind != BackupKind::swapped_out) return false;
  const Row& row = found.rows.front();
  return to_number(row[0]) == backup.publish_id && row[1] == word_of(Origin::built) &&
         row[2] == "1" && backup.business_date < BusinessDate::parse(row[3].value_or(""));
}

/// Live holds the very rows of the backup.
bool is_same_version(Connection& publisher, const Backup& backup) {
  if (backup.built_by == 0) return false;
  const HeldVersion held = held_version(publisher, backup.live);
  return held.known == HeldVersion::Known::by_records && held.built_by == backup.built_by;
}

std::string compare_with_record(Connection& builder, const Backup& backup,
                                const TableName& restored, std::uint64_t rows) {
  if (rows != backup.rows) {
    return fmt::format("{} rows came back, {} were written down when it was made", rows,
                       backup.rows);
  }
  if (backup.checksum.empty()) return {};
  const std::string checksum = content_checksum(builder, restored);
  if (checksum == backup.checksum) return {};
  return fmt::format("its rows have the checksum {}, {} was written down when it was made",
                     checksum, backup.checksum);
}

std::string compare_with_live(const DrillSessions& sessions, const Backup& backup,
                              const TableName& restored, const HistoryRule* rule) {
  auto& [publisher, builder, asker] = sessions;
  if (relation_kind(publisher, backup.live) != RelationKind::table) return {};
  if (is_same_version(publisher, backup)) {
    const std::string one = content_checksum(builder, restored);
    if (one == content_checksum(builder, backup.live)) return {};
    // Live may have been changed by hand; then the backup is the better one, and rows tell.
    return "live holds the same version by the records, but other rows: it was changed by hand, or "
           "the backup was";
  }
  if (rule == nullptr || !live_was_built_on(publisher, backup)) return {};
  const auto found = judge_history(
      asker, *rule, {.base = restored, .live = std::nullopt, .candidate = backup.live});
  if (found.violations.empty()) return {};
  return "live was built on it, and " + join(found.violations, "; ");
}

std::chrono::system_clock::time_point instant_of(const std::string& text) {
  const auto instant = parse_utc(replace_all(text.substr(0, 23), " ", "T") + "Z");
  if (!instant) throw Error(ErrorKind::internal, "pipeline.restore_drill holds an impossible time");
  return *instant;
}

}  // namespace

std::string_view word_of(Drill::Source source) {
  const auto* const found =
      std::ranges::find(source_words, source, &std::pair<Drill::Source, std::string_view>::first);
  require(found != source_words.end(), "every source has a word");
  return found->second;
}

void require_rights_to_drill(Connection& publisher, Connection& builder) {
  require_rights(
      publisher, {},
      {{.table = "restore_drill", .rights = {Right::select, Right::insert, Right::update}}});
  require_rights(builder,
                 {{std::string(scratch_schema),
                   {Right::select, Right::insert, Right::create, Right::alter, Right::drop}}},
                 {});
}

Json to_json(const DrillRecord& record) {
  const Drill& drill = record.drill;
  Json item = Json::object();
  item.set("table", drill.live.text());
  item.set("source", word_of(drill.source));
  item.set("from", drill.from);
  item.set("business_date", drill.business_date ? Json(drill.business_date->iso()) : Json());
  item.set("rows", drill.rows);
  item.set("outcome", drill.proven() ? "proven" : "failed");
  item.set("finding", drill.finding);
  item.set("at", format_utc(record.at));
  item.set("run_id", record.run_id);
  return item;
}

TableName drill_table(const TableName& live, Drill::Source source) {
  return {std::string(scratch_schema), with_suffix(name_in_scratch(live, source), drill_suffix)};
}

std::vector<TableName> sweep_drills(Connection& builder, const std::vector<std::string>& schemas) {
  std::vector<TableName> swept;
  const auto found = builder.query(
      fmt::format("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND "
                  "TABLE_TYPE = 'BASE TABLE' ORDER BY 1",
                  quote_text(scratch_schema)));
  for (const auto& row : found.rows) {
    const TableName name{std::string(scratch_schema), row[0].value_or("")};
    if (!name.table.ends_with(drill_suffix)) continue;
    const bool ours = std::ranges::any_of(schemas, [&](const std::string& schema) {
      return name.table.starts_with(schema + "__") ||
             name.table.starts_with("vault__" + schema + "__");
    });
    if (!ours) continue;
    builder.execute("DROP TABLE IF EXISTS " + name.quoted());
    swept.push_back(name);
  }
  return swept;
}

std::vector<Backup> backups_to_prove(Connection& publisher, const std::string& layer_schema,
                                     std::vector<Drill>& failed) {
  std::vector<Backup> chosen;
  std::set<TableName> unverified;
  std::set<TableName> seen;
  for (auto& backup :
       list_backups(publisher, {.live = std::nullopt, .layer_schema = layer_schema})) {
    // What a restore took away is taken by its name only.
    const bool taken_away = backup.kind == BackupKind::replaced_by_restore;
    if (seen.contains(backup.live) || taken_away) continue;
    if (backup.verified == Backup::Verified::no) {
      unverified.insert(backup.live);
      continue;
    }
    seen.insert(backup.live);
    chosen.push_back(std::move(backup));
  }
  for (const auto& live : unverified) {
    if (seen.contains(live)) continue;
    failed.push_back({.live = live, .from = "", .finding = "none of its backups is verified"});
  }
  std::ranges::sort(chosen, {}, &Backup::live);
  return chosen;
}

Drill prove_backup(const DrillSessions& sessions, const Backup& backup, const HistoryRule* rule,
                   const CopyTable& copy) {
  auto& [publisher, builder, asker] = sessions;
  const auto begin = std::chrono::steady_clock::now();
  Drill drill{.live = backup.live,
              .source = Drill::Source::backup,
              .from = backup.backup_name,
              .business_date = backup.business_date};
  const TableName restored = drill_table(backup.live, Drill::Source::backup);
  const auto objections = objections_to(publisher, {backup.name()});
  if (!objections.empty()) {
    drill.finding = "a restore would be refused: " + join(objections, "; ");
    return drill;
  }
  copy(builder, backup.name(), restored);
  failpoint("drill_after_copy");
  drill.rows = count_rows(builder, restored);
  drill.finding = compare_with_record(builder, backup, restored, drill.rows);
  if (drill.proven()) {
    drill.finding = compare_with_live(sessions, backup, restored, rule);
  }
  builder.execute("DROP TABLE IF EXISTS " + restored.quoted());
  drill.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
  return drill;
}

void write_drill(Connection& publisher, const Drill& drill, const std::string& run_id) {
  publisher.execute(fmt::format(
      "INSERT INTO pipeline.restore_drill (schema_name, table_name, source, outcome, "
      "restored_from, business_date, row_count, finding, run_id, took_ms, drilled_at) VALUES ({}, "
      "{}, {}, {}, {}, {}, {}, {}, {}, {}, UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE "
      "restored_from = VALUES(restored_from), business_date = VALUES(business_date), row_count = "
      "VALUES(row_count), finding = VALUES(finding), run_id = VALUES(run_id), took_ms = "
      "VALUES(took_ms), drilled_at = VALUES(drilled_at)",
      quote_text(drill.live.schema), quote_text(drill.live.table),
      quote_text(word_of(drill.source)), quote_text(drill.proven() ? "proven" : "failed"),
      quote_text(drill.from), date_literal(drill.business_date), drill.rows,
      drill.proven() ? "NULL" : quote_text(head(drill.finding, 1000)), quote_text(run_id),
      drill.took.count()));
}

std::vector<DrillRecord> read_drills(Connection& connection,
                                     const std::vector<std::string>& schemas) {
  if (schemas.empty()) return {};
  std::vector<std::string> quoted;
  for (const auto& schema : schemas) quoted.push_back(quote_text(schema));
  ResultTable found;
  try {
    found = connection.query(fmt::format(
        "SELECT schema_name, table_name, source, restored_from, business_date, row_count, "
        "COALESCE(finding, ''), run_id, took_ms, drilled_at FROM pipeline.restore_drill WHERE "
        "schema_name IN ({}) ORDER BY schema_name, table_name, source, drilled_at",
        join(quoted, ", ")));
  } catch (const Error& error) {
    if (server_errno(error) != no_such_table) throw;
    return {};
  }
  std::vector<DrillRecord> records;
  for (const auto& row : found.rows) {
    DrillRecord record{.drill = {.live = {row[0].value_or(""), row[1].value_or("")},
                                 .from = row[3].value_or(""),
                                 .business_date = BusinessDate::parse(row[4].value_or("")),
                                 .rows = to_number(row[5]),
                                 .finding = row[6].value_or(""),
                                 .took = std::chrono::milliseconds(to_number(row[8]))},
                       .run_id = row[7].value_or(""),
                       .at = instant_of(row[9].value_or(""))};
    for (const auto& [source, word] : source_words) {
      if (row[2] == word) record.drill.source = source;
    }
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace pipeline::publish
