// A clock that jumps, a task runner that answers from a script and a history kept in memory.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "orchestrator/engine/history_sink.h"
#include "orchestrator/engine/task_runner.h"

namespace pipeline {

/// Sleeping moves the time and is remembered.
class FakeClock : public Clock {
 public:
  std::chrono::system_clock::time_point now() override { return now_; }
  void sleep_for(std::chrono::milliseconds duration) override {
    now_ += duration;
    sleeps.push_back(std::chrono::duration<double>(duration).count());
    if (on_sleep) on_sleep();
  }

  void set_back(std::chrono::seconds by) { now_ -= by; }

  std::vector<double> sleeps;  // seconds
  std::function<void()> on_sleep;

 private:
  std::chrono::system_clock::time_point now_ =
      BusinessDate::parse("2026-02-02")->instant_at(std::chrono::hours(7));
};

/// Answers each state's attempts from its list, the last answer again and again; a state without
/// a list succeeds with {"ran": NAME}.
class ScriptedRunner : public TaskRunner {
 public:
  TaskReport run(const TaskRequest& request, const Started& started,
                 std::stop_token /*stop*/) override {
    requests.push_back(request);
    if (before_start) before_start(request);
    started({.pid = 4711, .log_path = "logs/" + request.state});
    if (while_running) while_running(request);
    const auto found = script.find(request.state);
    if (found == script.end()) {
      Json output = Json::object();
      output.set("ran", request.state);
      return {.outcome = TaskSuccess{.output = output}};
    }
    auto& [answers, used] = found->second;
    return answers.at(used + 1 < answers.size() ? used++ : used);
  }

  void answer(const std::string& state, TaskOutcome outcome) {
    script[state].first.push_back({.outcome = std::move(outcome)});
  }
  void fail(const std::string& state, const std::string& error) {
    answer(state, TaskFailure{.error = error, .cause = "because of " + error});
  }
  void succeed(const std::string& state) { answer(state, TaskSuccess{.output = Json::object()}); }

  std::vector<std::string> states_run() const {
    std::vector<std::string> names;
    for (const auto& request : requests) names.push_back(request.state);
    return names;
  }

  std::vector<TaskRequest> requests;
  std::map<std::string, std::pair<std::vector<TaskReport>, std::size_t>> script;
  std::function<void(const TaskRequest&)> before_start;
  std::function<void(const TaskRequest&)> while_running;
};

class RecordingSink : public HistorySink {
 public:
  void record(const HistoryEvent& event) override {
    if (on_record) on_record(event);
    events.push_back(event);
  }

  /// "TaskScheduled", in order
  std::vector<std::string> types() const {
    std::vector<std::string> names;
    for (const auto& event : events) names.push_back(event_type(event.body));
    return names;
  }
  /// The bodies of one kind, in order.
  template <typename Body>
  std::vector<Body> of() const {
    std::vector<Body> found;
    for (const auto& event : events) {
      if (const auto* body = std::get_if<Body>(&event.body)) found.push_back(*body);
    }
    return found;
  }

  std::vector<HistoryEvent> events;
  std::function<void(const HistoryEvent&)> on_record;
};

}  // namespace pipeline
