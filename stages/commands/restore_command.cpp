#include "stages/commands/restore_command.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/commands/vault_commands.h"
#include "stages/publish/catalogue.h"
#include "stages/publish/dependent_views.h"
#include "stages/publish/journal.h"
#include "stages/publish/replay.h"
#include "stages/publish/row_difference.h"
#include "stages/publish/sql.h"

namespace pipeline {
namespace {

using publish::Backup;
using publish::Restoration;
using publish::TableToRestore;

Json date_json(const std::optional<BusinessDate>& date) {
  return date ? Json(date->iso()) : Json();
}

/// Counts of rows that differ between what is or was live and what comes back, or why they could
/// not be compared.
Json difference_json(Connection& connection, const TableName& live, const TableName& back) {
  const auto tried =
      publish::try_to_compare(connection, {.before = {.table = live, .query = {}, .hidden = {}},
                                           .after = {.table = back, .query = {}, .hidden = {}},
                                           .key = {},
                                           .before_where = {},
                                           .closed_when = {}});
  using publish::RowDifference;
  return tried.to_json({{"only_in_live", &RowDifference::only_before},
                        {"only_in_backup", &RowDifference::only_after},
                        {"different", &RowDifference::changed}});
}

Json table_json(const TableToRestore& table) {
  Json item = Json::object();
  item.set("table", table.live.text());
  item.set("backup", table.backup.backup_name);
  item.set("business_date_before", date_json(table.held.date));
  item.set("business_date", date_json(table.date_after));
  item.set("rows_before", table.rows_live);
  item.set("rows_in_backup", table.backup.rows);
  item.set("kept_as", table.kept_as);
  Json missing = Json::array();
  for (const auto& day : table.missing) missing.push_back(day.date.iso());
  item.set("missing", std::move(missing));
  Json undone = Json::array();
  for (const auto& update : table.undone) {
    Json entry = Json::object();
    entry.set("run_id", update.run_id);
    entry.set("reason", update.reason);
    entry.set("update_query", update.update_query);
    entry.set("validation_query", update.validation_query);
    undone.push_back(std::move(entry));
  }
  item.set("changes_undone", std::move(undone));
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
  for (const auto& change : table.at("changes_undone").as_array()) {
    fmt::print("  undoes  the change of run {}: {}\n", change.at("run_id").as_string(),
               change.at("update_query").as_string());
  }
}

/// What a difference is said of: before the swap, or behind it.
enum class Moment { before, behind };

void print_difference(const TableName& table, const Json& difference, Moment moment) {
  if (difference.as_object().empty()) return;  // nothing was live
  // Before the swap the lines of the table stand above; behind it those of all tables do.
  if (moment == Moment::behind) fmt::print("{}\n", table.text());
  if (const Json* reason = difference.find("not_compared")) {
    fmt::print("  not compared row by row: {}\n", reason->as_string());
    return;
  }
  std::vector<std::string> key;
  for (const auto& column : difference.at("key").as_array()) key.push_back(column.as_string());
  const bool before = moment == Moment::before;
  fmt::print("  rows    {} only in {}, {} only in {}, {} different, {} equal (by {})\n",
             difference.at("only_in_live").as_int(), before ? "live" : "what was live",
             difference.at("only_in_backup").as_int(), before ? "the backup" : "what came back",
             difference.at("different").as_int(), difference.at("equal").as_int(), join(key, ", "));
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

/// What both have in common: show, ask the journal to carry it out, show again.
class Restoring {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  /// `begun`: when the command began.
  Restoring(const StageContext& context, const LayerProgram& program, LayerSession& session,
            Instant begun)
      : context_(context),
        program_(program),
        session_(session),
        connection_(session.connection()),
        as_json_(context.asked.has("--json")),
        dry_run_(context.asked.has("--dry-run")),
        begun_(begun) {}

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
      Json item = table_json(table);
      if (!as_json_) print_table(item, table.backup);
      if (dry_run_) tell_difference(item, table.live, table.backup.name(), Moment::before);
      tables.push_back(std::move(item));
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
    std::vector<std::string> schemas;
    for (const auto& [schema, marker] : restoration.markers) schemas.push_back(schema);
    VaultNotes vault(context_, connection_, schemas);
    publish::write_markers(connection_, restoration);
    const auto report = publish::carry_out(connection_, restoration.plan, session_.options());
    context_.output.set("generation", report.generation);
    context_.output.set("rename_ms", std::int64_t{report.rename_duration.count()});
    context_.output.set("publish_attempts", report.attempts);
    const auto live_after = std::chrono::steady_clock::now() - begun_;
    context_.output.set("live_after_ms",
                        std::int64_t{duration_cast<std::chrono::milliseconds>(live_after).count()});
    if (!as_json_) {
      fmt::print("{} shows {} as generation {}; the RENAME took {:.3f} s\n",
                 restoration.plan.schema, restoration.plan.business_date.iso(), report.generation,
                 std::chrono::duration<double>(report.rename_duration).count());
    }
    for (auto& table : context_.output.find("tables")->as_array()) tell_rows_behind(table);
    tell_broken_views(views);
    for (auto& table : context_.output.find("tables")->as_array()) tell_difference_behind(table);
    vault.write(replaced(restoration));
  }

  // The rows are back: what is told behind the swap keeps nobody waiting, and fails no restore; nor
  // does a signal, which only ends it sooner.

  void tell_rows_behind(Json& table) {
    const TableName name = table_name(table);
    const std::string& kept = table.at("kept_as").as_string();
    try {
      failpoint("restore_before_count");
      table.set("rows_after", publish::count_rows(connection_, name));
      if (!as_json_)
        fmt::print("{} holds {} rows now", name.text(), table.at("rows_after").as_int());
    } catch (const Error& error) {
      log::warn("{} is put back, but its rows were not counted: {}", name.text(), error.message());
      if (!as_json_) fmt::print("{} is put back", name.text());
    }
    if (!as_json_) fmt::print("{}\n", kept.empty() ? "" : "; what was live is kept as " + kept);
  }

  static std::vector<VaultNotes::Replaced> replaced(const Restoration& restoration) {
    std::vector<VaultNotes::Replaced> tables;
    for (const auto& table : restoration.tables) {
      if (table.kept_as.empty()) continue;  // nothing was live
      tables.push_back({table.live, {table.live.schema, table.kept_as}});
    }
    return tables;
  }

  void tell_difference_behind(Json& table) {
    const TableName back = table_name(table);
    try {
      failpoint("restore_before_compare");
      tell_difference(table, {back.schema, table.at("kept_as").as_string()}, back, Moment::behind);
    } catch (const Error& error) {
      log::warn("{} is put back, but was not compared with what was live: {}", back.text(),
                error.message());
      Json reason = Json::object();
      reason.set("not_compared", error.message());
      table.set("difference", std::move(reason));
    }
  }

  void tell_difference(Json& item, const TableName& live, const TableName& back, Moment moment) {
    throw_if_cancelled();
    const bool was_there = !item.at("kept_as").as_string().empty();
    Json difference = was_there ? difference_json(connection_, live, back) : Json::object();
    if (!as_json_) print_difference(back, difference, moment);
    item.set("difference", std::move(difference));
  }

  static TableName table_name(const Json& table) {
    const std::string& text = table.at("table").as_string();
    const auto dot = text.find('.');
    return {text.substr(0, dot), text.substr(dot + 1)};
  }

  void tell_broken_views(const std::vector<TableName>& views) {
    Json list = Json::array();
    std::vector<TableName> broken;
    try {
      broken = publish::unreadable(connection_, views);
    } catch (const Error& error) {
      log::warn("whether views over the restored tables can be read was not seen: {}",
                error.message());
    }
    for (const auto& view : broken) {
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
      case publish::PlanKind::adopt:
      case publish::PlanKind::update:
        return;
    }
    command += config_option(context_);
    context_.output.set("undo", command);
    if (!as_json_) fmt::print("undo: {}\n", command);
  }

  const StageContext& context_;
  const LayerProgram& program_;
  LayerSession& session_;
  Connection& connection_;
  bool as_json_;
  bool dry_run_;
  Instant begun_;
};

/// A dry run changes nothing, so it neither waits for locks nor settles anything.
Fence fence_of(const StageContext& context) {
  return context.asked.has("--dry-run") ? Fence::none : Fence::as_a_run;
}

/// What --from-vault and --as-of ask for; nullopt without them.
std::optional<VaultState> state_in_vault(const StageContext& context, const TableName& live) {
  const auto as_of = context.asked.value("--as-of");
  if (context.asked.has("--from-vault") != as_of.has_value()) {
    throw Error(ErrorKind::config_invalid,
                "--from-vault and --as-of DATE|RUN|GENERATION belong together");
  }
  if (!as_of) return {};
  const VaultState state = find_vault_state(context, live, *as_of);
  context.output.set("vault_batch", state.batch);
  context.output.set("vault_generation", state.generation);
  context.output.set("vault_run", state.run_id);
  if (!context.asked.has("--json")) {
    fmt::print("{} as of {}: {} rows, generation {} of run {}, holds {}\n", live.text(), *as_of,
               state.rows, state.generation, state.run_id,
               state.business_date ? state.business_date->iso() : "no known day");
    if (!state.same_day.empty()) {
      fmt::print("that day was published more than once: {}; --as-of GENERATION asks for one\n",
                 join(state.same_day, ", "));
    }
  }
  return state;
}

}  // namespace

void restore_command(const StageContext& context, const LayerProgram& program) {
  const auto begun = std::chrono::steady_clock::now();
  const LayerConfig& layer = layer_of(context, program);
  LayerSession session(context, layer, fence_of(context));
  const auto published = publish::read_published_layer(session.connection(), layer.schema);
  const TableName live = table_of(*context.asked.positional("TABLE"), layer);
  auto at = context.asked.value("--at");
  const bool lost = published.marker_is == publish::PublishedLayer::MarkerIs::lost;
  if (lost && !context.asked.has("--dry-run")) {
    publish::make_dropped_schemas(session.connection(), published);
  }
  if (const auto state = state_in_vault(context, live)) {
    if (context.asked.has("--dry-run")) return;
    at = keep_vault_state(context, *state, session.connection(), published, order_of(context),
                          session.options());
  }
  const Restoration restoration =
      publish::plan_restore(session.connection(), published, live, at, order_of(context));
  context.output.set("nothing_new", restoration.needed == Restoration::Needed::no);
  if (restoration.needed == Restoration::Needed::no && lost) {
    throw Error(
        ErrorKind::guard_refused,
        fmt::format("{0} holds what was asked for, but a marker of {1} is lost; {2} holds {0} {3} "
                    "--reason WHY makes it again",
                    live.text(), layer.schema, program_of(layer),
                    published.marker.business_date.iso()));
  }
  if (restoration.needed == Restoration::Needed::no) {
    const std::string said = live.text() + " holds what was asked for already: nothing to do";
    fmt::print("{}\n", context.asked.has("--json") ? context.output.dump() : said);
    return;
  }
  Restoring(context, program, session, begun).run(restoration);
}

void rollback_command(const StageContext& context, const LayerProgram& program) {
  const auto begun = std::chrono::steady_clock::now();
  const LayerConfig& layer = layer_of(context, program);
  LayerSession session(context, layer, fence_of(context));
  const auto published = publish::read_published_layer(session.connection(), layer.schema);
  const Restoration restoration = publish::plan_rollback(
      session.connection(), published, *context.asked.positional("RUN"), order_of(context));
  Restoring(context, program, session, begun).run(restoration);
}

}  // namespace pipeline
