#include "stages/commands/init_layer.h"

#include <algorithm>
#include <cstdio>

#include <fmt/core.h>

#include "common/base/error.h"
#include "stages/commands/init_command.h"
#include "stages/transform/run/layer_guards.h"
#include "stages/transform/run/layer_rights.h"
#include "stages/transform/run/model_session.h"

namespace pipeline {
namespace {

/// CURDATE() in models must be the dump's day, or a re-run gives other rows than the run.
std::string models_now(const StageContext& context, const dbt::LayerRunRequest& request) {
  const BusinessDate today = BusinessDate::at(context.clock.now());
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(request.run_time);
  const std::string wanted =
      fmt::format("{} {:02}:{:02}:00", today.iso(), minutes.count() / 60, minutes.count() % 60);
  Connection session = Connection::open(request.build);
  dbt::make_model_session(session, {.date = today, .time_of_day = minutes});
  std::string now = session.query_value("SELECT NOW()").value_or("");
  if (now == wanted) return now;
  throw Error(ErrorKind::wrong_database,
              fmt::format("{} gives NOW() as {} although the models' clock was set to {}",
                          request.build.endpoint.text(), now, wanted));
}

}  // namespace

void init_layer(const StageContext& context, const dbt::LayerRunRequest& request) {
  const dbt::Compiler compiler(request.compiler);
  const dbt::LayerPlan plan = dbt::plan_layer(compiler, request.plan);
  std::vector<SchemaToSetUp> schemas;
  for (const auto& schema : plan.schemas) schemas.push_back({.name = schema});
  if (set_up_schemas(context, schemas)) return;
  Connection publisher = Connection::open(request.publish);
  dbt::require_layer_rights(request, plan, publisher);
  const std::string now = models_now(context, request);
  context.output.set("models_now", now);
  fmt::print("rights are as a run needs them; NOW() in models is {}\n", now);
  Json unprotected = Json::array();
  const auto rules = dbt::rules_of_layer(compiler, request);
  for (const dbt::Node* node : plan.nodes) {
    if (node->config.materialized != dbt::Materialization::incremental) continue;
    const TableName live = dbt::live_name(*node);
    if (std::ranges::find(rules, live, &publish::HistoryRule::table) != rules.end()) continue;
    fmt::print("{} is incremental and not in protect.history: a run may delete rows of it\n",
               live.text());
    unprotected.push_back(live.text());
  }
  context.output.set("unprotected", std::move(unprotected));
}

}  // namespace pipeline
