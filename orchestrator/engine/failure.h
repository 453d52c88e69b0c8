// What goes wrong with a state, by the names that ErrorEquals knows.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/asl/payload.h"
#include "orchestrator/engine/task_runner.h"

namespace pipeline {

struct Failure {
  std::string error;
  std::string cause;
};

/// nullopt for a success. A missed heartbeat is States.HeartbeatTimeout here; see shown_name().
std::optional<Failure> failure_of(const TaskOutcome& outcome);

/// Names that begin with "States." are the engine's: a task that could raise States.Runtime could
/// switch off its own Retry and Catch. Makes them States.TaskFailed, the name in the cause.
void keep_reserved_names(TaskOutcome& outcome);

/// The name that everybody sees: the service tells a missed heartbeat from a timeout in ErrorEquals
/// only.
std::string shown_name(const std::string& error);

/// The service reports its reserved names as States.Runtime; the specific name stands in the cause.
Failure runtime_failure(std::string cause);
Failure result_path_failure();

/// States.DataLimitExceeded of the state or resource.
Failure too_large(std::string_view name, asl::Excess excess);

}  // namespace pipeline
