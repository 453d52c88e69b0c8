#include "orchestrator/simulate/simulation.h"

#include <random>
#include <type_traits>
#include <utility>
#include <variant>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "orchestrator/engine/interpreter.h"

namespace pipeline {
namespace {

constexpr std::string_view ours = "Orchestrator.";
constexpr std::string_view task_state = "TaskState";  // entered, exited: the same for all

/// How the service names the events of a task by its Resource: an activity has names of its own,
/// and a job that is waited for is first submitted.
struct ResourceEvents {
  bool is_activity = false;
  bool is_submitted = false;
};

ResourceEvents events_of(std::string_view resource) {
  return {.is_activity = resource.find(":activity:") != std::string_view::npos,
          .is_submitted = resource.ends_with(".sync") || resource.ends_with(".sync:2") ||
                          resource.ends_with(".waitForTaskToken")};
}

/// Keeps types and states; documents would make a long simulation large.
class EventList : public HistorySink {
 public:
  void record(const HistoryEvent& event) override {
    const auto* scheduled = std::get_if<event::TaskScheduled>(&event.body);
    if (scheduled != nullptr) resource_ = events_of(scheduled->resource);
    Simulation::Event kept{.type = event_type(event.body), .state = {}, .at = event.at};
    if (kept.type.starts_with(ours)) return;
    if (resource_.is_activity && !kept.type.starts_with(task_state)) {
      kept.type = replace_all(kept.type, "Task", "Activity");
    }
    std::visit(
        [&](const auto& body) {
          if constexpr (requires { body.state; }) kept.state = body.state;
        },
        event.body);
    events.push_back(kept);
    if (!resource_.is_submitted || !std::holds_alternative<event::TaskStarted>(event.body)) return;
    kept.type = "TaskSubmitted";
    events.push_back(std::move(kept));
  }

  std::vector<Simulation::Event> events;

 private:
  ResourceEvents resource_;  // of the last task that was scheduled
};

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

}  // namespace

Simulation simulate(const asl::StateMachine& machine, const SimulationOptions& options) {
  VirtualClock clock(options.start);
  AnsweringRunner tasks(options.answers, clock);
  EventList history;
  std::mt19937_64 engine;
  std::uniform_real_distribution<double> unit(0.0, 1.0);
  RunResult result = run_machine(
      machine,
      {.tasks = tasks, .history = history, .clock = clock, .random = [&] { return unit(engine); }},
      {.run_id = "simulation",
       .business_date = BusinessDate::at(options.start),
       .input = options.input,
       .only_state = {},
       .reserved_names = ReservedNames::tasks_too},
      {});
  return {.result = std::move(result), .events = std::move(history.events)};
}

Json to_json(const Simulation& simulation) {
  const RunResult& result = simulation.result;
  Json document = Json::object();
  document.set("status", word_of(result.status));
  document.set("output", result.output);
  document.set("error", text_or_null(result.error));
  document.set("cause", text_or_null(result.cause));
  Json events = Json::array();
  for (const auto& event : simulation.events) {
    Json one = Json::object();
    one.set("type", event.type);
    if (!event.state.empty()) one.set("state", event.state);
    one.set("at", format_utc(event.at));
    events.push_back(std::move(one));
  }
  document.set("events", std::move(events));
  return document;
}

}  // namespace pipeline
