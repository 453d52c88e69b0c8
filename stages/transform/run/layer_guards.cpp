#include "stages/transform/run/layer_guards.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/publish/marker.h"
#include "stages/publish/run_lock.h"
#include "stages/publish/sql.h"
#include "stages/transform/run/model_session.h"

namespace pipeline::dbt {
namespace {

using publish::HistoryFinding;
using publish::HistoryRule;

TableName candidate_of(const TableName& live) {
  return {publish::shadow_schema(live.schema), live.table};
}

bool is_true(const Json* value) {
  if (value == nullptr) return false;
  if (value->is_bool()) return value->as_bool();
  return value->is_string() && to_lower(value->as_string()) == "true";
}

/// A text or a list of texts.
std::vector<std::string> texts_of(const Json& value) {
  if (value.is_string()) return {value.as_string()};
  std::vector<std::string> texts;
  for (const auto& item : value.as_array()) texts.push_back(item.as_string());
  return texts;
}

std::vector<std::string> key_of(const Node& node) {
  if (const Json* key = node.config.meta.find("protect_key")) return texts_of(*key);
  if (!node.config.unique_key.empty()) return node.config.unique_key;
  for (const auto& index : node.config.indexes) {
    if (index.unique) return index.columns;
  }
  throw Error(ErrorKind::config_invalid,
              fmt::format("{} is protected by its meta, but nothing says which columns name a row; "
                          "give it a unique_key, or meta.protect_key",
                          node.unique_id));
}

void tell(const HistoryFinding& finding) {
  const std::string table = finding.rule.table.text();
  if (finding.since_live && finding.since_live->only_before != 0) {
    log::warn("{} rows of the live {} are not in the new one, which starts from {}",
              finding.since_live->only_before, table,
              finding.base ? finding.base->text() : "nothing");
  }
  if (!finding.live_not_compared.empty()) {
    log::warn("the live {} cannot be compared with the new one: {}", table,
              finding.live_not_compared);
  }
  if (!finding.since_base) return;
  const auto& columns = finding.since_base->columns_only_after;
  if (!columns.empty()) log::info("{} gets the columns {}", table, join(columns, ", "));
}

}  // namespace

std::vector<HistoryRule> history_rules(const std::vector<const Node*>& nodes,
                                       const ProtectOptions& options) {
  std::vector<HistoryRule> rules;
  for (const Node* node : nodes) {
    const TableName live = live_name(*node);
    const auto given = std::ranges::find(options.history, live, &HistoryRule::table);
    if (given != options.history.end()) {
      rules.push_back(*given);
    } else if (is_true(node->config.meta.find("protect"))) {
      const Json* closed_when = node->config.meta.find("protect_closed_when");
      rules.push_back({.table = live,
                       .key = key_of(*node),
                       .closed_when = closed_when == nullptr ? "" : closed_when->as_string(),
                       .place = "the meta of " + node->unique_id});
    }
  }
  return rules;
}

std::vector<HistoryRule> rules_of_layer(const Compiler& compiler, const LayerRunRequest& request) {
  LayerPlanOptions whole = request.plan;
  whole.only = {};
  return history_rules(plan_layer(compiler, whole).nodes, request.protect);
}

std::vector<std::string> history_names(const ProtectOptions& options) {
  std::vector<std::string> names;
  for (const auto& rule : options.history) names.push_back(rule.table.text());
  return names;
}

std::vector<std::string> floor_names(const LayerRunRequest& request) {
  std::vector<std::string> names;
  for (const auto& floor : request.protect.floors) {
    if (floor.table.schema != request.plan.staging_schema) names.push_back(floor.table.text());
  }
  return names;
}

GuardSession::GuardSession(const LayerRunRequest& request, const LayerRunPorts& ports,
                           Connection& publisher, const LayerMarkers& markers)
    : connection_(Connection::open(request.build)),
      listed_(ports.sessions, connection_, Victim::connection) {
  publish::note_session(
      publisher, connection_,
      {.run_id = request.run_id, .target = request.layer().schema, .role = "guard"});
  make_model_session(connection_, {.date = markers.date, .time_of_day = request.run_time});
}

bool is_rebuilt(const Node& node, const LayerRunRequest& request) {
  const bool asked = request.full_refresh == LayerRunRequest::FullRefresh::yes;
  return node.config.full_refresh.value_or(asked);
}

LayerGuards::LayerGuards(const LayerRunRequest& request, const LayerRunPorts& ports,
                         const LayerPlan& plan, Connection& publisher)
    : request_(request),
      ports_(ports),
      plan_(plan),
      publisher_(publisher),
      rules_(history_rules(plan.nodes, request.protect)) {}

const Node* LayerGuards::node_of(const TableName& table) const {
  const auto found = std::ranges::find_if(
      plan_.nodes, [&](const Node* node) { return live_name(*node) == table; });
  return found == plan_.nodes.end() ? nullptr : *found;
}

void LayerGuards::refuse_rebuild(const Node& node, const HistoryRule& rule) const {
  const std::string name = rule.table.text();
  if (node.config.materialized != Materialization::incremental) {
    throw Error(ErrorKind::guard_refused,
                fmt::format("{} is protected by {}, but its model is not incremental (any more): "
                            "each run would replace the history that it holds; make it "
                            "incremental, or take the protection off",
                            name, rule.place));
  }
  if (!is_rebuilt(node, request_) || !request_.protect.override_reason.empty()) return;
  throw Error(ErrorKind::guard_refused,
              fmt::format("{} is protected by {}: a full refresh would lose the history that it "
                          "holds alone; set full_refresh: false for {}, or give a reason with "
                          "--override-guards",
                          name, rule.place, node.unique_id));
}

void LayerGuards::require_usable(const LayerMarkers& markers) const {
  for (const auto& rule : rules_) refuse_rebuild(*node_of(rule.table), rule);
  if (rules_.empty()) return;
  GuardSession session(request_, ports_, publisher_, markers);
  for (const auto& rule : rules_) publish::require_usable(session.connection(), rule);
}

publish::HistoryTables LayerGuards::tables_of(const Node& node, Connection& session,
                                              const std::map<std::string, TableName>& bases) const {
  const TableName live = live_name(node);
  publish::HistoryTables tables{.candidate = candidate_of(live)};
  if (publish::relation_kind(session, live) == publish::RelationKind::table) tables.live = live;
  const auto base = bases.find(node.unique_id);
  if (base != bases.end()) {
    tables.base = base->second;
  } else if (is_rebuilt(node, request_)) {
    // Made from nothing on demand: what it loses is measured against what is there.
    tables.base = tables.live;
  }
  return tables;
}

void LayerGuards::judge(const LayerMarkers& markers,
                        const std::map<std::string, TableName>& bases) const {
  const std::string& reason = request_.protect.override_reason;
  if (!reason.empty()) ports_.output.set("guards_overridden", reason);
  std::vector<const publish::Floor*> floors;
  for (const auto& floor : request_.protect.floors) {
    if (node_of(floor.table) != nullptr) floors.push_back(&floor);
  }
  if (rules_.empty() && floors.empty()) return;
  GuardSession guard(request_, ports_, publisher_, markers);
  Connection& session = guard.connection();
  std::vector<std::string> violations;
  Json told = Json::array();
  for (const auto& rule : rules_) {
    ports_.throw_if_cancelled();
    const HistoryFinding finding =
        publish::judge_history(session, rule, tables_of(*node_of(rule.table), session, bases));
    tell(finding);
    told.push_back(finding.to_json());
    if (finding.violations.empty()) continue;
    violations.push_back(fmt::format("{} is protected, but {}", rule.table.text(),
                                     join(finding.violations, " and ")));
  }
  for (const auto* floor : floors) {
    ports_.throw_if_cancelled();
    std::optional<std::uint64_t> live_rows;
    if (publish::relation_kind(session, floor->table) != publish::RelationKind::absent) {
      live_rows = publish::count_rows(session, floor->table);
    }
    const auto rows = publish::count_rows(session, candidate_of(floor->table));
    Json json = Json::object();
    json.set("table", floor->table.text());
    json.set("live_rows", live_rows ? Json(*live_rows) : Json());
    json.set("rows", rows);
    Json broken = Json::array();
    for (auto& violation : publish::judge_floor(*floor, live_rows, rows)) {
      broken.push_back(violation);
      violations.push_back(std::move(violation));
    }
    json.set("violations", std::move(broken));
    told.push_back(std::move(json));
  }
  ports_.output.set("guards", std::move(told));
  if (violations.empty()) return;
  const std::string all = join(violations, "; ");
  if (!reason.empty()) {
    log::warn("published in spite of the guards, because \"{}\": {}", reason, all);
    return;
  }
  throw Error(
      ErrorKind::guard_refused,
      fmt::format("{}; nothing was published. The command diff shows these rows; the next "
                  "run begins anew, and --override-guards \"reason\" publishes all the same",
                  all));
}

}  // namespace pipeline::dbt
