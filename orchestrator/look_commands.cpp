#include "orchestrator/look_commands.h"

#include <charconv>
#include <cstdio>
#include <filesystem>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/io/file.h"
#include "orchestrator/history/run_store.h"
#include "orchestrator/machine_file.h"
#include "orchestrator/report/text_report.h"

namespace pipeline {
namespace {

constexpr int history_rows = 20;
constexpr std::size_t log_piece_bytes = 64U << 10U;

RunStore open_history(const LookContext& context) {
  const std::string path = history_path(context.config.orchestrator.state_dir);
  if (!std::filesystem::exists(path)) {
    throw Error(ErrorKind::config_invalid, fmt::format("there is no run history at {} yet", path));
  }
  return RunStore(path);
}

int number_option(const LookContext& context, std::string_view option, int otherwise) {
  const auto text = context.asked.value(option);
  if (!text) return otherwise;
  int number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size() || number < 1) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("{} is a number from 1, not \"{}\"", option, *text));
  }
  return number;
}

RunDetail find_run(const RunStore& store, const LookContext& context) {
  const std::string asked = context.asked.positional("RUN").value_or("last");
  if (auto found = store.find(asked == "last" ? "latest" : asked)) return *std::move(found);
  throw Error(ErrorKind::config_invalid,
              fmt::format("the history has no run {}; the command history lists them", asked));
}

Json time_or_null(const std::optional<Instant>& instant) {
  return instant ? Json(format_utc(*instant)) : Json();
}

Json json_of(const RunSummary& run) {
  Json document = Json::object();
  document.set("id", run.id);
  document.set("kind", word_of(run.kind));
  document.set("business_date", run.business_date.iso());
  document.set("status", word_of(run.status));
  document.set("started", format_utc(run.started));
  document.set("ended", time_or_null(run.ended));
  document.set("failed_state", run.failed_state);
  document.set("error", run.error);
  document.set("cause", run.cause);
  document.set("only_state", run.only_state);
  document.set("requested_by", run.requested_by);
  return document;
}

Json json_of(const AttemptRecord& attempt) {
  Json document = Json::object();
  document.set("state", attempt.state);
  document.set("attempt", attempt.number);
  document.set("resource", attempt.resource);
  document.set("status", word_of(attempt.status));
  document.set("scheduled", format_utc(attempt.scheduled));
  document.set("started", time_or_null(attempt.started));
  document.set("ended", time_or_null(attempt.ended));
  document.set("error", attempt.error);
  document.set("cause", attempt.cause);
  document.set("exit_code", attempt.exit_code ? Json(*attempt.exit_code) : Json());
  document.set("signal", attempt.signal);
  document.set("log", attempt.log_path);
  document.set("result", attempt.result);
  return document;
}

Json json_of(const RunDetail& run) {
  Json document = json_of(run.run);
  document.set("definition_sha256", run.definition_sha256);
  document.set("input", run.input);
  Json states = Json::array();
  for (const auto& state : run.states) {
    Json entry = Json::object();
    entry.set("name", state.name);
    entry.set("type", state.type);
    entry.set("entered", format_utc(state.entered));
    entry.set("exited", time_or_null(state.exited));
    states.push_back(std::move(entry));
  }
  document.set("states", std::move(states));
  Json attempts = Json::array();
  for (const auto& attempt : run.attempts) attempts.push_back(json_of(attempt));
  document.set("attempts", std::move(attempts));
  return document;
}

void print_json(const Json& document) {
  fmt::print("{}\n", document.dump(Json::Style::indented));
}

/// The attempt that was asked for, the last one of the state if no number is given.
const AttemptRecord& find_attempt(const RunDetail& run, const LookContext& context) {
  const std::string state = context.asked.positional("STATE").value_or("");
  const int number = number_option(context, "--attempt", 0);
  const AttemptRecord* found = nullptr;
  for (const auto& attempt : run.attempts) {
    if (to_lower(attempt.state) != to_lower(state)) continue;
    if (number == 0 || attempt.number == number) found = &attempt;
  }
  if (found == nullptr) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("run {} has no such attempt of {}; the command show lists them",
                            run.run.id, state));
  }
  return *found;
}

}  // namespace

int history_command(const LookContext& context) {
  const int limit = number_option(context, "--limit", history_rows);
  const auto runs = open_history(context).list(limit);
  if (context.asked.has("--json")) {
    Json list = Json::array();
    for (const auto& run : runs) list.push_back(json_of(run));
    print_json(list);
    return 0;
  }
  fmt::print("{}", render_history(runs, {.now = context.clock.now()}));
  return 0;
}

int show_command(const LookContext& context) {
  const RunStore store = open_history(context);
  const RunDetail run = find_run(store, context);
  if (context.asked.has("--json")) {
    print_json(json_of(run));
  } else {
    fmt::print("{}", render_run(run, {.now = context.clock.now()}));
  }
  return 0;
}

int logs_command(const LookContext& context) {
  const RunStore store = open_history(context);
  const RunDetail run = find_run(store, context);
  const AttemptRecord& attempt = find_attempt(run, context);
  if (attempt.log_path.empty()) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("attempt {} of {} was never started and has no log", attempt.number,
                            attempt.state));
  }
  FileSource log(attempt.log_path);
  std::string piece(log_piece_bytes, '\0');
  while (const std::size_t got = log.read(piece)) {
    if (std::fwrite(piece.data(), 1, got, stdout) < got) break;
  }
  std::fflush(stdout);
  return 0;
}

int validate_command(const LookContext& context) {
  const MachineFile file = look_at_machine({.config = context.config,
                                            .program_folder = context.program_folder,
                                            .given = context.asked.positional("FILE")});
  for (const auto& warning : file.warnings) fmt::print("{}\n", warning);
  for (const auto& error : file.errors) fmt::print("{}\n", error);
  std::fflush(stdout);
  require_valid(file);
  fmt::print("{}: valid, {} states\n", file.path, file.definition->machine.states.size());
  return 0;
}

}  // namespace pipeline
