#include "orchestrator/engine/history_sink.h"

#include <array>
#include <utility>

#include "common/base/error.h"

namespace pipeline {
namespace {

constexpr std::array<std::pair<RunStatus, std::string_view>, 5> status_words{{
    {RunStatus::running, "RUNNING"},
    {RunStatus::succeeded, "SUCCEEDED"},
    {RunStatus::failed, "FAILED"},
    {RunStatus::timed_out, "TIMED_OUT"},
    {RunStatus::aborted, "ABORTED"},
}};

struct OutcomeEvent {
  std::string operator()(const TaskSuccess&) const { return "TaskSucceeded"; }
  std::string operator()(const TaskFailure&) const { return "TaskFailed"; }
  // The service writes nothing of a task that the limit of the whole run ended.
  std::string operator()(const TaskTimeout& timeout) const {
    return timeout.of == TaskTimeout::Of::run ? "Orchestrator.TaskTimedOut" : "TaskTimedOut";
  }
  std::string operator()(const TaskCancelled&) const { return "TaskStateAborted"; }
};

std::string terminal_event(RunStatus status) {
  switch (status) {
    case RunStatus::succeeded:
      return "ExecutionSucceeded";
    case RunStatus::failed:
      return "ExecutionFailed";
    case RunStatus::timed_out:
      return "ExecutionTimedOut";
    case RunStatus::aborted:
      return "ExecutionAborted";
    case RunStatus::running:
      break;
  }
  require(false, "a run that has ended has a terminal status");
  return {};
}

std::string word_of(event::Phase phase) {
  switch (phase) {
    case event::Phase::started:
      return "Started";
    case event::Phase::succeeded:
      return "Succeeded";
    case event::Phase::failed:
      return "Failed";
  }
  return {};
}

struct EventType {
  std::string operator()(const event::ExecutionStarted&) const { return "ExecutionStarted"; }
  std::string operator()(const event::StateEntered& e) const { return e.type + "StateEntered"; }
  std::string operator()(const event::TaskScheduled&) const { return "TaskScheduled"; }
  std::string operator()(const event::TaskStarted&) const { return "TaskStarted"; }
  std::string operator()(const event::TaskEnded& e) const {
    return std::visit(OutcomeEvent{}, e.report.outcome);
  }
  std::string operator()(const event::RetryScheduled&) const {
    return "Orchestrator.RetryScheduled";
  }
  std::string operator()(const event::StateExited& e) const { return e.type + "StateExited"; }
  std::string operator()(const event::BranchesReached& e) const {
    return e.type + "State" + word_of(e.phase);
  }
  std::string operator()(const event::IterationReached& e) const {
    return "MapIteration" + word_of(e.phase);
  }
  std::string operator()(const event::ExecutionEnded& e) const {
    return terminal_event(e.result.status);
  }
};

}  // namespace

std::string_view word_of(RunStatus status) {
  return status_words[static_cast<std::size_t>(status)].second;
}

std::optional<RunStatus> parse_run_status(std::string_view word) {
  for (const auto& [status, name] : status_words) {
    if (name == word) return status;
  }
  return {};
}

std::string event_type(const HistoryEvent::Body& body) {
  return std::visit(EventType{}, body);
}

}  // namespace pipeline
