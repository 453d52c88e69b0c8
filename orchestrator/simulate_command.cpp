#include "orchestrator/simulate_command.h"

#include <optional>
#include <string>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/io/file.h"
#include "orchestrator/asl/definition_reader.h"
#include "orchestrator/simulate/simulation.h"

namespace pipeline {
namespace {

constexpr std::size_t file_bytes_max = 16U << 20U;

std::string read_text(const std::string path) {
  try {
    return read_file(path, file_bytes_max);
  } catch (const Error& error) {
    throw Error(ErrorKind::config_invalid, error.message());
  }
}

Json read_json(const std::string path) {
  const std::string text = read_text(path);
  try {
    return Json::parse(text);
  } catch (const Error& error) {
    throw Error(ErrorKind::config_invalid, fmt::format("{}: {}", path, error.message()));
  }
}

/// An answer for a state that is none is a slip of the pen that changes the simulation.
void warn_of_strangers(const asl::StateMachine& machine, const TaskAnswers& answers) {
  for (const auto& [name, list] : answers) {
    bool found = false;
    asl::for_each_state(machine, [&found, &wanted = name](const asl::State& state) {
      found = found || (state.name == wanted && std::holds_alternative<asl::Task>(state.kind));
    });
    if (!found) log::warn("the task outcomes answer for \"{}\", which is no Task", name);
  }
}

void print_text(const Simulation& simulation) {
  for (const auto& event : simulation.events) {
    fmt::print("{}  {}{}{}\n", format_jst(event.at), event.type, event.state.empty() ? "" : " ",
               event.state);
  }
  const RunResult& result = simulation.result;
  if (result.status == RunStatus::succeeded) {
    fmt::print("{} {}\n", word_of(result.status), result.output.dump());
  } else {
    fmt::print("{} {}: {}\n", word_of(result.status), result.error, result.cause);
  }
}

}  // namespace

int simulate_command(const SimulateContext& context) {
  const std::string path = *context.asked.positional("FILE");
  const asl::Definition definition = asl::parse_definition(read_text(path), path);
  for (const auto& warning : definition.warnings) log::warn("{}", warning.text());
  SimulationOptions options{.answers = {}, .start = context.clock.now()};
  if (const auto input = context.asked.value("--input")) options.input = read_json(*input);
  if (const auto file = context.asked.value("--task-outcomes")) {
    options.answers = read_task_answers(read_json(*file));
  }
  warn_of_strangers(definition.machine, options.answers);
  const Simulation simulation = simulate(definition.machine, options);
  if (context.asked.has("--json")) {
    fmt::print("{}\n", to_json(simulation).dump(Json::Style::indented));
  } else {
    print_text(simulation);
  }
  return 0;
}

}  // namespace pipeline
