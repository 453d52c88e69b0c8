#include "orchestrator/engine/context_object.h"

#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "common/base/clock.h"

namespace pipeline {
namespace {

// Definitions take ids apart at their colons. The region and the account are nobody's.
constexpr std::string_view arn_prefix = "arn:aws:states:local:111111111111:";

}  // namespace

Json context_object(const ContextFacts& facts) {
  Json execution = Json::object();
  execution.set("Id",
                fmt::format("{}execution:{}:{}", arn_prefix, facts.machine_name, facts.run_id));
  execution.set("Input", facts.run_input);
  execution.set("StartTime", format_utc(facts.run_started));
  execution.set("Name", facts.run_id);
  execution.set("RoleArn", "");
  execution.set("RedriveCount", 0);
  Json machine = Json::object();
  machine.set("Id", fmt::format("{}stateMachine:{}", arn_prefix, facts.machine_name));
  machine.set("Name", facts.machine_name);
  Json state = Json::object();
  state.set("Name", facts.state);
  state.set("EnteredTime", format_utc(facts.entered));
  if (facts.retries) state.set("RetryCount", *facts.retries);
  Json context = Json::object();
  context.set("Execution", std::move(execution));
  context.set("StateMachine", std::move(machine));
  context.set("State", std::move(state));
  if (!facts.task_token.empty()) {
    Json task = Json::object();
    task.set("Token", facts.task_token);
    context.set("Task", std::move(task));
  }
  if (facts.map_item != nullptr) {
    Json map = Json::object();
    map.set("Item", *facts.map_item);
    context.set("Map", std::move(map));
  }
  return context;
}

}  // namespace pipeline
