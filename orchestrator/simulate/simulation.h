// Runs a state machine on paper: the interpreter of the real run, with a clock that jumps, tasks
// answered from a table and a history in memory.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/base/json.h"
#include "orchestrator/asl/state_machine.h"
#include "orchestrator/engine/history_sink.h"
#include "orchestrator/simulate/task_answers.h"

namespace pipeline {

struct SimulationOptions {
  Json input = Json::object();
  TaskAnswers answers;
  std::chrono::system_clock::time_point start;
};

struct Simulation {
  struct Event {
    std::string type;   // "TaskStateEntered"
    std::string state;  // empty for events of the run
    std::chrono::system_clock::time_point at;
  };
  RunResult result;
  std::vector<Event> events;  // only those that Step Functions has too
};

/// Runs to the end. Random numbers are the same in every simulation. An input past 256 KiB fails as
/// any document does that is too large.
Simulation simulate(const asl::StateMachine& machine, const SimulationOptions& options);

/// {"status", "output", "error", "cause", "events": [{"type", "state", "at"}]}; output is null
/// unless the run succeeded, error and cause are null where there are none.
Json to_json(const Simulation& simulation);

}  // namespace pipeline
