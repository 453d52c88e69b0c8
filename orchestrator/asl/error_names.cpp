#include "orchestrator/asl/error_names.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/core.h>

#include "common/base/exit_code.h"
#include "common/base/text.h"

namespace pipeline::asl {
namespace {

// States Language, Appendix A, and the developer guide's "Error names".
constexpr std::array<std::string_view, 17> states_names{
    "States.ALL",
    "States.BranchFailed",
    "States.DataLimitExceeded",
    "States.ExceedToleratedFailureThreshold",
    "States.HeartbeatTimeout",
    "States.Http.Socket",
    "States.IntrinsicFailure",
    "States.ItemReaderFailed",
    "States.NoChoiceMatched",
    "States.ParameterPathFailure",
    "States.Permissions",
    "States.QueryEvaluationError",
    "States.ResultPathMatchFailure",
    "States.ResultWriterFailed",
    "States.Runtime",
    "States.TaskFailed",
    "States.Timeout",
};

std::string unknown(std::string_view name, std::span<const std::string_view> known) {
  const auto meant = nearest(name, known);
  if (meant.empty()) return fmt::format("nothing raises the error \"{}\"", name);
  return fmt::format("nothing raises the error \"{}\"; did you mean \"{}\"?", name, meant);
}

}  // namespace

std::span<const std::string_view> states_error_names() {
  return states_names;
}

std::optional<std::string> doubt_about(std::string_view name) {
  if (name == "States.Runtime") return "nothing retries or catches States.Runtime";
  if (name.starts_with("States.")) {
    if (std::ranges::find(states_names, name) != states_names.end()) return {};
    return unknown(name, states_names);
  }
  if (name.starts_with("State.")) return unknown(name, states_names);
  if (name.starts_with("Pipeline.")) {
    if (find_error_kind(name) != nullptr) return {};
    std::vector<std::string_view> known;
    for (const auto& entry : error_kinds()) known.push_back(entry.name);
    return unknown(name, known);
  }
  return {};
}

}  // namespace pipeline::asl
