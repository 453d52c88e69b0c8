// Port of the engine: tasks that are answered from a table, on a clock that only moves when
// somebody waits.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "orchestrator/engine/task_runner.h"

namespace pipeline {

/// Waiting moves it on at once.
class VirtualClock : public Clock {
 public:
  explicit VirtualClock(std::chrono::system_clock::time_point start) : now_(start) {}

  std::chrono::system_clock::time_point now() override { return now_; }
  void sleep_for(std::chrono::milliseconds duration) override { now_ += duration; }

 private:
  std::chrono::system_clock::time_point now_;
};

/// What one attempt answers, and after how long.
struct TaskAnswer {
  TaskOutcome outcome;
  std::chrono::seconds takes{0};
};

/// By the name of the state, one for each attempt in order. An empty list: the task never ends.
using TaskAnswers = std::map<std::string, std::vector<TaskAnswer>, std::less<>>;

/// Reads {"State": [{"out": ...}, {"Error": "...", "Cause": ...}, ...]}; null is an empty table. An
/// answer may have "Seconds", how long the attempt takes. An "out" that is the text of a JSON
/// document is that document, as in a history of the service, and a "Cause" that is no text becomes
/// its JSON text. Throws config_invalid with the place of what is wrong.
TaskAnswers read_task_answers(const Json& document);

/// Answers from the table: the last answer of a list again when the list is at its end; {} for a
/// state that has no list. A timeout or heartbeat of the request that is shorter than the answer
/// takes ends the attempt.
class AnsweringRunner : public TaskRunner {
 public:
  AnsweringRunner(const TaskAnswers& answers, VirtualClock& clock)
      : answers_(answers), clock_(clock) {}

  TaskReport run(const TaskRequest& request, const Started& started, std::stop_token stop) override;

 private:
  const TaskAnswers& answers_;
  VirtualClock& clock_;
  std::map<std::string, std::size_t, std::less<>> used_;
};

}  // namespace pipeline
