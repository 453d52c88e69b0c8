#include "stages/backup_commands.h"

#include <algorithm>
#include <cstdio>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/publish/catalogue.h"
#include "stages/publish/dependent_views.h"
#include "stages/publish/journal.h"
#include "stages/publish/replay.h"
#include "stages/publish/restore.h"
#include "stages/publish/row_difference.h"
#include "stages/publish/run_lock.h"
#include "stages/publish/sql.h"
#include "stages/transform/run/candidate_copy.h"
#include "stages/transform/run/open_sessions.h"
#include "stages/warehouse/account_options.h"

namespace pipeline {
namespace {

using publish::Backup;
using publish::Restoration;
using publish::TableToRestore;

constexpr std::chrono::hours hours_a_day{24};

/// One of the two transformers, and what was typed to start it.
struct Program {
  std::string name;
  std::string layer;
};

const LayerConfig& layer_of(const StageContext& context, const Program& program) {
  const std::string wanted = context.asked.value("--layer").value_or(program.layer);
  std::vector<std::string> names;
  for (const auto& layer : context.config.transform.layers) {
    if (layer.name == wanted) return layer;
    names.push_back(layer.name);
  }
  throw Error(ErrorKind::config_invalid,
              fmt::format("{}: transform.layers has no layer {}, only {}", context.config.path,
                          wanted, join(names, ", ")));
}

/// "silver.t" and "t" alike.
TableName table_of(const std::string& text, const LayerConfig& layer) {
  const auto dot = text.find('.');
  if (dot == std::string::npos) return {layer.schema, text};
  return {text.substr(0, dot), text.substr(dot + 1)};
}

std::string program_of(const LayerConfig& layer) {
  if (layer.name == "silver" || layer.name == "gold") return layer.name + "_transformer";
  return "gold_transformer --layer " + layer.name;
}

/// What a person must type behind a command so that it means this pipeline.
std::string config_option(const StageContext& context) {
  const auto given = context.asked.value("--config");
  return given ? " --config " + *given : "";
}

publish::RestoreOrder order_of(const StageContext& context) {
  return {.run_id = context.run_id,
          .reason = context.asked.value("--reason").value_or(""),
          .now = context.clock.now()};
}

enum class Fence { none, own_schemas, as_a_run };

/// A session of etl_publish on the layer.
class LayerSession {
 public:
  /// With a fence: takes the locks of the layer's schemas, and as a run those of the layers below
  /// and of staging too; ends what a dead run left and settles what it left open.
  LayerSession(const StageContext& context, const LayerConfig& layer, Fence fence)
      : context_(context),
        layer_(layer),
        connection_(Connection::open(account_options(context.config, "publish"))),
        listed_(sessions_, connection_, Victim::statement),
        end_statements_([this] { sessions_.end_all(); }) {
    if (fence == Fence::none) return;
    take_locks(fence);
    Json settled = Json::array();
    for (const auto& line : publish::settle(connection_, layer.schema, options())) {
      settled.push_back(line);
    }
    context.output.set("settled", std::move(settled));
  }

  Connection& connection() { return connection_; }

  publish::PublisherOptions options() const {
    return {.clock = context_.clock, .check_cancelled = [] { throw_if_cancelled(); }};
  }

 private:
  void take_locks(Fence fence) {
    std::vector<std::string> schemas =
        publish::read_published_layer(connection_, layer_.schema).schemas;
    if (fence == Fence::as_a_run) {
      schemas.push_back(context_.config.staging.schema);
      for (const auto& below : context_.config.transform.layers) {
        if (below.name == layer_.name) break;
        const auto marker = publish::read_marker(connection_, below.schema);
        if (!marker) continue;
        const auto more = publish::read_published_layer(connection_, below.schema).schemas;
        schemas.insert(schemas.end(), more.begin(), more.end());
      }
    }
    publish::take_run_locks(connection_, schemas);
    for (const char* account : {"build", "publish"}) {
      publish::end_left_over_sessions(connection_, account_options(context_.config, account),
                                      layer_.schema);
    }
    publish::note_session(connection_, connection_,
                          {.run_id = context_.run_id, .target = layer_.schema, .role = "publish"});
  }

  const StageContext& context_;
  const LayerConfig& layer_;
  dbt::OpenSessions sessions_;
  Connection connection_;
  dbt::ListedSession listed_;
  CancelHook end_statements_;
};

// ---- what is told ------------------------------------------------------------------------------

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

/// Columns as wide as their widest cell, with two blanks between.
void print_columns(const std::vector<std::vector<std::string>>& lines) {
  std::vector<std::size_t> widths;
  for (const auto& line : lines) {
    widths.resize(std::max(widths.size(), line.size()));
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += i + 1 == line.size() ? line[i] : fmt::format("{:<{}}  ", line[i], widths[i]);
    }
    fmt::print("{}\n", text);
  }
}

/// Counts of rows that differ, or why they could not be compared.
Json difference_json(Connection& connection, const TableToRestore& table) {
  Json item = Json::object();
  if (!table.live_is_there) return item;
  try {
    const auto found = publish::compare_rows(
        connection, {.before = {.table = table.live, .query = {}, .hidden = {}},
                     .after = {.table = table.backup.name(), .query = {}, .hidden = {}},
                     .key = {},
                     .before_where = {},
                     .closed_when = {}});
    Json key = Json::array();
    for (const auto& column : found.key) key.push_back(column);
    item.set("key", std::move(key));
    item.set("only_in_live", found.only_before);
    item.set("only_in_backup", found.only_after);
    item.set("different", found.changed);
    item.set("equal", found.equal);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::config_invalid && error.kind() != ErrorKind::guard_refused) {
      throw;
    }
    item.set("not_compared", error.message());
  }
  return item;
}

Json table_json(Connection& connection, const TableToRestore& table) {
  Json item = Json::object();
  item.set("table", table.live.text());
  item.set("backup", table.backup.backup_name);
  item.set("business_date_before", date_json(table.held.date));
  item.set("business_date", date_json(table.date_after));
  item.set("rows_before", table.rows_live);
  item.set("rows_in_backup", table.backup.rows);
  item.set("difference", difference_json(connection, table));
  item.set("kept_as", table.kept_as);
  Json missing = Json::array();
  for (const auto& day : table.missing) missing.push_back(day.date.iso());
  item.set("missing", std::move(missing));
  return item;
}

void print_table(const Json& table, const Backup& backup) {
  const auto number = [](const Json& object, std::string_view key) {
    return object.at(key).as_int();
  };
  const auto text = [](const Json& value) { return value.is_null() ? "?" : value.as_string(); };
  fmt::print("{}\n", table.at("table").as_string());
  const bool there = !table.at("kept_as").as_string().empty();
  if (there) {
    fmt::print("  live    {} rows, holds {}\n", number(table, "rows_before"),
               text(table.at("business_date_before")));
  } else {
    fmt::print("  live    is not there\n");
  }
  fmt::print("  backup  {} rows, holds {}, {}: {}, made {} by run {}\n",
             number(table, "rows_in_backup"), text(table.at("business_date")),
             backup.verified == Backup::Verified::yes ? "verified" : "NOT VERIFIED",
             backup.backup_name, format_jst(backup.created_at), backup.run_id);
  const Json& difference = table.at("difference");
  if (const Json* reason = difference.find("not_compared")) {
    fmt::print("  not compared row by row: {}\n", reason->as_string());
  } else if (there) {
    std::vector<std::string> key;
    for (const auto& column : difference.at("key").as_array()) key.push_back(column.as_string());
    fmt::print("  rows    {} only in live, {} only in the backup, {} different, {} equal (by {})\n",
               number(difference, "only_in_live"), number(difference, "only_in_backup"),
               number(difference, "different"), number(difference, "equal"), join(key, ", "));
  }
}

/// The days that are missing after it, and how they come back.
struct Missing {
  std::vector<BusinessDate> dates;
  publish::ReplayAdvice advice;
};

Missing missing_after(Connection& connection, const StageContext& context,
                      const Restoration& restoration) {
  Missing missing;
  const auto& plan = restoration.plan;
  std::string already_back;
  if (plan.kind == publish::PlanKind::rollback) {
    already_back = plan.schema;
    missing.dates =
        publish::layer_dates(connection, plan.schema, plan.business_date, *plan.date_before);
  }
  for (const auto& table : restoration.tables) {
    for (const auto& day : table.missing) missing.dates.push_back(day.date);
  }
  std::ranges::sort(missing.dates);
  missing.dates.erase(std::unique(missing.dates.begin(), missing.dates.end()), missing.dates.end());
  publish::ReplayRequest request{.layers = {},
                                 .staging_schema = context.config.staging.schema,
                                 .missing = missing.dates,
                                 .already_back = already_back};
  for (const auto& layer : context.config.transform.layers) {
    request.layers.push_back({.schema = layer.schema, .program = program_of(layer)});
  }
  missing.advice = publish::replay_advice(connection, request);
  for (auto& command : missing.advice.commands) command += config_option(context);
  return missing;
}

void tell_missing(const StageContext& context, const Missing& missing, bool as_json) {
  Json dates = Json::array();
  std::vector<std::string> texts;
  for (const auto& date : missing.dates) {
    dates.push_back(date.iso());
    texts.push_back(date.iso());
  }
  Json replay = Json::array();
  for (const auto& command : missing.advice.commands) replay.push_back(command);
  context.output.set("missing", std::move(dates));
  context.output.set("replay", std::move(replay));
  if (!missing.advice.obstacle.empty()) context.output.set("obstacle", missing.advice.obstacle);
  if (as_json || texts.empty()) return;
  fmt::print("missing now: {}\n", join(texts, ", "));
  if (!missing.advice.obstacle.empty()) fmt::print("  {}\n", missing.advice.obstacle);
  if (missing.advice.commands.empty()) return;
  fmt::print("these commands bring {} back:\n", texts.size() == 1 ? "it" : "them");
  for (const auto& command : missing.advice.commands) fmt::print("  {}\n", command);
}

// ---- restore and rollback ----------------------------------------------------------------------

/// What both have in common: show, ask the journal to carry it out, show again.
class Restoring {
 public:
  Restoring(const StageContext& context, const Program& program, LayerSession& session)
      : context_(context),
        program_(program),
        session_(session),
        connection_(session.connection()),
        as_json_(context.asked.has("--json")),
        dry_run_(context.asked.has("--dry-run")) {}

  void run(const Restoration& restoration) {
    show(restoration);
    const Missing missing = missing_after(connection_, context_, restoration);
    context_.output.set("dry_run", dry_run_);
    if (dry_run_) {
      if (!as_json_) fmt::print("dry run: nothing was changed\n");
    } else {
      carry_out(restoration);
    }
    tell_missing(context_, missing, as_json_);
    if (!dry_run_) tell_undo(restoration);
    if (as_json_) fmt::print("{}\n", context_.output.dump());
  }

 private:
  void show(const Restoration& restoration) {
    const auto& plan = restoration.plan;
    context_.output.set("command", publish::word_of(plan.kind));
    context_.output.set("run_id", plan.run_id);
    context_.output.set("schema", plan.schema);
    context_.output.set("business_date", plan.business_date.iso());
    context_.output.set("reason", plan.reason);
    Json tables = Json::array();
    for (const auto& table : restoration.tables) {
      throw_if_cancelled();
      tables.push_back(table_json(connection_, table));
      if (!as_json_) print_table(tables.as_array().back(), table.backup);
    }
    context_.output.set("tables", std::move(tables));
    Json stays = Json::array();
    for (const auto& table : restoration.stays) {
      Json item = Json::object();
      item.set("table", table.name.text());
      item.set("why", table.why);
      stays.push_back(std::move(item));
      if (!as_json_) fmt::print("{} stays as it is: {}\n", table.name.text(), table.why);
    }
    context_.output.set("stays", std::move(stays));
  }

  void carry_out(const Restoration& restoration) {
    std::vector<TableName> names;
    for (const auto& table : restoration.tables) names.push_back(table.live);
    const auto views = publish::readable_views_over(connection_, names);
    publish::write_markers(connection_, restoration);
    const auto report = publish::carry_out(connection_, restoration.plan, session_.options());
    context_.output.set("generation", report.generation);
    context_.output.set("rename_ms", std::int64_t{report.rename_duration.count()});
    context_.output.set("publish_attempts", report.attempts);
    for (auto& table : context_.output.find("tables")->as_array()) {
      const TableName name = table_name(table);
      table.set("rows_after", publish::count_rows(connection_, name));
      if (as_json_) continue;
      fmt::print("{} holds {} rows now", name.text(), table.at("rows_after").as_int());
      const std::string& kept = table.at("kept_as").as_string();
      fmt::print("{}\n", kept.empty() ? "" : "; what was live is kept as " + kept);
    }
    if (!as_json_) {
      fmt::print("{} shows {} as generation {}; the RENAME took {:.3f} s\n",
                 restoration.plan.schema, restoration.plan.business_date.iso(), report.generation,
                 std::chrono::duration<double>(report.rename_duration).count());
    }
    tell_broken_views(views);
  }

  static TableName table_name(const Json& table) {
    const std::string& text = table.at("table").as_string();
    const auto dot = text.find('.');
    return {text.substr(0, dot), text.substr(dot + 1)};
  }

  void tell_broken_views(const std::vector<TableName>& views) {
    Json list = Json::array();
    for (const auto& view : publish::unreadable(connection_, views)) {
      list.push_back(view.text());
      log::warn(
          "the view {} cannot be read over the restored table, which lacks something that it "
          "names; the layer's next run makes it anew",
          view.text());
    }
    context_.output.set("views_unreadable", std::move(list));
  }

  void tell_undo(const Restoration& restoration) {
    const auto layer = context_.asked.value("--layer");
    std::string command = program_.name;
    if (layer) command += " --layer " + *layer;
    switch (restoration.plan.kind) {
      case publish::PlanKind::restore:
        if (restoration.tables.front().kept_as.empty()) return;
        command += fmt::format(" restore {} --at {}", restoration.tables.front().live.text(),
                               restoration.tables.front().kept_as);
        break;
      case publish::PlanKind::rollback:
        command += " rollback " + restoration.plan.run_id;
        break;
      case publish::PlanKind::publish:
      case publish::PlanKind::backup:
      case publish::PlanKind::holds:
        return;
    }
    command += config_option(context_);
    context_.output.set("undo", command);
    if (!as_json_) fmt::print("undo: {}\n", command);
  }

  const StageContext& context_;
  const Program& program_;
  LayerSession& session_;
  Connection& connection_;
  bool as_json_;
  bool dry_run_;
};

/// A dry run changes nothing, so it neither waits for locks nor settles anything.
Fence fence_of(const StageContext& context) {
  return context.asked.has("--dry-run") ? Fence::none : Fence::as_a_run;
}

void restore(const StageContext& context, const Program& program) {
  const LayerConfig& layer = layer_of(context, program);
  LayerSession session(context, layer, fence_of(context));
  const auto published = publish::read_published_layer(session.connection(), layer.schema);
  const TableName live = table_of(*context.asked.positional("TABLE"), layer);
  const Restoration restoration = publish::plan_restore(
      session.connection(), published, live, context.asked.value("--at"), order_of(context));
  context.output.set("nothing_new", restoration.needed == Restoration::Needed::no);
  if (restoration.needed == Restoration::Needed::no) {
    const std::string said = live.text() + " holds what was asked for already: nothing to do";
    fmt::print("{}\n", context.asked.has("--json") ? context.output.dump() : said);
    return;
  }
  Restoring(context, program, session).run(restoration);
}

void rollback(const StageContext& context, const Program& program) {
  const LayerConfig& layer = layer_of(context, program);
  LayerSession session(context, layer, fence_of(context));
  const auto published = publish::read_published_layer(session.connection(), layer.schema);
  const Restoration restoration = publish::plan_rollback(
      session.connection(), published, *context.asked.positional("RUN"), order_of(context));
  Restoring(context, program, session).run(restoration);
}

// ---- backups, backup, holds --------------------------------------------------------------------

void list(const StageContext& context, const Program& program) {
  const LayerConfig& layer = layer_of(context, program);
  LayerSession session(context, layer, Fence::none);
  publish::BackupFilter filter{.live = {}, .layer_schema = layer.schema};
  if (const auto table = context.asked.positional("TABLE")) filter.live = table_of(*table, layer);
  const auto now = context.clock.now();
  Json items = Json::array();
  std::vector<std::vector<std::string>> lines{
      {"TABLE", "HOLDS", "ROWS", "SIZE", "AGE", "STATE", "KIND", "RUN", "BACKUP"}};
  for (const auto& backup : publish::list_all_backups(session.connection(), filter)) {
    const bool there = backup.state == Backup::State::kept;
    if (!there && backup.state != Backup::State::gone && !context.asked.has("--all")) continue;
    items.push_back(backup_json(backup, now));
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
  }
  context.output.set("backups", std::move(items));
}

void backup(const StageContext& context, const Program& program) {
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

void holds(const StageContext& context, const Program& program) {
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
                       dry_run,
                       json,
                       reason},
           .positionals = {table}},
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
  const Program one{.name = program, .layer = layer};
  const auto command = [&](auto function) {
    return [one, function](const StageContext& context) { function(context, one); };
  };
  return {{"backups", command(list)},
          {"backup", command(backup)},
          {"restore", command(restore)},
          {"rollback", command(rollback)},
          {"holds", command(holds)}};
}

}  // namespace pipeline
