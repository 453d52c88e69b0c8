#include "stages/commands/backup_commands.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/commands/layer_session.h"
#include "stages/commands/restore_command.h"
#include "stages/commands/text_table.h"
#include "stages/publish/catalogue.h"
#include "stages/publish/drill.h"
#include "stages/publish/journal.h"
#include "stages/publish/restore.h"
#include "stages/transform/run/candidate_copy.h"

namespace pipeline {
namespace {

using publish::Backup;
using publish::Restoration;

constexpr std::chrono::hours hours_a_day{24};

Json date_json(const std::optional<BusinessDate>& date) {
  return date ? Json(date->iso()) : Json();
}

std::string date_text(const std::optional<BusinessDate>& date) {
  return date ? date->iso() : "no known day";
}

std::string age_text(std::chrono::system_clock::duration age) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(age);
  if (minutes < std::chrono::hours(1)) return fmt::format("{} min", minutes.count());
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(age);
  if (hours < 2 * hours_a_day) return fmt::format("{} h", hours.count());
  return fmt::format("{} days", hours / hours_a_day);
}

std::string_view state_text(Backup::State state) {
  switch (state) {
    case Backup::State::kept:
      return "kept";
    case Backup::State::gone:
      return "gone";
    case Backup::State::dropped:
      return "dropped";
    case Backup::State::put_back:
      return "put_back";
  }
  return "gone";
}

Json backup_json(const Backup& backup, std::chrono::system_clock::time_point now) {
  Json item = Json::object();
  item.set("table", backup.live.text());
  item.set("backup", backup.backup_name);
  item.set("business_date", date_json(backup.business_date));
  item.set("rows", backup.rows);
  item.set("bytes", backup.bytes);
  item.set("checksum", backup.checksum);
  item.set("verified", backup.verified == Backup::Verified::yes);
  item.set("kind", publish::word_of(backup.kind));
  item.set("state", state_text(backup.state));
  item.set("run_id", backup.run_id);
  item.set("generation", backup.generation);
  item.set("created_at", format_utc(backup.created_at));
  item.set("age_seconds",
           std::int64_t{
               std::chrono::duration_cast<std::chrono::seconds>(now - backup.created_at).count()});
  return item;
}

/// When a drill restored this very backup; null if none did.
Json proven_at(const std::vector<publish::DrillRecord>& drills, const Backup& backup) {
  for (const auto& [drill, run_id, at] : drills) {
    if (drill.proven() && drill.live == backup.live && drill.from == backup.backup_name) {
      return Json(format_utc(at));
    }
  }
  return {};
}

void print_drill(const publish::DrillRecord& record, std::chrono::system_clock::time_point now) {
  const auto& drill = record.drill;
  fmt::print("{}: a restore from {} ({}) {} {} ago{}{}\n", drill.live.text(),
             drill.from.empty() ? "nothing" : drill.from, publish::word_of(drill.source),
             drill.proven() ? "was proven" : "FAILED", age_text(now - record.at),
             drill.proven() ? "" : ": ", drill.finding);
}

void list(const StageContext& context, const LayerProgram& program) {
  const LayerConfig& layer = layer_of(context, program);
  LayerSession session(context, layer, Fence::none);
  publish::BackupFilter filter{.live = {}, .layer_schema = layer.schema};
  if (const auto table = context.asked.positional("TABLE")) filter.live = table_of(*table, layer);
  const auto now = context.clock.now();
  const auto backups = publish::list_all_backups(session.connection(), filter);
  std::set<std::string> schemas;
  for (const auto& one : backups) schemas.insert(one.live.schema);
  const auto drills = publish::read_drills(session.connection(), {schemas.begin(), schemas.end()});
  Json items = Json::array();
  std::vector<std::vector<std::string>> lines{
      {"TABLE", "HOLDS", "ROWS", "SIZE", "AGE", "STATE", "KIND", "RUN", "BACKUP"}};
  for (const auto& backup : backups) {
    const bool there = backup.state == Backup::State::kept;
    if (!there && backup.state != Backup::State::gone && !context.asked.has("--all")) continue;
    items.push_back(backup_json(backup, now));
    items.as_array().back().set("proven_at", proven_at(drills, backup));
    const bool verified = backup.verified == Backup::Verified::yes;
    lines.push_back(
        {backup.live.text(), date_text(backup.business_date), std::to_string(backup.rows),
         human_bytes(backup.bytes), age_text(now - backup.created_at),
         !there     ? std::string(state_text(backup.state))
         : verified ? "verified"
                    : "NOT VERIFIED",
         std::string(publish::word_of(backup.kind)), backup.run_id, backup.backup_name});
  }
  if (context.asked.has("--json")) {
    fmt::print("{}\n", items.dump());
  } else if (lines.size() == 1) {
    fmt::print("no backups\n");
  } else {
    print_columns(lines);
    for (const auto& drill : drills) {
      if (!filter.live || *filter.live == drill.drill.live) print_drill(drill, now);
    }
  }
  context.output.set("backups", std::move(items));
}

void backup(const StageContext& context, const LayerProgram& program) {
  const LayerConfig& layer = layer_of(context, program);
  LayerSession session(context, layer, Fence::own_schemas);
  const auto published = publish::read_published_layer(session.connection(), layer.schema);
  std::vector<TableName> tables;
  for (const auto& text : context.asked.positionals("TABLE")) {
    tables.push_back(table_of(text, layer));
  }
  const auto copy = [](Connection& connection, const TableName& from, const TableName& to) {
    throw_if_cancelled();
    dbt::copy_candidate(connection, from, to);
  };
  const Restoration copies =
      publish::plan_backup(session.connection(), published, tables, copy, order_of(context));
  Json items = Json::array();
  if (copies.needed == Restoration::Needed::yes) {
    const auto report = publish::carry_out(session.connection(), copies.plan, session.options());
    for (const auto& row : report.backups) {
      Json item = Json::object();
      item.set("table", row.live.text());
      item.set("backup", row.backup_name);
      item.set("rows", row.rows_after);
      item.set("verified", row.verified());
      items.push_back(std::move(item));
      if (context.asked.has("--json")) continue;
      fmt::print("{}: {} rows as {}{}\n", row.live.text(), row.rows_after, row.backup_name,
                 row.verified() ? "" : ", NOT VERIFIED");
    }
  }
  context.output.set("command", "backup");
  context.output.set("run_id", context.run_id);
  context.output.set("schema", layer.schema);
  context.output.set("reason", order_of(context).reason);
  context.output.set("backups", std::move(items));
  if (context.asked.has("--json")) fmt::print("{}\n", context.output.dump());
}

void holds(const StageContext& context, const LayerProgram& program) {
  const LayerConfig& layer = layer_of(context, program);
  const auto reason = context.asked.value("--reason");
  if (!reason || trim(*reason).empty()) {
    throw Error(ErrorKind::config_invalid,
                "holds wants --reason \"why\", since it tells the records what they cannot see");
  }
  const std::string text = *context.asked.positional("DATE");
  const auto date = BusinessDate::parse(text);
  if (!date) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("{} is no date; write it as 2026-02-01", text));
  }
  LayerSession session(context, layer, Fence::as_a_run);
  const auto published = publish::read_published_layer(session.connection(), layer.schema);
  const TableName live = table_of(*context.asked.positional("TABLE"), layer);
  const Restoration note =
      publish::plan_holds(session.connection(), published, live, *date, order_of(context));
  publish::write_markers(session.connection(), note);
  const auto report = publish::carry_out(session.connection(), note.plan, session.options());
  context.output.set("command", "holds");
  context.output.set("run_id", context.run_id);
  context.output.set("schema", layer.schema);
  context.output.set("table", live.text());
  context.output.set("business_date", date->iso());
  context.output.set("generation", report.generation);
  context.output.set("reason", *reason);
  fmt::print("{} counts as holding {} from now on\n", live.text(), date->iso());
}

}  // namespace

std::vector<CliCommand> backup_command_lines() {
  const CliOption json{.name = "--json", .kind = OptionKind::flag, .help = "print JSON"};
  const CliOption dry_run{.name = "--dry-run",
                          .kind = OptionKind::flag,
                          .help = "show what would happen, and change nothing"};
  const CliOption reason{
      .name = "--reason", .value_name = "TEXT", .help = "why; it goes into the journal"};
  const CliPositional table{.name = "TABLE", .help = "silver.t, or t for a table of the layer"};
  CliPositional one_or_none = table;
  one_or_none.needed = CliPositional::Needed::optional;
  CliPositional any = table;
  any.needed = CliPositional::Needed::any_number;
  any.help += "; without one every table that publishes keep as a backup";
  return {{.name = "backups",
           .help = "list the backups: age, rows, size, day, run, and the name for a restore",
           .options = {json,
                       {.name = "--all",
                        .kind = OptionKind::flag,
                        .help = "also those that retention dropped or a restore put back"}},
           .positionals = {one_or_none}},
          {.name = "backup",
           .help = "copy live tables to backups now",
           .options = {json, reason},
           .positionals = {any}},
          {.name = "restore",
           .help = "put a backup of one table back, in one RENAME; what was live is kept",
           .options = {{.name = "--at",
                        .value_name = "TIME|RUN|BACKUP",
                        .help = "what was live then (2026-02-03 07:05, in Tokyo), what it was "
                                "before a run, or a backup by its name; default: the newest "
                                "verified backup"},
                       {.name = "--from-vault",
                        .kind = OptionKind::flag,
                        .help = "rebuild the table from the vault first; with --as-of"},
                       {.name = "--as-of",
                        .value_name = "DATE|RUN|GENERATION",
                        .help = "which state of the vault"},
                       dry_run,
                       json,
                       reason},
           .positionals = {table},
           .exclusive = {{"--at", "--from-vault"}, {"--at", "--as-of"}}},
          {.name = "rollback",
           .help = "put the whole layer back to what it was before a run, in one RENAME",
           .options = {dry_run, json, reason},
           .positionals = {{.name = "RUN", .help = "the run whose publish is taken back"}}},
          {.name = "holds",
           .help = "after a repair by hand: say which day a table holds",
           .options = {reason},
           .positionals = {table, {.name = "DATE", .help = "the business date"}}}};
}

std::vector<std::pair<std::string, StageCommand>> backup_commands(const std::string& program,
                                                                  const std::string& layer) {
  const LayerProgram one{.name = program, .layer = layer};
  const auto command = [&](auto function) {
    return [one, function](const StageContext& context) { function(context, one); };
  };
  return {{"backups", command(list)},
          {"backup", command(backup)},
          {"restore", command(restore_command)},
          {"rollback", command(rollback_command)},
          {"holds", command(holds)}};
}

}  // namespace pipeline
