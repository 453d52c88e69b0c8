#include "orchestrator/engine/interpreter.h"

#include <exception>
#include <map>
#include <random>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "orchestrator/asl/payload.h"
#include "orchestrator/asl/retry_policy.h"

namespace pipeline {
namespace {

// Step Functions' quota for one execution: a definition that loops ends some time. Twenty are kept
// back for what must still be written when the bound is met.
constexpr int events_max = 25'000 - 20;

// The history keeps the whole cause; a log line only its beginning.
constexpr std::size_t logged_cause_bytes = 2'000;

struct Failure {
  std::string error;
  std::string cause;
};

/// The run goes on at `next` with `output` as input.
struct GoOn {
  std::string next;
  Json output;
};
using Step = std::variant<GoOn, RunResult>;

struct FailureOf {
  std::optional<Failure> operator()(const TaskSuccess&) const { return {}; }
  std::optional<Failure> operator()(const TaskFailure& outcome) const {
    return Failure{.error = outcome.error, .cause = outcome.cause};
  }
  std::optional<Failure> operator()(const TaskTimeout& outcome) const {
    return Failure{.error = "States.Timeout", .cause = outcome.cause};
  }
  std::optional<Failure> operator()(const TaskCancelled&) const {
    return Failure{.error = "Pipeline.Cancelled", .cause = "the task was cancelled"};
  }
};

// Names that begin with "States." are the engine's: a task that could raise States.Runtime could
// switch off its own Retry and Catch.
void keep_reserved_names(TaskOutcome& outcome) {
  auto* failure = std::get_if<TaskFailure>(&outcome);
  if (failure == nullptr) return;
  if (failure->error.starts_with("States.")) {
    failure->cause = fmt::format("the task reported the reserved error name {}: {}", failure->error,
                                 failure->cause);
    failure->error = "States.TaskFailed";
  }
  if (failure->error.empty()) failure->error = "States.TaskFailed";
}

/// One run from ExecutionStarted to its terminal event.
class Execution {
 public:
  Execution(const asl::StateMachine& machine, const RunPorts& ports, const RunOptions& options,
            std::stop_token stop)
      : machine_(machine), ports_(ports), options_(options), stop_(std::move(stop)) {}

  RunResult run() {
    record(event::ExecutionStarted{.input = options_.input});
    GoOn at{.next = options_.only_state.value_or(machine_.start_at), .output = options_.input};
    for (;;) {
      const asl::State* state = machine_.find(at.next);
      require(state != nullptr, "a transition names a state of the machine");
      Step step = enter(*state, at.output);
      if (auto* result = std::get_if<RunResult>(&step)) {
        record(event::ExecutionEnded{.result = *result});
        tell_end(*result);
        return std::move(*result);
      }
      at = std::get<GoOn>(std::move(step));
    }
  }

 private:
  Step enter(const asl::State& state, const Json& input) {
    const Scope scope("state", state.name);
    if (is_full()) return failed(state, runtime_failure("the run has more than 25000 events"));
    record(event::StateEntered{
        .state = state.name, .type = std::string(asl::type_name(state.kind)), .input = input});
    return std::visit([&](const auto& kind) { return run_state(state, kind, input); }, state.kind);
  }

  Step run_state(const asl::State& state, const asl::Task& task, const Json& input) {
    asl::RetryCounts counts;
    for (;;) {
      if (stop_.stop_requested()) return interrupted(state, "stopped before the task was started");
      if (is_full()) return failed(state, runtime_failure("the run has more than 25000 events"));
      const TaskReport report = attempt(state, task, input);
      const auto failure = std::visit(FailureOf{}, report.outcome);
      if (!failure) return succeeded(state, task, input, std::get<TaskSuccess>(report.outcome));
      if (stop_.stop_requested()) {
        return interrupted(state, fmt::format("stopped while the task ran; it ended with {}: {}",
                                              failure->error, failure->cause));
      }
      const auto retry = asl::next_retry(task.retry, failure->error, counts, ports_.random());
      if (!retry) return give_up(state, task, input, *failure);
      record(event::RetryScheduled{
          .state = state.name, .retry = static_cast<int>(retry->number), .delay = retry->delay});
      log::warn("the next attempt starts in {} s",
                std::chrono::duration<double>(retry->delay).count());
      failpoint("engine.retry_wait");
      ports_.clock.sleep_for(retry->delay);
    }
  }

  Step run_state(const asl::State& state, const asl::Succeed&, const Json& input) {
    record_exit(state, input);
    return RunResult{.status = RunStatus::succeeded, .output = input};
  }

  Step run_state(const asl::State& state, const asl::Fail& fail, const Json& input) {
    const auto error = fail_text(fail.error, input);
    const auto cause = fail_text(fail.cause, input);
    if (!error || !cause) {
      return failed(state, runtime_failure("ErrorPath or CausePath leads to no text in the input"));
    }
    RunResult result = failed(state, {.error = *error, .cause = *cause});
    result.failed_state = origin_of(*error, state.name);
    return result;
  }

  TaskReport attempt(const asl::State& state, const asl::Task& task, const Json& input) {
    const TaskRequest request{.run_id = options_.run_id,
                              .business_date = options_.business_date,
                              .state = state.name,
                              .attempt = ++attempts_[state.name],
                              .resource = task.resource,
                              .input = input,
                              .timeout = task.timeout};
    record(event::TaskScheduled{.state = state.name,
                                .attempt = request.attempt,
                                .resource = task.resource,
                                .timeout = task.timeout});
    failpoint("engine.task_scheduled");
    log::info("attempt {} starts: {}", request.attempt, task.resource);
    TaskReport report = run_task(request);
    keep_reserved_names(report.outcome);
    tell_outcome(request.attempt, report.outcome);
    failpoint("engine.task_ended");
    record(event::TaskEnded{.state = state.name, .attempt = request.attempt, .report = report});
    failpoint("engine.outcome_recorded");
    return report;
  }

  static void tell_outcome(int attempt, const TaskOutcome& outcome) {
    if (const auto failure = std::visit(FailureOf{}, outcome)) {
      log::warn("attempt {} failed: {}: {}", attempt, failure->error,
                head(failure->cause, logged_cause_bytes));
    } else {
      log::info("attempt {} succeeded", attempt);
    }
  }

  static void tell_end(const RunResult& result) {
    if (result.status == RunStatus::succeeded) {
      log::info("the run ended {}", word_of(result.status));
    } else {
      log::error("the run ended {} in {}: {}: {}", word_of(result.status), result.failed_state,
                 result.error, head(result.cause, logged_cause_bytes));
    }
  }

  /// What the runner throws is a failed attempt; what the history throws ends everything.
  TaskReport run_task(const TaskRequest& request) {
    std::exception_ptr history_failure;
    const auto started = [&](const TaskStart& start) {
      try {
        record(
            event::TaskStarted{.state = request.state, .attempt = request.attempt, .start = start});
      } catch (...) {
        history_failure = std::current_exception();
        throw;
      }
      failpoint("engine.task_started");
    };
    TaskReport report;
    try {
      report = ports_.tasks.run(request, started, stop_);
    } catch (...) {
      const Error error = current_error();
      report.outcome = TaskFailure{.error = std::string(error.name()), .cause = error.what()};
    }
    if (history_failure) std::rethrow_exception(history_failure);
    return report;
  }

  Step succeeded(const asl::State& state, const asl::Task& task, const Json& input,
                 const TaskSuccess& success) {
    auto output = asl::place_result(input, task.result_path, success.output);
    if (!output) return failed(state, result_path_failure());
    record_exit(state, *output);
    const bool ends = !task.next || options_.only_state == state.name;
    if (ends) return RunResult{.status = RunStatus::succeeded, .output = *std::move(output)};
    return GoOn{.next = *task.next, .output = *std::move(output)};
  }

  Step give_up(const asl::State& state, const asl::Task& task, const Json& input,
               const Failure& failure) {
    const asl::Catcher* catcher = asl::find_catcher(task.catchers, failure.error);
    if (catcher == nullptr) return failed(state, failure);
    auto output = asl::place_result(input, catcher->result_path,
                                    asl::error_output(failure.error, failure.cause));
    if (!output) return failed(state, result_path_failure());
    caught_.emplace_back(state.name, failure.error);
    record_exit(state, *output);
    return GoOn{.next = catcher->next, .output = *std::move(output)};
  }

  /// The state whose caught error a Fail state passes on; `otherwise` if none was caught.
  std::string origin_of(std::string_view error, const std::string& otherwise) const {
    for (const auto& [state, name] : caught_) {
      if (name == error) return state;
    }
    return caught_.empty() ? otherwise : caught_.front().first;
  }

  static std::optional<std::string> fail_text(const asl::FailText& text, const Json& input) {
    if (const auto* literal = std::get_if<std::string>(&text)) return *literal;
    const auto* path = std::get_if<asl::ReferencePath>(&text);
    if (path == nullptr) return std::string{};
    const Json* value = asl::find_value(input, *path);
    if (value == nullptr || !value->is_string()) return {};
    return value->as_string();
  }

  // The service reports its reserved names as States.Runtime; the specific name stands in the
  // cause.
  static Failure runtime_failure(std::string cause) {
    return {.error = "States.Runtime", .cause = std::move(cause)};
  }
  static Failure result_path_failure() {
    return runtime_failure(
        "States.ResultPathMatchFailure: ResultPath leads through a value that is no object");
  }

  static RunResult failed(const asl::State& state, const Failure& failure) {
    return {.status = RunStatus::failed,
            .error = failure.error,
            .cause = failure.cause,
            .failed_state = state.name,
            .output = {}};
  }

  static RunResult interrupted(const asl::State& state, std::string cause) {
    return {.status = RunStatus::aborted,
            .error = "Pipeline.Interrupted",
            .cause = std::move(cause),
            .failed_state = state.name,
            .output = {}};
  }

  void record_exit(const asl::State& state, const Json& output) {
    record(event::StateExited{
        .state = state.name, .type = std::string(asl::type_name(state.kind)), .output = output});
    failpoint("engine.state_exited");
  }

  bool is_full() const { return events_ >= events_max; }

  void record(HistoryEvent::Body body) {
    ++events_;
    ports_.history.record(
        {.run_id = options_.run_id, .at = ports_.clock.now(), .body = std::move(body)});
  }

  const asl::StateMachine& machine_;
  const RunPorts& ports_;
  const RunOptions& options_;
  std::stop_token stop_;
  int events_ = 0;
  std::map<std::string, int, std::less<>> attempts_;
  std::vector<std::pair<std::string, std::string>> caught_;  // state, error name
};

}  // namespace

double random_unit() {
  static std::mt19937_64 engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
}

RunResult run_machine(const asl::StateMachine& machine, const RunPorts& ports,
                      const RunOptions& options, std::stop_token stop) {
  if (options.only_state && machine.find(*options.only_state) == nullptr) {
    std::string known;
    for (const auto& state : machine.states)
      known.append(known.empty() ? "" : ", ").append(state.name);
    throw Error(ErrorKind::config_invalid,
                fmt::format("the state machine has no state \"{}\"; it has {}", *options.only_state,
                            known));
  }
  const Scope scope("run", options.run_id);
  return Execution(machine, ports, options, std::move(stop)).run();
}

}  // namespace pipeline
