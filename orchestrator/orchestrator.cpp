// main(): runs the nightly state machine, and shows what it did.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <variant>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/concurrency/cancellation.h"
#include "common/config/cli.h"
#include "common/stage/config_file.h"
#include "orchestrator/alert_commands.h"
#include "orchestrator/doctor_command.h"
#include "orchestrator/look_commands.h"
#include "orchestrator/run_commands.h"
#include "orchestrator/simulate_command.h"

namespace pipeline {
namespace {

using Handler = int (*)(const OrchestratorContext&);
/// Reads pipeline.yaml itself: that it cannot be read is part of its answer.
using ConfigReader = int (*)(const DoctorContext&);
/// Needs no pipeline.yaml.
using Paperwork = int (*)(const SimulateContext&);

template <int (*look)(const LookContext&)>
int looking(const OrchestratorContext& context) {
  return look({.asked = context.asked,
               .config = context.config,
               .clock = context.clock,
               .program_folder = std::filesystem::path(context.program).parent_path().string()});
}

/// How SIGTERM and SIGINT end a command.
enum class Stops { at_once, gracefully };

struct Command {
  CliCommand cli;
  std::variant<Handler, ConfigReader, Paperwork> handler;
  Stops stops = Stops::at_once;
};

std::vector<Command> commands() {
  const CliOption date{.name = "--date", .value_name = "DATE", .help = "business date"};
  const CliOption same_date{
      .name = "--business-date", .value_name = "DATE", .help = "the same as --date"};
  const CliOption json{.name = "--json", .kind = OptionKind::flag, .help = "as JSON"};
  const CliPositional run{
      .name = "RUN", .help = "id of a run, or last", .needed = CliPositional::Needed::optional};
  return {
      {{.name = "run",
        .help = "run every pending business date up to DATE (default: today in Japan)",
        .options = {date,
                    same_date,
                    {.name = "--machine",
                     .value_name = "FILE",
                     .help = "this state machine instead of the configured one"}},
        .exclusive = {{date.name, same_date.name}}},
       run_command,
       Stops::gracefully},
      {{.name = "rerun",
        .help = "run one layer again, whatever its marker says",
        .options = {{.name = "--only", .value_name = "LAYER", .help = "staging, silver or gold"},
                    date,
                    same_date,
                    {.name = "--machine",
                     .value_name = "FILE",
                     .help = "this state machine instead of the configured one"}},
        .exclusive = {{date.name, same_date.name}}},
       rerun_command,
       Stops::gracefully},
      {{.name = "history",
        .help = "list the runs, newest first",
        .options = {{.name = "--limit", .value_name = "N", .help = "at most N runs; default 20"},
                    json}},
       looking<history_command>},
      {{.name = "show",
        .help = "one run: states, attempts, errors, what to type next",
        .options = {json},
        .positionals = {run}},
       looking<show_command>},
      {{.name = "logs",
        .help = "print the log of an attempt",
        .options = {{.name = "--attempt",
                     .value_name = "N",
                     .help = "the N-th attempt; default the last"}},
        .positionals = {{.name = "RUN", .help = "id of a run, or last"},
                        {.name = "STATE", .help = "state of the run"}}},
       looking<logs_command>},
      {{.name = "validate",
        .help = "check a state machine",
        .positionals = {{.name = "FILE",
                         .help = "default: the configured one",
                         .needed = CliPositional::Needed::optional}}},
       looking<validate_command>},
      {{.name = "simulate",
        .help = "run a state machine on paper: no waiting, tasks answered from a file",
        .options = {{.name = "--input", .value_name = "FILE", .help = "JSON; default {}"},
                    {.name = "--task-outcomes",
                     .value_name = "FILE",
                     .help = "JSON: what the attempts of each Task answer; default {} each"},
                    json},
        .positionals = {{.name = "FILE", .help = "the definition"}}},
       simulate_command},
      {{.name = "doctor",
        .help = "look at everything that a run needs, and say what to do",
        .options = {json}},
       doctor_command,
       Stops::gracefully},
      {{.name = "alert",
        .help = "list the alert channels, try one, or send the text on standard input by one",
        .options = {{.name = "--subject",
                     .value_name = "TEXT",
                     .help = "of what is sent; default its first line"}},
        .positionals = {{.name = "ACTION", .help = "list, test or send"},
                        {.name = "CHANNEL",
                         .help = "of test and send: its name in pipeline.yaml",
                         .needed = CliPositional::Needed::optional}}},
       alert_command,
       Stops::gracefully},
  };
}

CliSpec cli_of(const std::vector<Command>& known) {
  CliSpec spec{.program = "orchestrator",
               .summary = "Runs the nightly pipeline as a state machine and keeps its history."};
  spec.options = {config_option(),
                  {.name = "--log-format", .value_name = "text|json", .help = "on stderr"}};
  for (const auto& command : known) spec.commands.push_back(command.cli);
  return spec;
}

void configure_log(const CliInvocation& asked) {
  const auto given = asked.value("--log-format");
  if (!given) return;
  if (*given != "text" && *given != "json") {
    throw Error(ErrorKind::config_invalid, "--log-format is text or json");
  }
  log::configure(log::Level::info, *given == "json" ? log::Format::json : log::Format::text);
}

int run_program(const std::vector<std::string>& arguments) {
  const auto known = commands();
  const CliInvocation asked = parse_cli(cli_of(known), arguments);
  if (asked.text_to_print) {
    fmt::print("{}", *asked.text_to_print);
    return 0;
  }
  configure_log(asked);
  const auto command = std::find_if(known.begin(), known.end(), [&](const Command& one) {
    return one.cli.name == asked.command;
  });
  require(command != known.end(), "the command line knows only commands of the table");
  std::optional<StopOnSignals> signals;
  if (command->stops == Stops::gracefully) signals.emplace();
  const std::stop_token stop = signals ? signals->token() : std::stop_token{};
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  if (const auto* reader = std::get_if<ConfigReader>(&command->handler)) {
    return (*reader)({.asked = asked, .stop = stop, .program = program});
  }
  if (const auto* paperwork = std::get_if<Paperwork>(&command->handler)) {
    return (*paperwork)({.asked = asked, .clock = system_clock()});
  }
  const PipelineConfig config = read_config_of(asked);
  return std::get<Handler>(command->handler)({.asked = asked,
                                              .config = config,
                                              .clock = system_clock(),
                                              .stop = stop,
                                              .program = program});
}

}  // namespace
}  // namespace pipeline

int main(int argc, char** argv) {
  // Who reads our output may leave; a run must not end for that. Children get the default back.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return pipeline::run_program({argv + 1, argv + argc});
  } catch (...) {
    const pipeline::Error error = pipeline::current_error();
    pipeline::log::error("{}: {}", error.name(), error.what());
    return error.exit_code();
  }
}
