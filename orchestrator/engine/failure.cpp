#include "orchestrator/engine/failure.h"

#include <utility>
#include <variant>

#include <fmt/core.h>

namespace pipeline {
namespace {

struct FailureOf {
  std::optional<Failure> operator()(const TaskSuccess&) const { return {}; }
  std::optional<Failure> operator()(const TaskFailure& outcome) const {
    return Failure{.error = outcome.error, .cause = outcome.cause};
  }
  std::optional<Failure> operator()(const TaskTimeout& outcome) const {
    const bool heartbeat = outcome.of == TaskTimeout::Of::heartbeat;
    return Failure{.error = heartbeat ? "States.HeartbeatTimeout" : "States.Timeout",
                   .cause = outcome.cause};
  }
  std::optional<Failure> operator()(const TaskCancelled&) const {
    return Failure{.error = "Pipeline.Cancelled", .cause = "the task was cancelled"};
  }
};

}  // namespace

std::optional<Failure> failure_of(const TaskOutcome& outcome) {
  return std::visit(FailureOf{}, outcome);
}

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

std::string shown_name(const std::string& error) {
  return error == "States.HeartbeatTimeout" ? "States.Timeout" : error;
}

Failure runtime_failure(std::string cause) {
  return {.error = "States.Runtime", .cause = std::move(cause)};
}

Failure too_large(std::string_view name, asl::Excess excess) {
  constexpr std::string_view error = "States.DataLimitExceeded";
  switch (excess) {
    case asl::Excess::bytes:
      return {.error = std::string(error),
              .cause = fmt::format("The state/task '{}' returned a result with a size exceeding "
                                   "the maximum number of bytes service limit.",
                                   name)};
    case asl::Excess::depth:
      break;
  }
  return {.error = std::string(error),
          .cause = fmt::format("the state/task '{}' returned a result that is nested deeper than "
                               "{} levels",
                               name, asl::payload_depth_max)};
}

Failure result_path_failure() {
  return runtime_failure(
      "States.ResultPathMatchFailure: ResultPath leads through a value that is no object");
}

}  // namespace pipeline
