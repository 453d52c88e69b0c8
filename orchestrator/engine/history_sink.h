// Port: what happened in a run, in order, durable before the next step is taken.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/json.h"
#include "orchestrator/engine/task_runner.h"

namespace pipeline {

/// Step Functions' words. `running` is the state of a run that has not ended yet.
enum class RunStatus { running, succeeded, failed, timed_out, aborted };

/// "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"
std::string_view word_of(RunStatus status);
std::optional<RunStatus> parse_run_status(std::string_view word);

/// How a run ended.
struct RunResult {
  RunStatus status = RunStatus::succeeded;
  std::string error;  // empty if it succeeded
  std::string cause;
  /// The state in which it went wrong: the one whose error was caught, if it came to that; empty
  /// if the run succeeded.
  std::string failed_state;
  Json output;  // of the last state, if it succeeded
};

/// The events, named as Step Functions names them. `type` is the Type of a state.
namespace event {

struct ExecutionStarted {
  Json input;
};
struct StateEntered {
  std::string state;
  std::string type;
  Json input;
};
/// The intent: recorded before the runner is called.
struct TaskScheduled {
  std::string state;
  int attempt = 1;
  std::string resource;
  std::optional<std::chrono::seconds> timeout;
};
struct TaskStarted {
  std::string state;
  int attempt = 1;
  TaskStart start;
};
/// TaskSucceeded, TaskFailed, TaskTimedOut or TaskStateAborted, by the report's outcome; ours is
/// Orchestrator.TaskTimedOut for a task that the time limit of the run ended.
struct TaskEnded {
  std::string state;
  int attempt = 1;
  TaskReport report;
};
/// Ours, not Step Functions': the wait before the next attempt.
struct RetryScheduled {
  std::string state;
  int retry = 1;  // from 1, of this retrier
  std::chrono::milliseconds delay{0};
};
struct StateExited {
  std::string state;
  std::string type;
  Json output;
};
/// How far a Parallel or Map state, or one iteration of a Map, has come.
enum class Phase { started, succeeded, failed };
/// ParallelStateStarted, MapStateFailed ...; a retry starts again without entering the state.
struct BranchesReached {
  std::string state;
  std::string type;
  Phase phase = Phase::started;
};
/// MapIterationStarted, MapIterationSucceeded, MapIterationFailed
struct IterationReached {
  std::string state;
  std::size_t index = 0;
  Phase phase = Phase::started;
};
/// ExecutionSucceeded, ExecutionFailed, ExecutionTimedOut or ExecutionAborted, by the status.
struct ExecutionEnded {
  RunResult result;
};

}  // namespace event

struct HistoryEvent {
  using Body =
      std::variant<event::ExecutionStarted, event::StateEntered, event::TaskScheduled,
                   event::TaskStarted, event::TaskEnded, event::RetryScheduled, event::StateExited,
                   event::BranchesReached, event::IterationReached, event::ExecutionEnded>;
  std::string run_id;
  std::chrono::system_clock::time_point at;
  Body body;
};

/// "TaskFailed", "FailStateEntered", "ExecutionSucceeded", "Orchestrator.RetryScheduled"
std::string event_type(const HistoryEvent::Body& body);

class HistorySink {
 public:
  virtual ~HistorySink() = default;
  /// When it returns the event is on the disk. A throw ends the run where it stands: nothing
  /// further is started.
  virtual void record(const HistoryEvent& event) = 0;
};

}  // namespace pipeline
