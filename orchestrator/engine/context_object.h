// The context object of the language: what $$ leads to.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/base/json.h"

namespace pipeline {

struct ContextFacts {
  const std::string& run_id;
  const std::string& machine_name;
  const Json& run_input;
  std::chrono::system_clock::time_point run_started;
  const std::string& state;
  std::chrono::system_clock::time_point entered;
  std::optional<std::int64_t> retries;  // of a state that can be retried
  const Json* map_item = nullptr;       // {"Index": ..., "Value": ...} inside a Map
  std::string task_token;               // of a Task that waits for one, otherwise empty
};

/// {"Execution": {"Id", "Input", "StartTime", "Name", "RoleArn", "RedriveCount"}, "StateMachine":
/// {"Id", "Name"}, "State": {"Name", "EnteredTime", "RetryCount"}, "Map": {"Item": ...}, "Task":
/// {"Token"}}. The ids
/// have the shape of ARNs; RoleArn is empty.
Json context_object(const ContextFacts& facts);

}  // namespace pipeline
