// What can go wrong with tables that somebody else made, and when it would show:
//
//   - a run builds on a table of which nobody knows the day: a day twice, or a day left out. So the
//     day is asked for, and compared with what the tables say where a date is part of their key.
//   - dbt died between two renames: the model's table is not there, its rows are in the leftover
//     beside it. The first run would build the model from nothing. So that is refused by name.
//   - something cannot take part in a publish, a key names no row for sure, a right is missing: the
//     first night would fail. All of it is looked for now, and told together.
#include "stages/commands/adopt_command.h"

#include <algorithm>
#include <cstdio>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/text.h"
#include "stages/commands/guard_commands.h"
#include "stages/commands/live_tests.h"
#include "stages/commands/text_table.h"
#include "stages/commands/vault_commands.h"
#include "stages/publish/adopt.h"
#include "stages/publish/guard.h"
#include "stages/publish/journal.h"
#include "stages/publish/plain_tables.h"
#include "stages/publish/run_lock.h"
#include "stages/publish/sql.h"
#include "stages/transform/run/layer_gate.h"
#include "stages/transform/run/layer_guards.h"
#include "stages/transform/run/layer_rights.h"
#include "stages/transform/run/layer_vault.h"
#include "stages/transform/run/open_sessions.h"

namespace pipeline {
namespace {

using dbt::Materialization;
using dbt::Node;
using dbt::NodeStatus;
using publish::Leftover;
using publish::Marker;
using publish::RelationKind;
using publish::Standing;

std::string_view word_of(Materialization materialized) {
  switch (materialized) {
    case Materialization::view:
      return "view";
    case Materialization::table:
      return "table";
    case Materialization::incremental:
      return "incremental";
    case Materialization::seed:
      return "seed";
    case Materialization::test:
      return "test";
  }
  return "table";
}

/// A DATE that is part of what names a row: the newest one tells the last day that was applied.
struct NewestDay {
  TableName table;
  std::string column;
  std::optional<BusinessDate> date;  // nullopt: no rows
};

class LayerAdoption {
 public:
  LayerAdoption(const StageContext& context, const dbt::LayerRunRequest& request)
      : context_(context),
        request_(request),
        as_json_(context.asked.has("--json")),
        dry_run_(context.asked.has("--dry-run")),
        reason_(context.asked.value("--reason").value_or("")),
        compiler_(request.compiler),
        plan_(dbt::plan_layer(compiler_, request.plan)),
        rules_(dbt::rules_of_layer(compiler_, request)),
        end_statements_([this] { sessions_.end_all(); }),
        publisher_(Connection::open(request.publish)),
        listed_(sessions_, publisher_, Victim::statement) {
    context_.output.set("command", "adopt");
    context_.output.set("schema", main());
    context_.output.set("dry_run", dry_run_);
  }

  void run() {
    find_missing_rights();
    // An adoption that died behind its RENAME is settled there.
    if (refused_.empty() && !dry_run_) take_locks();
    if (const auto marker = publish::read_marker(publisher_, main())) return tell_adopted(*marker);
    const Marker upstream = require_upstream();
    survey();
    const BusinessDate date = choose_date(upstream);
    judge(date);
    const Marker marker = marker_of(upstream, date);
    look_at_tests(date);
    tell(marker);
    if (!refused_.empty()) {
      throw Error(
          ErrorKind::guard_refused,
          fmt::format("{} is not adopted, nothing was changed: {}", main(), join(refused_, "; ")));
    }
    if (dry_run_) return finish("dry run: nothing was changed");
    carry_out(marker);
    fill_vault_of_layer();
    finish(fmt::format("{} is adopted as of {}; the next run builds on it", main(), date.iso()));
  }

 private:
  const std::string& main() const { return request_.layer().schema; }

  void say(const std::string& line) const {
    if (!as_json_) fmt::print("{}\n", line);
  }

  void finish(const std::string& line) const {
    say(line);
    if (as_json_) fmt::print("{}\n", context_.output.dump());
  }

  void take_locks() {
    dbt::take_layer(request_, plan_, publisher_,
                    {.clock = context_.clock,
                     .sessions = sessions_,
                     .throw_if_cancelled = [] { throw_if_cancelled(); },
                     .output = context_.output});
  }

  void tell_adopted(const Marker& marker) {
    const auto adopted = publish::adopted_as_of(publisher_, main());
    context_.output.set("already_adopted", true);
    context_.output.set("generation", marker.generation);
    if (request_.business_date && adopted && *adopted != *request_.business_date) {
      throw Error(ErrorKind::guard_refused,
                  fmt::format("{} was adopted as of {}, not {}; holds TABLE DATE says which day a "
                              "table holds",
                              main(), adopted->iso(), request_.business_date->iso()));
    }
    if (!dry_run_ && refused_.empty()) fill_vault_of_layer();
    finish(adopted
               ? fmt::format("{} is already adopted, as of {}; it shows {} as generation {}",
                             main(), adopted->iso(), marker.business_date.iso(), marker.generation)
               : fmt::format("{} is the pipeline's already: it shows {} as generation {}", main(),
                             marker.business_date.iso(), marker.generation));
  }

  /// Rights show one by one, so they are tried before all else and told with the rest.
  void find_missing_rights() {
    try {
      dbt::require_layer_rights(request_, plan_, publisher_);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::access_denied && error.kind() != ErrorKind::wrong_database) {
        throw;
      }
      throw Error(error.kind(), fmt::format("{} is not adopted, nothing was changed: {}", main(),
                                            error.message()));
    }
    if (!request_.vault || rules_.empty()) return;
    const bool makes_tables = context_.config.warehouse.accounts.contains("admin");
    const auto tables = makes_tables ? std::vector<publish::VaultedTable>() : vaulted();
    for (const auto& objection : dbt::vault_objections(*request_.vault, tables)) {
      refused_.push_back("the vault is not in order: " + objection);
    }
  }

  Marker require_upstream() {
    const std::string& schema = request_.upstream_schema();
    const auto upstream = publish::read_marker(publisher_, schema);
    if (upstream) return *upstream;
    throw Error(ErrorKind::guard_refused,
                fmt::format("{} is not the pipeline's yet, so {} cannot be: adopt {} first (the "
                            "loader or the transformer that fills it has the same command)",
                            schema, main(), schema));
  }

  /// What stands in the layer's schemas, and which models lack a table.
  void survey() {
    std::set<TableName> expected;
    for (const Node* node : plan_.nodes) {
      const TableName live = dbt::live_name(*node);
      expected.insert(live);
      const RelationKind kind = publish::relation_kind(publisher_, live);
      const bool incremental = node->config.materialized == Materialization::incremental;
      if (kind == RelationKind::table && incremental) accumulated_.push_back(live);
      if (kind == RelationKind::table) standing_.push_back(live);
      if (kind == RelationKind::absent && incremental) missing_.push_back(live);
      if (kind == RelationKind::view && incremental) views_in_place_.push_back(live);
      add_line(live, std::string(word_of(node->config.materialized)), kind, becomes(*node, kind));
    }
    for (const auto& schema : plan_.schemas) {
      if (schema != main() && publish::read_marker(publisher_, schema)) {
        refused_.push_back(schema + " has a marker although " + main() +
                           " has none; holds or restore make it again");
      }
      for (const auto& relation : publish::relations_of(publisher_, schema)) {
        add_stranger({schema, relation.name}, relation.kind, expected);
      }
    }
  }

  static std::string becomes(const Node& node, RelationKind kind) {
    const bool incremental = node.config.materialized == Materialization::incremental;
    if (kind == RelationKind::absent) return "is not there; the first run makes it";
    if (kind == RelationKind::view) return "each run makes it anew";
    if (incremental) return "the next run builds on it";
    return "the first run makes it anew and keeps this one as a backup";
  }

  void add_stranger(const TableName& name, Standing::Kind kind,
                    const std::set<TableName>& expected) {
    if (expected.contains(name)) return;
    const auto leftover = publish::leftover_of(name.table);
    if (leftover) leftovers_.emplace_back(name, *leftover);
    const RelationKind relation =
        kind == Standing::Kind::view ? RelationKind::view : RelationKind::table;
    add_line(name, leftover ? publish::text_of(*leftover) : "no model makes it", relation,
             leftover ? "stays; nothing of the pipeline reads or drops it" : "stays as it is");
  }

  void add_line(const TableName& name, std::string what, RelationKind kind, std::string becomes) {
    Json item = Json::object();
    item.set("name", name.text());
    item.set("is", what);
    item.set("becomes", becomes);
    std::string rows = "-";
    if (kind == RelationKind::table) {
      throw_if_cancelled();
      const std::uint64_t counted = publish::count_rows(publisher_, name);
      item.set("rows", counted);
      rows = std::to_string(counted);
    }
    lines_.push_back({name.text(), std::move(what), std::move(rows), std::move(becomes)});
    tables_json_.push_back(std::move(item));
  }

  /// The keys of incremental tables, as guards and models know them.
  std::vector<std::string> key_of(const TableName& live) const {
    for (const auto& rule : rules_) {
      if (rule.table == live) return rule.key;
    }
    for (const Node* node : plan_.nodes) {
      if (dbt::live_name(*node) == live) return node->config.unique_key;
    }
    return {};
  }

  std::vector<NewestDay> newest_days() {
    std::vector<NewestDay> days;
    for (const auto& live : accumulated_) {
      const auto columns = publish::columns_of(publisher_, live);
      for (const auto& name : key_of(live)) {
        const auto* column = publish::find_column(columns, name);
        if (column == nullptr || column->data_type != "date") continue;
        throw_if_cancelled();
        const auto newest = publisher_.query_value(
            fmt::format("SELECT MAX({}) FROM {}", quote_name(column->name), live.quoted()));
        days.push_back({.table = live,
                        .column = column->name,
                        .date = BusinessDate::parse(newest.value_or(""))});
      }
    }
    return days;
  }

  BusinessDate choose_date(const Marker& upstream) {
    newest_ = newest_days();
    const BusinessDate shown = upstream.business_date;
    const auto says_so = [&](const NewestDay& day) { return day.date == shown; };
    if (!request_.business_date) {
      if (accumulated_.empty() || std::ranges::any_of(newest_, says_so)) return shown;
      throw Error(
          ErrorKind::config_invalid,
          fmt::format("nobody can tell from {} which day {} holds: no newest date of a key "
                      "is {}, the day of {}; say it with --business-date",
                      main(), listed(accumulated_), shown.iso(), request_.upstream_schema()));
    }
    const BusinessDate asked = *request_.business_date;
    if (asked > shown || (asked < shown && upstream.generation == 0)) {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("--business-date is {}, but {} shows {}: adopt all layers as of the "
                              "last day that all of them hold; the loader then loads the days "
                              "after it again",
                              asked.iso(), request_.upstream_schema(), shown.iso()));
    }
    return asked;
  }

  /// What the first night would fail on.
  void judge(BusinessDate date) {
    for (const auto& objection : publish::objections_to(publisher_, standing_)) {
      refused_.push_back(objection);
    }
    for (const auto& live : views_in_place_) {
      refused_.push_back(live.text() +
                         " is a view, and the model is incremental: its rows would begin anew");
    }
    for (const auto& live : missing_) judge_missing(live);
    for (const auto& rule : rules_) judge_key(rule);
    if (!reason_.empty()) return;
    for (const auto& day : newest_) {
      if (!day.date || *day.date <= date) continue;
      refused_.push_back(fmt::format(
          "{} has rows of {} ({}), a later day than {}: the next run would apply days twice; if "
          "those dates lie ahead by right, give --reason",
          day.table.text(), day.date->iso(), day.column, date.iso()));
    }
  }

  void judge_missing(const TableName& live) {
    std::vector<std::string> beside;
    for (const auto& [name, leftover] : leftovers_) {
      if (name.schema == live.schema && leftover.of == live.table) beside.push_back(name.table);
    }
    if (beside.empty()) return;
    refused_.push_back(fmt::format(
        "{} is not there, but {} is: the model would begin from nothing. If its rows are there: "
        "RENAME TABLE {} TO {}; if they are not wanted, give it a name of another kind",
        live.text(), join(beside, ", "), TableName{live.schema, beside.front()}.quoted(),
        live.quoted()));
  }

  void judge_key(const publish::HistoryRule& rule) {
    if (publish::relation_kind(publisher_, rule.table) != RelationKind::table) return;
    try {
      publish::require_usable(publisher_, rule);
      for (const auto& fault : publish::key_faults(
               publisher_, {.table = rule.table, .query = {}, .hidden = {}}, rule.key)) {
        refused_.push_back(fmt::format("{} is protected, and {}", rule.table.text(), fault));
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::config_invalid) throw;
      refused_.push_back(error.message());
    }
  }

  Marker marker_of(const Marker& upstream, BusinessDate date) const {
    // A layer that lacks days of the one below it must not look up to date.
    const bool current = date == upstream.business_date;
    return {.generation = 0,
            .upstream_generation = current ? upstream.generation : 0,
            .run_id = context_.run_id,
            .business_date = date,
            .source_object = current ? upstream.source_object : "",
            .source_sha256 = current ? upstream.source_sha256 : "",
            .project_hash = current ? plan_.hash : "",
            .published_at = format_utc(context_.clock.now())};
  }

  void look_at_tests(BusinessDate date) {
    if (!refused_.empty()) return;
    Connection session = Connection::open(request_.build);
    const dbt::ListedSession listed(sessions_, session, Victim::statement);
    if (!dry_run_) {
      publish::note_session(publisher_, session,
                            {.run_id = context_.run_id, .target = main(), .role = "adopt"});
    }
    Json red = Json::array();
    for (const auto& result :
         run_tests_on_live(context_, request_, compiler_, plan_, session, date)) {
      if (result.status == NodeStatus::pass || result.status == NodeStatus::skipped) continue;
      red_.push_back(fmt::format("{}: {}", result.unique_id, result.message));
      red.push_back(to_json(result));
    }
    context_.output.set("red_tests", std::move(red));
  }

  void tell(const Marker& marker) {
    context_.output.set("generation", marker.generation);
    context_.output.set("business_date", marker.business_date.iso());
    context_.output.set("tables", tables_json_);
    Json days = Json::array();
    for (const auto& day : newest_) {
      Json item = Json::object();
      item.set("table", day.table.text());
      item.set("column", day.column);
      item.set("newest", day.date ? Json(day.date->iso()) : Json());
      days.push_back(std::move(item));
    }
    context_.output.set("newest_days", std::move(days));
    Json refusals = Json::array();
    for (const auto& line : refused_) refusals.push_back(line);
    context_.output.set("refused", std::move(refusals));
    Json statements = Json::array();
    const auto remedies = publish::statements_to_make_plain(publisher_, standing_);
    for (const auto& line : remedies) statements.push_back(line);
    context_.output.set("statements", std::move(statements));
    if (as_json_) {
      if (!refused_.empty()) fmt::print("{}\n", context_.output.dump());
      return;
    }
    fmt::print("{} as of {}, generation {}\n", main(), marker.business_date.iso(),
               marker.generation);
    print_columns(lines_);
    for (const auto& day : newest_) {
      fmt::print("{}: newest {} is {}\n", day.table.text(), day.column,
                 day.date ? day.date->iso() : "nothing");
    }
    for (const auto& line : red_) fmt::print("red today, not in the way: {}\n", line);
    for (const auto& line : refused_) fmt::print("refused: {}\n", line);
    if (!remedies.empty()) fmt::print("an administrator may type:\n");
    for (const auto& line : remedies) fmt::print("  {};\n", line);
  }

  void carry_out(const Marker& marker) {
    publish::AdoptionOrder order{.markers = {}, .accumulated = accumulated_, .reason = reason_};
    for (const auto& schema : plan_.schemas) order.markers.emplace_back(schema, marker);
    const auto adoption = publish::plan_adoption(order);
    publish::write_markers(publisher_, adoption);
    publish::carry_out(publisher_, adoption.plan,
                       {.clock = context_.clock, .check_cancelled = [] { throw_if_cancelled(); }});
    failpoint("adopt_after_marker");
  }

  std::vector<publish::VaultedTable> vaulted() const {
    std::vector<publish::VaultedTable> tables;
    for (const auto& rule : rules_) tables.push_back({.live = rule.table, .key = rule.key});
    return tables;
  }

  void fill_vault_of_layer() {
    if (!request_.vault || rules_.empty()) return;
    context_.output.set("vault",
                        fill_vault(context_, *request_.vault, vaulted(),
                                   [this](const std::string& line) { say("vault: " + line); }));
  }

  static std::string listed(const std::vector<TableName>& tables) {
    std::vector<std::string> names;
    for (const auto& table : tables) names.push_back(table.text());
    return join(names, ", ");
  }

  const StageContext& context_;
  const dbt::LayerRunRequest& request_;
  const bool as_json_;
  const bool dry_run_;
  const std::string reason_;
  dbt::Compiler compiler_;
  dbt::LayerPlan plan_;
  std::vector<publish::HistoryRule> rules_;
  dbt::OpenSessions sessions_;
  CancelHook end_statements_;
  Connection publisher_;
  dbt::ListedSession listed_;

  std::vector<TableName> standing_;     // models' and seeds' tables that are there
  std::vector<TableName> accumulated_;  // of these the incremental ones
  std::vector<TableName> missing_;      // incremental ones that are not
  std::vector<TableName> views_in_place_;
  std::vector<std::pair<TableName, Leftover>> leftovers_;
  std::vector<NewestDay> newest_;
  std::vector<std::string> refused_;
  std::vector<std::string> red_;
  std::vector<std::vector<std::string>> lines_{{"NAME", "IS", "ROWS", "BECOMES"}};
  Json tables_json_ = Json::array();
};

}  // namespace

CliCommand adopt_command_line() {
  return {.name = "adopt",
          .help = "take a layer that dbt made into the records as it stands: show it, put markers",
          .options = {{.name = "--business-date",
                       .value_name = "DATE",
                       .help = "the last day that its incremental tables hold"},
                      {.name = "--dry-run",
                       .kind = OptionKind::flag,
                       .help = "show what would happen, and change nothing"},
                      {.name = "--reason",
                       .value_name = "TEXT",
                       .help = "why dates after the business date are right; for the journal"},
                      {.name = "--json", .kind = OptionKind::flag, .help = "print JSON"}}};
}

void adopt_command(const StageContext& context, const dbt::LayerRunRequest& request) {
  dbt::LayerRunRequest asked = request;
  if (const auto text = context.asked.value("--business-date")) {
    asked.business_date = BusinessDate::parse(*text);
    if (!asked.business_date) {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("--business-date {} is no date; write it as 2026-02-01", *text));
    }
  }
  LayerAdoption(context, asked).run();
}

}  // namespace pipeline
