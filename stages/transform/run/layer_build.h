// Builds the nodes of a layer and runs its tests, over several sessions at once.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/mariadb/identifier.h"
#include "stages/transform/compile/compiler.h"
#include "stages/transform/run/artifacts.h"
#include "stages/transform/run/build_sessions.h"
#include "stages/transform/run/layer_plan.h"
#include "stages/transform/run/node_builder.h"
#include "stages/transform/run/node_result.h"
#include "stages/transform/run/step_schedule.h"

namespace pipeline::dbt {

/// A node or test that only waited for others is tried again in a new session, so many times, as
/// long as none of its hooks has begun and its template has run no statement.
inline constexpr int node_attempts_max = 3;

struct LayerBuildOptions {
  const LayerPlan& plan;
  const Compiler& compiler;
  const RunState& state;
  /// What the candidates of state.with_base begin as, by unique_id.
  const std::map<std::string, TableName>& bases;
  Artifacts& artifacts;
  Clock& clock;
  std::function<void()> throw_if_cancelled;  // called by every worker
  std::size_t workers = 1;
  StepSchedule::OnFailure on_failure = StepSchedule::OnFailure::go_on;
};

/// Results come in the order of the plan, whatever the timing. A node below one that failed is
/// skipped, as is a test that looks at one; all others go on, unless the failure ends the run: with
/// OnFailure::stop, and whenever a session was lost or the process is asked to stop. Then the
/// statements of the other workers are ended too and what was not finished is skipped.
class LayerBuild {
 public:
  LayerBuild(BuildSessions& sessions, LayerBuildOptions options)
      : sessions_(sessions), options_(std::move(options)) {}

  std::vector<NodeResult> build_nodes();
  /// `built` is what build_nodes() gave.
  std::vector<NodeResult> run_tests(const std::vector<NodeResult>& built);

  /// What node builders need, in the session of worker 0.
  BuildContext context() { return context_in(sessions_.of(0)); }

 private:
  struct Work;
  BuildContext context_in(BuildSession& session) const;
  std::vector<NodeResult> run_all(const Work& work);
  StepOutcome attempt(const Work& work, const Node& node, std::size_t worker, NodeResult& result);

  BuildSessions& sessions_;
  const LayerBuildOptions options_;
};

}  // namespace pipeline::dbt
