#include "orchestrator/engine/interpreter.h"

#include <algorithm>
#include <exception>
#include <map>
#include <random>
#include <set>
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
#include "orchestrator/engine/context_object.h"
#include "orchestrator/engine/failure.h"
#include "orchestrator/engine/state_values.h"

// A machine is a loop over its states; a Parallel or Map state runs such a loop inside its state,
// one branch after the other. What comes out of a state, an attempt or a whole machine is one of
// three: it worked; it failed, which a retrier or a catcher around it may heal; or the run ends
// here, which nothing heals (a stop, the time limit of the whole run). Every step of a state that
// only computes goes through attempt_pure(): there an error is the definition's or the data's fault
// and becomes States.Runtime, whereas an error of the history must end the run at once.

namespace pipeline {
namespace {

// Step Functions' quota for one execution: a definition that loops ends some time. Twenty are kept
// back for what must still be written when the bound is met.
constexpr int events_max = 25'000 - 20;

// The history keeps the whole cause; a log line only its beginning.
constexpr std::size_t logged_cause_bytes = 2'000;

using Instant = std::chrono::system_clock::time_point;

/// A state or machine failed; `state` is the innermost one in which it went wrong.
struct Failed {
  Failure failure;
  std::string state;
};
/// The run ends here, whatever catchers there are.
struct Halted {
  RunResult result;
};
template <typename Value>
using Tried = std::variant<Value, Failed, Halted>;

/// The machine goes on at `next`, or ends if there is none, with `output`.
struct GoOn {
  std::optional<std::string> next;
  Json output;
};

template <typename To, typename From>
Tried<To> pass_on(Tried<From> broken) {
  if (auto* failed = std::get_if<Failed>(&broken)) return std::move(*failed);
  return std::get<Halted>(std::move(broken));
}

bool can_be_retried(const asl::StateKind& kind) {
  return std::holds_alternative<asl::Task>(kind) || std::holds_alternative<asl::Parallel>(kind) ||
         std::holds_alternative<asl::Map>(kind);
}

/// A state from entering to leaving it.
struct Visit {
  const asl::State& state;
  const Json& input;  // as it came
  Instant entered;
  const Json* map_item;             // of the Map around it
  std::int64_t retries = 0;         // so far
  std::optional<std::string> next;  // a Choice chooses
};

/// One run from ExecutionStarted to its terminal event.
class Execution {
 public:
  Execution(const asl::StateMachine& machine, const RunPorts& ports, const RunOptions& options,
            std::stop_token stop)
      : machine_(machine),
        ports_(ports),
        options_(options),
        stop_(std::move(stop)),
        started_(ports.clock.now()) {
    if (machine.timeout) deadline_ = started_ + *machine.timeout;
  }

  RunResult run() {
    record(event::ExecutionStarted{.input = options_.input});
    const RunResult result = result_of(run_states(machine_, options_.input, nullptr));
    record(event::ExecutionEnded{.result = result});
    tell_end(result);
    return result;
  }

 private:
  static RunResult result_of(Tried<Json> ended) {
    if (auto* halted = std::get_if<Halted>(&ended)) return std::move(halted->result);
    if (auto* failed = std::get_if<Failed>(&ended)) {
      return {.status = RunStatus::failed,
              .error = shown_name(failed->failure.error),
              .cause = failed->failure.cause,
              .failed_state = failed->state,
              .output = {}};
    }
    return {.status = RunStatus::succeeded,
            .error = {},
            .cause = {},
            .failed_state = {},
            .output = std::get<Json>(std::move(ended))};
  }

  /// The whole machine, a branch or an iteration: from its first state to its last one's output.
  Tried<Json> run_states(const asl::StateMachine& machine, const Json& input,
                         const Json* map_item) {
    const bool outermost = &machine == &machine_;
    std::string name = machine.start_at;
    if (outermost && options_.only_state) name = *options_.only_state;
    Json document = input;
    for (;;) {
      const asl::State* state = machine.find(name);
      require(state != nullptr, "a transition names a state of the machine");
      Tried<GoOn> left = pass(*state, document, map_item);
      auto* on = std::get_if<GoOn>(&left);
      if (on == nullptr) return pass_on<Json>(std::move(left));
      document = std::move(on->output);
      if (!on->next) return document;
      name = *std::move(on->next);
    }
  }

  Tried<GoOn> pass(const asl::State& state, const Json& input, const Json* map_item) {
    const Scope scope("state", state.name);
    if (is_full()) return failed(state, runtime_failure("the run has more than 25000 events"));
    if (is_late()) return out_of_time(state);
    Visit visit{.state = state,
                .input = input,
                .entered = ports_.clock.now(),
                .map_item = map_item,
                .next = state.next};
    record(event::StateEntered{
        .state = state.name, .type = std::string(asl::type_name(state.kind)), .input = input});
    asl::RetryCounts counts;
    for (;;) {
      Tried<Json> tried = attempt(visit);
      if (auto* output = std::get_if<Json>(&tried)) return leave(visit, std::move(*output));
      if (std::holds_alternative<Halted>(tried)) return pass_on<GoOn>(std::move(tried));
      auto& broken = std::get<Failed>(tried);
      const auto retry =
          asl::next_retry(state.retry, broken.failure.error, counts, ports_.random());
      if (!retry) return give_up(visit, std::move(broken));
      ++visit.retries;
      if (auto halted = wait_before_retry(state, *retry)) return *std::move(halted);
    }
  }

  Tried<GoOn> leave(const Visit& visit, Json output) {
    record_exit(visit.state, output);
    // One state alone ends where it would have gone on.
    const bool ends = options_.only_state == visit.state.name;
    return GoOn{.next = ends ? std::nullopt : visit.next, .output = std::move(output)};
  }

  Tried<GoOn> give_up(const Visit& visit, Failed broken) {
    const asl::State& state = visit.state;
    if (std::holds_alternative<asl::Parallel>(state.kind) ||
        std::holds_alternative<asl::Map>(state.kind)) {
      // A failure before the first branch began, of ItemsPath for instance, has no phase to end.
      if (begun_.erase(&state) > 0) reach(state, event::Phase::failed);
    }
    const asl::Catcher* catcher = asl::find_catcher(state.catchers, broken.failure.error);
    if (catcher == nullptr) return broken;
    auto output = asl::place_result(
        visit.input, catcher->result_path,
        asl::error_output(shown_name(broken.failure.error), broken.failure.cause));
    if (!output) return failed(state, result_path_failure());
    if (const auto excess = asl::excess_of(*output)) {
      return failed(state, too_large(state.name, *excess));
    }
    caught_.emplace_back(broken.state, shown_name(broken.failure.error));
    record_exit(state, *output);
    return GoOn{.next = catcher->next, .output = *std::move(output)};
  }

  std::optional<Halted> wait_before_retry(const asl::State& state, const asl::Retry& retry) {
    record(event::RetryScheduled{
        .state = state.name, .retry = static_cast<int>(retry.number), .delay = retry.delay});
    log::warn("the next attempt starts in {} s",
              std::chrono::duration<double>(retry.delay).count());
    failpoint("engine.retry_wait");
    ports_.clock.sleep_for(within_run(retry.delay));
    if (stop_.stop_requested()) return interrupted(state, "stopped before the next attempt");
    if (is_late()) return out_of_time(state);
    return {};
  }

  /// What the state makes of its input: from InputPath to OutputPath, once.
  Tried<Json> attempt(Visit& visit) {
    const asl::State& state = visit.state;
    const Json context = context_of(visit);
    Tried<Json> input = attempt_pure(state, [&] {
      const Json selected = asl::select(state.flow.input_path, {visit.input, context});
      if (!state.flow.parameters) return selected;
      return asl::evaluate(*state.flow.parameters, with({selected, context}));
    });
    if (!std::holds_alternative<Json>(input)) return input;
    const Json& effective = std::get<Json>(input);
    Tried<Json> result = std::visit(
        [&](const auto& kind) { return work(visit, kind, effective, context); }, state.kind);
    if (!std::holds_alternative<Json>(result)) return result;
    Tried<Json> output = attempt_pure(
        state, [&] { return output_of(visit, std::get<Json>(std::move(result)), context); });
    if (const auto* document = std::get_if<Json>(&output)) {
      if (const auto excess = asl::excess_of(*document)) {
        return failed(state, too_large(state.name, *excess));
      }
    }
    return output;
  }

  Json output_of(const Visit& visit, Json result, const Json& context) const {
    const asl::DataFlow& flow = visit.state.flow;
    if (flow.result_selector) {
      result = asl::evaluate(*flow.result_selector, with({result, context}));
    }
    auto placed = asl::place_result(visit.input, flow.result_path, std::move(result));
    if (!placed) throw Error(ErrorKind::config_invalid, result_path_failure().cause);
    return asl::select(flow.output_path, {*placed, context});
  }

  /// What only computes: an Error is States.Runtime.
  template <typename Compute>
  static Tried<Json> attempt_pure(const asl::State& state, Compute compute) {
    try {
      return compute();
    } catch (const Error& error) {
      return failed(state, runtime_failure(error.message()));
    }
  }

  asl::Evaluation with(asl::PathRoots roots) const {
    return {.roots = roots, .random = ports_.random};
  }

  Json context_of(const Visit& visit) const {
    ContextFacts facts{.run_id = options_.run_id,
                       .machine_name = options_.machine_name,
                       .run_input = options_.input,
                       .run_started = started_,
                       .state = visit.state.name,
                       .entered = visit.entered,
                       .retries = {},
                       .map_item = visit.map_item,
                       .task_token = {}};
    const auto* task = std::get_if<asl::Task>(&visit.state.kind);
    if (task != nullptr && task->resource.ends_with(".waitForTaskToken")) {
      facts.task_token = fmt::format("{}/{}/{}", options_.run_id, visit.state.name, visit.retries);
    }
    if (can_be_retried(visit.state.kind)) facts.retries = visit.retries;
    return context_object(facts);
  }

  Tried<Json> work(Visit&, const asl::Succeed&, const Json& input, const Json&) { return input; }

  Tried<Json> work(Visit&, const asl::Pass& pass, const Json& input, const Json&) {
    return pass.result.value_or(input);
  }

  Tried<Json> work(Visit& visit, const asl::Choice& choice, const Json& input,
                   const Json& context) {
    return attempt_pure(visit.state, [&] {
      for (const auto& rule : choice.rules) {
        if (!asl::holds(rule.test, {input, context})) continue;
        visit.next = rule.next;
        return input;
      }
      if (!choice.otherwise) {
        throw Error(ErrorKind::config_invalid,
                    "States.NoChoiceMatched: no rule holds and there is no Default");
      }
      visit.next = choice.otherwise;
      return input;
    });
  }

  Tried<Json> work(Visit& visit, const asl::Wait& wait, const Json& input, const Json& context) {
    const asl::State& state = visit.state;
    Instant until = visit.entered;
    Tried<Json> asked = attempt_pure(state, [&] {
      until = end_of(wait, visit.entered, {input, context});
      return Json();
    });
    if (!std::holds_alternative<Json>(asked)) return asked;
    failpoint("engine.wait");
    // Again if the wall clock was set back meanwhile.
    while (ports_.clock.now() < until && !stop_.stop_requested() && !is_late()) {
      ports_.clock.sleep_for(
          within_run(std::chrono::ceil<std::chrono::milliseconds>(until - ports_.clock.now())));
    }
    if (stop_.stop_requested()) return interrupted(state, "stopped while it waited");
    if (is_late()) return out_of_time(state);
    return input;
  }

  Tried<Json> work(Visit& visit, const asl::Fail& fail, const Json& input, const Json& context) {
    std::string error;
    std::string cause;
    Tried<Json> read = attempt_pure(visit.state, [&] {
      error = text_of(fail.error, with({input, context}));
      cause = text_of(fail.cause, with({input, context}));
      return Json();
    });
    if (!std::holds_alternative<Json>(read)) return read;
    return Failed{.failure = {.error = error, .cause = cause},
                  .state = origin_of(error, visit.state.name)};
  }

  Tried<Json> work(Visit& visit, const asl::Parallel& parallel, const Json& input, const Json&) {
    begin_branches(visit.state);
    Json outputs = Json::array();
    for (const auto& branch : parallel.branches) {
      Tried<Json> ended = run_states(branch, input, visit.map_item);
      if (!std::holds_alternative<Json>(ended)) return ended;
      outputs.push_back(std::get<Json>(std::move(ended)));
    }
    end_branches(visit.state);
    return outputs;
  }

  Tried<Json> work(Visit& visit, const asl::Map& map, const Json& input, const Json& context) {
    const asl::State& state = visit.state;
    Tried<Json> items = attempt_pure(state, [&] { return items_of(map, {input, context}); });
    if (!std::holds_alternative<Json>(items)) return items;
    begin_branches(state);
    Json outputs = Json::array();
    for (const auto& item : std::get<Json>(items).as_array()) {
      Tried<Json> ended = iterate(visit, map, input, item, outputs.as_array().size());
      if (!std::holds_alternative<Json>(ended)) return ended;
      outputs.push_back(std::get<Json>(std::move(ended)));
    }
    end_branches(state);
    return outputs;
  }

  Tried<Json> iterate(const Visit& visit, const asl::Map& map, const Json& input, const Json& item,
                      std::size_t index) {
    const asl::State& state = visit.state;
    Json map_item = Json::object();
    map_item.set("Index", std::uint64_t{index});
    map_item.set("Value", item);
    record(event::IterationReached{
        .state = state.name, .index = index, .phase = event::Phase::started});
    Tried<Json> ended = attempt_pure(state, [&] {
      if (!map.item_selector) return item;
      Visit inner = visit;
      inner.map_item = &map_item;
      return asl::evaluate(*map.item_selector, with({input, context_of(inner)}));
    });
    if (const auto* selected = std::get_if<Json>(&ended)) {
      ended = run_states(map.processor.front(), Json(*selected), &map_item);
    }
    if (std::holds_alternative<Halted>(ended)) return ended;
    const bool succeeded = std::holds_alternative<Json>(ended);
    record(event::IterationReached{
        .state = state.name,
        .index = index,
        .phase = succeeded ? event::Phase::succeeded : event::Phase::failed});
    return ended;
  }

  void begin_branches(const asl::State& state) {
    begun_.insert(&state);
    reach(state, event::Phase::started);
    failpoint("engine.branches_started");
  }
  void end_branches(const asl::State& state) {
    begun_.erase(&state);
    reach(state, event::Phase::succeeded);
  }
  void reach(const asl::State& state, event::Phase phase) {
    record(event::BranchesReached{
        .state = state.name, .type = std::string(asl::type_name(state.kind)), .phase = phase});
  }

  Tried<Json> work(Visit& visit, const asl::Task& task, const Json& input, const Json& context) {
    const asl::State& state = visit.state;
    if (stop_.stop_requested()) return interrupted(state, "stopped before the task was started");
    if (is_full()) return failed(state, runtime_failure("the run has more than 25000 events"));
    TaskRequest request{.run_id = options_.run_id,
                        .business_date = options_.business_date,
                        .state = state.name,
                        .resource = task.resource,
                        .input = input,
                        .timeout = task.timeout,
                        .heartbeat = task.heartbeat};
    // The paths of the limits begin at what came in, not at what Parameters made of it.
    Tried<Json> limits = attempt_pure(state, [&] {
      if (task.timeout_path) {
        request.timeout = std::chrono::seconds(
            whole_number_at("TimeoutSecondsPath", *task.timeout_path, {visit.input, context}, 1));
      }
      if (task.heartbeat_path) {
        request.heartbeat = std::chrono::seconds(whole_number_at(
            "HeartbeatSecondsPath", *task.heartbeat_path, {visit.input, context}, 1));
      }
      return Json();
    });
    if (!std::holds_alternative<Json>(limits)) return limits;
    request.attempt = ++attempts_[state.name];
    TaskReport report = run_attempt(std::move(request));
    const auto failure = failure_of(report.outcome);
    if (!failure) return std::get<TaskSuccess>(std::move(report.outcome)).output;
    if (stop_.stop_requested()) {
      return interrupted(state, fmt::format("stopped while the task ran; it ended with {}: {}",
                                            failure->error, failure->cause));
    }
    const auto* timeout = std::get_if<TaskTimeout>(&report.outcome);
    if (timeout != nullptr && timeout->of == TaskTimeout::Of::run) return out_of_time(state);
    return failed(state, *failure);
  }

  TaskReport run_attempt(TaskRequest request) {
    record(event::TaskScheduled{.state = request.state,
                                .attempt = request.attempt,
                                .resource = request.resource,
                                .timeout = request.timeout});
    failpoint("engine.task_scheduled");
    log::info("attempt {} starts: {}", request.attempt, request.resource);
    if (deadline_) {
      const auto left = std::chrono::ceil<std::chrono::seconds>(*deadline_ - ports_.clock.now());
      request.timeout = std::min(request.timeout.value_or(left), left);
    }
    TaskReport report = run_task(request);
    if (options_.reserved_names == ReservedNames::engine_only) keep_reserved_names(report.outcome);
    if (const auto* success = std::get_if<TaskSuccess>(&report.outcome)) {
      if (const auto excess = asl::excess_of(success->output)) {
        const Failure failure = too_large(request.resource, *excess);
        report.outcome = TaskFailure{.error = failure.error, .cause = failure.cause};
      }
    }
    auto* timeout = std::get_if<TaskTimeout>(&report.outcome);
    if (timeout != nullptr && is_late()) timeout->of = TaskTimeout::Of::run;
    tell_outcome(request.attempt, report.outcome);
    failpoint("engine.task_ended");
    record(event::TaskEnded{.state = request.state, .attempt = request.attempt, .report = report});
    failpoint("engine.outcome_recorded");
    return report;
  }

  static void tell_outcome(int attempt, const TaskOutcome& outcome) {
    if (const auto failure = failure_of(outcome)) {
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

  /// The state whose caught error a Fail state passes on; `otherwise` if none was caught.
  std::string origin_of(std::string_view error, const std::string& otherwise) const {
    for (const auto& [state, name] : caught_) {
      if (name == error) return state;
    }
    return caught_.empty() ? otherwise : caught_.front().first;
  }

  static Failed failed(const asl::State& state, Failure failure) {
    return {.failure = std::move(failure), .state = state.name};
  }

  static Halted interrupted(const asl::State& state, std::string cause) {
    return {.result = {.status = RunStatus::aborted,
                       .error = "Pipeline.Interrupted",
                       .cause = std::move(cause),
                       .failed_state = state.name,
                       .output = {}}};
  }

  Halted out_of_time(const asl::State& state) const {
    return {.result = {.status = RunStatus::timed_out,
                       .error = "States.Timeout",
                       .cause = fmt::format("the run took longer than its TimeoutSeconds, {}",
                                            machine_.timeout->count()),
                       .failed_state = state.name,
                       .output = {}}};
  }

  bool is_late() const { return deadline_ && ports_.clock.now() >= *deadline_; }

  /// As much of the wait as the run has left.
  std::chrono::milliseconds within_run(std::chrono::milliseconds wait) const {
    if (!deadline_) return wait;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - ports_.clock.now());
    return std::clamp(left, std::chrono::milliseconds(0), wait);
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
  Instant started_;
  std::optional<Instant> deadline_;
  int events_ = 0;
  std::map<std::string, int, std::less<>> attempts_;
  std::vector<std::pair<std::string, std::string>> caught_;  // state, error name
  std::set<const asl::State*> begun_;  // Parallel and Map states with a phase that has not ended
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
