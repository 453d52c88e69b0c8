// Port: runs one attempt of a task; a child process in the product, a table of answers in tests.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>

#include "common/base/clock.h"
#include "common/base/json.h"

namespace pipeline {

struct TaskRequest {
  std::string run_id;
  BusinessDate business_date;
  std::string state;
  int attempt = 1;       // from 1; counts every start of this state in this run
  std::string resource;  // "stage:staging_loader"
  Json input;            // what came through InputPath and Parameters
  std::optional<std::chrono::seconds> timeout;
  /// A definition that has one is refused before a run whose runner does not watch heartbeats.
  std::optional<std::chrono::seconds> heartbeat;
};

/// `output` becomes the state's result: what the stage's result file holds under "output".
struct TaskSuccess {
  Json output;
};

/// `error` is a name for ErrorEquals: "Pipeline.SqlRejected", "Process.Signal.KILL",
/// "Process.ExitCode.9", "Process.StartFailed". Names that begin with "States." belong to the
/// engine; it reports such an error as States.TaskFailed.
struct TaskFailure {
  std::string error;
  std::string cause;  // for people: message, place, what to do
};

/// The request's timeout ran out, or a heartbeat did not come in time, and nothing of the task runs
/// any more. The engine reports States.Timeout; States.HeartbeatTimeout matches the latter too.
struct TaskTimeout {
  enum class Of { attempt, heartbeat, run };  // `run` is set by the engine
  std::string cause;
  Of of = Of::attempt;
};

/// Stop was requested and nothing of the task runs any more.
struct TaskCancelled {};

using TaskOutcome = std::variant<TaskSuccess, TaskFailure, TaskTimeout, TaskCancelled>;

/// What was started; told before the task can have any effect, where the runner can hold it back.
struct TaskStart {
  std::optional<std::int64_t> pid;
  std::string log_path;
};

struct TaskReport {
  TaskOutcome outcome;
  std::optional<int> exit_code;
  std::string signal;  // "KILL", empty if no signal ended the process
  /// The whole result file of the stage (null if it left none); kept in the history for every
  /// outcome: a failed stage counts and times too.
  Json result;
};

class TaskRunner {
 public:
  using Started = std::function<void(const TaskStart&)>;

  virtual ~TaskRunner() = default;

  /// Blocks until the attempt has ended and nothing of it runs any more. Calls `started` once, as
  /// soon as there is a process (never, if none could be started: that is a TaskFailure). If
  /// `started` throws, the attempt is stopped and the exception passes on. When `stop` is
  /// requested the task is cancelled: asked to end, then killed after its grace; an attempt that
  /// had succeeded before that is still a TaskSuccess.
  /// A throw of its own counts as a failed attempt with the Error's name.
  virtual TaskReport run(const TaskRequest& request, const Started& started,
                         std::stop_token stop) = 0;
};

}  // namespace pipeline
