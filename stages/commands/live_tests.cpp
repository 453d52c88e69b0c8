#include "stages/commands/live_tests.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "stages/publish/marker.h"
#include "stages/publish/sql.h"
#include "stages/transform/run/artifacts.h"
#include "stages/transform/run/data_tests.h"
#include "stages/transform/run/model_session.h"
#include "stages/transform/run/node_builder.h"
#include "stages/transform/run/session_queries.h"

namespace pipeline {
namespace {

using dbt::NodeResult;
using dbt::NodeStatus;

/// A node that `test` looks at and that nobody built yet; nullptr if all are there.
const dbt::Node* absent_parent(const dbt::Compiler& compiler, Connection& session,
                               const dbt::Node& test) {
  for (const auto& id : test.depends_on) {
    const dbt::Node* node = compiler.graph().find(id);
    if (node == nullptr) continue;
    if (publish::relation_kind(session, dbt::live_name(*node)) == publish::RelationKind::absent) {
      return node;
    }
  }
  return nullptr;
}

}  // namespace

std::vector<NodeResult> run_tests_on_live(const StageContext& context,
                                          const dbt::LayerRunRequest& request,
                                          const dbt::Compiler& compiler, const dbt::LayerPlan& plan,
                                          Connection& session, BusinessDate date) {
  dbt::make_model_session(session, {.date = date, .time_of_day = request.run_time});
  session.execute("USE " + quote_name(request.layer().schema));
  const std::string target =
      request.target_path.empty() ? compiler.project().dir + "/target" : request.target_path;
  dbt::Artifacts artifacts(target + "/adopt");
  dbt::SessionQueries warehouse(session, publish::shadow_schema(request.layer().schema));
  // Nothing is built here, so every name is a live one.
  const dbt::RunState nothing_built;
  const std::map<std::string, dbt::SchemaLook> looks;
  const std::map<std::string, TableName> bases;
  const dbt::BuildContext build{.session = session,
                                .compiler = compiler,
                                .state = nothing_built,
                                .warehouse = warehouse,
                                .artifacts = artifacts,
                                .looks = looks,
                                .bases = bases,
                                .clock = context.clock};
  std::vector<NodeResult> results;
  for (const dbt::Node* test : plan.tests) {
    throw_if_cancelled();
    NodeResult result{.unique_id = test->unique_id};
    if (const dbt::Node* parent = absent_parent(compiler, session, *test)) {
      result.status = NodeStatus::skipped;
      result.message = parent->unique_id + " is not there";
      results.push_back(std::move(result));
      continue;
    }
    try {
      dbt::run_data_test(build, *test, result);
    } catch (const Error& error) {
      if (!session.alive() || error.kind() == ErrorKind::cancelled) throw;
      result.status = NodeStatus::error;
      result.message = error.message();
      result.error = error;
    }
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace pipeline
