#include "orchestrator/simulate/simulation.h"

#include <random>
#include <type_traits>
#include <utility>
#include <variant>

#include "common/base/clock.h"
#include "orchestrator/engine/interpreter.h"

namespace pipeline {
namespace {

constexpr std::string_view ours = "Orchestrator.";

/// Keeps types and states; documents would make a long simulation large.
class EventList : public HistorySink {
 public:
  void record(const HistoryEvent& event) override {
    Simulation::Event kept{.type = event_type(event.body), .state = {}, .at = event.at};
    if (kept.type.starts_with(ours)) return;
    std::visit(
        [&](const auto& body) {
          if constexpr (requires { body.state; }) kept.state = body.state;
        },
        event.body);
    events.push_back(std::move(kept));
  }

  std::vector<Simulation::Event> events;
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
