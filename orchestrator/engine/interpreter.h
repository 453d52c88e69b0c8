// Runs a state machine against its two ports: tasks and history.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "orchestrator/asl/state_machine.h"
#include "orchestrator/engine/history_sink.h"
#include "orchestrator/engine/task_runner.h"

namespace pipeline {

/// A new number in [0, 1) from the machine's own source of randomness.
double random_unit();

struct RunPorts {
  TaskRunner& tasks;
  HistorySink& history;
  /// Retry intervals sleep through it; give a StoppableClock, so that a stop ends the wait.
  Clock& clock;
  /// Uniform in [0, 1): the draw of JitterStrategy FULL.
  std::function<double()> random = random_unit;
};

/// Whose the error names are that begin with "States.".
enum class ReservedNames {
  engine_only,  // a task that reports one has failed with States.TaskFailed
  tasks_too,    // its answers are a recording of the service's
};

struct RunOptions {
  std::string run_id;
  BusinessDate business_date;
  Json input = Json::object();
  /// Starts at this state and ends SUCCEEDED when it succeeds, instead of taking its Next. Its
  /// Retry and Catch apply; the chain behind a Catch runs to its end.
  std::optional<std::string> only_state;
  std::string machine_name = "state_machine";  // what $$.StateMachine.Name says
  ReservedNames reserved_names = ReservedNames::engine_only;
};

/// Runs to the end and records everything that happens, ExecutionStarted to the terminal event.
/// The branches of a Parallel and the iterations of a Map run one after the other, in the order of
/// the definition and of the list; the first that fails ends the state, later ones are not begun.
/// Order: the intent is committed before the runner is called, the outcome before the transition.
/// When `stop` is requested no further task is started, the running one is cancelled, and the run
/// ends ABORTED with Pipeline.Interrupted; a Wait ends at once; states that only compute are still
/// passed. Past the machine's TimeoutSeconds it ends TIMED_OUT with States.Timeout.
/// Throws config_invalid if only_state is no state of the machine, and what the history throws.
RunResult run_machine(const asl::StateMachine& machine, const RunPorts& ports,
                      const RunOptions& options, std::stop_token stop);

}  // namespace pipeline
