// The owners' procedure ran an update and its validation in one transaction on the live table and
// rolled back if the validation said 0. Here the two run on a copy, and the copy is published like
// anything else: so the table is never seen half-changed, hooks of DDL in the update do no harm,
// the guards look at it, and the version before it stays as a backup.
#include "stages/transform/run/safe_update.h"

#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "stages/publish/lineage.h"
#include "stages/publish/marker.h"
#include "stages/publish/names.h"
#include "stages/publish/plain_tables.h"
#include "stages/publish/publication.h"
#include "stages/publish/row_difference.h"
#include "stages/publish/sql.h"
#include "stages/transform/run/build_sessions.h"
#include "stages/transform/run/candidate_copy.h"
#include "stages/transform/run/candidate_update.h"
#include "stages/transform/run/layer_build.h"
#include "stages/transform/run/layer_gate.h"
#include "stages/transform/run/layer_guards.h"
#include "stages/transform/run/layer_rights.h"
#include "stages/transform/run/layer_vault.h"
#include "stages/transform/run/run_failure.h"
#include "stages/transform/run/validation.h"

namespace pipeline::dbt {
namespace {

using publish::HeldVersion;
using publish::Marker;

/// The layer's node that is this table; throws config_invalid.
const Node& node_of(const Compiler& compiler, const LayerRunRequest& request,
                    const TableName& target) {
  const auto nodes = nodes_of_layer(compiler.graph(), request.plan, request.plan.layer);
  std::vector<std::string> names;
  for (const Node* node : nodes) {
    if (live_name(*node) == target) {
      if (node->config.materialized != Materialization::view) return *node;
      throw Error(
          ErrorKind::config_invalid,
          fmt::format("target_table: {} is a view and has no rows of its own", target.text()));
    }
    names.push_back(live_name(*node).text());
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto meant = nearest(target.text(), known);
  throw Error(
      ErrorKind::config_invalid,
      fmt::format("target_table: the layer {} builds no {}{}", request.layer().name, target.text(),
                  meant.empty() ? "" : fmt::format("; did you mean {}?", meant)));
}

/// The layer, narrowed to this node and the tests that look at it.
LayerPlan plan_of(const Compiler& compiler, const LayerRunRequest& request, const Node& node) {
  LayerPlanOptions options = request.plan;
  options.only = {.select = {"path:" + node.place.file}, .exclude = {}};
  LayerPlan plan = plan_layer(compiler, options);
  plan.nodes = {&node};
  return plan;
}

class SafeUpdate {
 public:
  SafeUpdate(const LayerRunRequest& request, const SafeUpdateOrder& order,
             const LayerRunPorts& ports)
      : request_(request),
        order_(order),
        ports_(ports),
        compiler_(request.compiler),
        node_(node_of(compiler_, request, order.target)),
        plan_(plan_of(compiler_, request, node_)),
        update_{.live = order.target,
                .update_query = order.update_query,
                .validation_query = order.validation_query,
                .name = "update_query"},
        publisher_(Connection::open(request.publish)),
        listed_publisher_(ports.sessions, publisher_, Victim::statement),
        artifacts_(request.target_path.empty() ? compiler_.project().dir + "/target"
                                               : request.target_path),
        guards_(request_, ports_, plan_, publisher_),
        vault_(request_, ports_, publisher_, rules_of_layer(compiler_, request_)) {
    require_usable(update_);
    state_.built.insert(node_.unique_id);
  }

  void run() {
    const TableName& live = order_.target;
    ports_.output.set("schema", request_.layer().schema);
    ports_.output.set("table", live.text());
    ports_.output.set("dry_run", is_dry());
    require_layer_rights(request_, plan_, publisher_);
    take_layer(request_, plan_, publisher_, ports_);
    read_own_markers();
    held_ = held_by_live();
    ports_.output.set("business_date", markers_.date.iso());
    publish::require_plain_tables(publisher_, {live});
    guards_.require_usable(markers_);
    vault_.begin();
    BuildSessions sessions(publisher_, ports_.sessions,
                           {.account = request_.build,
                            .run_id = request_.run_id,
                            .schemas = plan_.schemas,
                            .default_schema = compiler_.project().target.schema,
                            .clock = {.date = markers_.date, .time_of_day = request_.run_time}});
    Connection& builder = sessions.of(0).connection;
    sweep_shadows(builder, plan_.schemas);
    change(builder);
    // What the statements left in the session is nobody's business.
    sessions.close_all();
    judge(sessions);
    if (is_dry() || nothing_changed_) {
      sweep_shadows(sessions.of(0).connection, plan_.schemas);
      ports_.output.set("nothing_new", nothing_changed_);
      return;
    }
    publish(sessions.of(0).connection);
  }

 private:
  bool is_dry() const { return order_.dry_run == SafeUpdateOrder::DryRun::yes; }

  /// What the layer shows counts, not what lies below it: the change is one of a day that is built.
  void read_own_markers() {
    for (const auto& schema : plan_.schemas) {
      const auto& marker = markers_.own[schema] = publish::read_marker(publisher_, schema);
      markers_.seen.emplace_back(schema, marker ? marker->generation : 0);
    }
    const auto& main = markers_.own.at(request_.layer().schema);
    if (!main) {
      throw Error(ErrorKind::guard_refused, fmt::format("{} was never published; run {} first",
                                                        request_.layer().schema, request_.command));
    }
    markers_.date = main->business_date;
  }

  HeldVersion held_by_live() {
    const TableName& live = order_.target;
    if (publish::relation_kind(publisher_, live) != publish::RelationKind::table) {
      throw Error(ErrorKind::guard_refused, live.text() + " is not there, or no table");
    }
    HeldVersion held = publish::held_version(publisher_, live);
    switch (held.known) {
      case HeldVersion::Known::by_records:
      case HeldVersion::Known::put_back_by_hand:
        return held;
      case HeldVersion::Known::never_published:
        throw Error(ErrorKind::guard_refused,
                    fmt::format("{} was published by no run, so nobody knows which day it holds; "
                                "run {} first",
                                live.text(), request_.command));
      case HeldVersion::Known::doubtful:
        throw Error(ErrorKind::guard_refused, publish::doubt_refused(live, held));
    }
    return held;
  }

  void change(Connection& builder) {
    const TableName candidate = publish::in_shadow(order_.target);
    ports_.output.set("rows_before", copy_candidate(builder, order_.target, candidate));
    failpoint("safe_update_after_copy");
    ports_.throw_if_cancelled();
    Json changed = Json::array();
    for (const auto rows : update_candidate(builder, update_)) changed.push_back(Json(rows));
    ports_.output.set("rows_changed", std::move(changed));
    ports_.output.set("rows_after", publish::count_rows(builder, candidate));
    ports_.throw_if_cancelled();
    tell_difference(builder);
  }

  void tell_difference(Connection& builder) {
    const TableName candidate = publish::in_shadow(order_.target);
    std::vector<std::string> key;
    for (const auto& rule : history_rules(plan_.nodes, request_.protect)) key = rule.key;
    const auto tried = publish::try_to_compare(
        builder, {.before = {.table = order_.target, .query = {}, .hidden = {}},
                  .after = {.table = candidate, .query = {}, .hidden = {}},
                  .key = key,
                  .before_where = {},
                  .closed_when = {}});
    nothing_changed_ = tried.found && tried.found->no_row_differs() &&
                       tried.found->columns_only_before.empty() &&
                       tried.found->columns_only_after.empty() && same_definition(builder);
    ports_.output.set("difference",
                      tried.to_json({{"removed", &publish::RowDifference::only_before},
                                     {"changed", &publish::RowDifference::changed},
                                     {"added", &publish::RowDifference::only_after}}));
  }

  /// Whether the statements left keys, types and options of the table as they were.
  bool same_definition(Connection& builder) const {
    const auto definition = [&](const TableName& table) {
      std::string text =
          builder.query("SHOW CREATE TABLE " + table.quoted()).rows.at(0).at(1).value_or("");
      // The next AUTO_INCREMENT number is no part of what a table is.
      const auto at = text.find(" AUTO_INCREMENT=");
      if (at != std::string::npos) text.erase(at, text.find_first_of(" \n", at + 1) - at);
      return text;
    };
    return definition(order_.target) == definition(publish::in_shadow(order_.target));
  }

  void judge(BuildSessions& sessions) {
    const std::map<std::string, TableName> bases{{node_.unique_id, order_.target}};
    LayerBuild build(sessions, {.plan = plan_,
                                .compiler = compiler_,
                                .state = state_,
                                .bases = bases,
                                .artifacts = artifacts_,
                                .clock = ports_.clock,
                                .throw_if_cancelled = ports_.throw_if_cancelled});
    const std::vector<NodeResult> changed{{.unique_id = node_.unique_id}};
    const auto tests = build.run_tests(changed);
    Json told = Json::array();
    for (const auto& test : tests) told.push_back(to_json(test));
    ports_.output.set("tests", std::move(told));
    throw_if_any_failed(changed, tests, artifacts_);
    require_valid(build.context(), plan_.nodes, ports_.output);
    sessions.close_all();
    guards_.judge(markers_, bases);
  }

  Marker next_marker(const std::string& schema) {
    Marker marker = *markers_.own.at(schema);
    marker.generation = publish::next_generation(publisher_, schema);
    marker.run_id = request_.run_id;
    marker.published_at = format_utc(ports_.clock.now());
    return marker;
  }

  publish::Publication publication() {
    publish::Publication publication{
        .run_id = request_.run_id,
        .kind = publish::PlanKind::update,
        .update = publish::PublishPlan::Update{.update_query = order_.update_query,
                                               .validation_query = order_.validation_query}};
    publication.reason = order_.reason;
    if (!request_.protect.override_reason.empty()) {
      publication.reason +=
          (order_.reason.empty() ? "guards overridden: " : "; guards overridden: ") +
          request_.protect.override_reason;
    }
    const std::string& main = request_.layer().schema;
    publication.markers.emplace_back(main, next_marker(main));
    if (order_.target.schema != main) {
      publication.markers.emplace_back(order_.target.schema, next_marker(order_.target.schema));
    }
    const bool accumulates = node_.config.materialized == Materialization::incremental;
    publication.tables.push_back(
        {.live = order_.target,
         .swapped_out = publish::SwappedOut::backup,
         .contents = accumulates ? publish::Contents::accumulated : publish::Contents::rebuilt,
         .origin = publish::Origin::updated,
         .holds = held_.date});
    publication.unchanged_generations = markers_.seen;
    return publication;
  }

  void publish(Connection& builder) {
    const publish::Publication publication = this->publication();
    for (const auto& [schema, marker] : publication.markers) {
      publish::write_candidate_marker(builder, schema, marker);
    }
    vault_.record(plan_.nodes, publication.markers);
    ports_.throw_if_cancelled();
    failpoint("safe_update_before_publish");
    const auto report =
        publish::publish(publisher_, publication,
                         {.clock = ports_.clock, .check_cancelled = ports_.throw_if_cancelled});
    failpoint("safe_update_after_publish");
    ports_.output.set("nothing_new", false);
    ports_.output.set("generation", report.generation);
    ports_.output.set("rename_ms", std::int64_t{report.rename_duration.count()});
    for (const auto& backup : report.backups) ports_.output.set("backup", backup.backup_name);
    vault_.note_published();
    log::info("changed {} as asked, {} generation {}", order_.target.text(),
              request_.layer().schema, report.generation);
  }

  const LayerRunRequest& request_;
  const SafeUpdateOrder& order_;
  const LayerRunPorts& ports_;
  Compiler compiler_;
  const Node& node_;
  LayerPlan plan_;
  CandidateUpdate update_;
  Connection publisher_;
  ListedSession listed_publisher_;
  Artifacts artifacts_;
  LayerGuards guards_;
  LayerVault vault_;

  LayerMarkers markers_;
  HeldVersion held_;
  RunState state_;
  bool nothing_changed_ = false;
};

}  // namespace

void safe_update(const LayerRunRequest& request, const SafeUpdateOrder& order,
                 const LayerRunPorts& ports) {
  const Scope scope("table", order.target.text());
  SafeUpdate(request, order, ports).run();
}

}  // namespace pipeline::dbt
