// How a stage stops. SIGTERM and SIGINT are blocked in every thread and taken by one watcher
// thread, which raises a flag, calls the registered hooks (they kill the statements that run on the
// server, so that a wait of minutes ends at once) and gives the command some seconds to unwind. A
// stage that does not manage is ended: what it built lies in the shadow schema and the next run
// sweeps it.
#include "common/stage/stage_main.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/scope.h"
#include "common/base/secret.h"
#include "common/stage/config_file.h"
#include "common/stage/stage_result.h"

namespace pipeline {
namespace {

constexpr std::chrono::seconds unwind_within{8};
constexpr int cancelled_exit_code = 130;

std::atomic<bool>& stop_flag() {
  static std::atomic<bool> flag{false};
  return flag;
}

struct Hooks {
  std::mutex mutex;
  std::map<std::uint64_t, std::function<void()>> by_id;
  std::uint64_t next_id = 1;
};

Hooks& hooks() {
  // Never destroyed: the watcher may outlive main's static objects.
  static auto* instance = new Hooks;
  return *instance;
}

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

void watch_for_signals() {
  const sigset_t signals = stop_signals();
  int signal = 0;
  sigwait(&signals, &signal);
  stop_flag() = true;
  log::warn("asked to stop by signal {}", signal);
  // The hooks connect to the server, which may take longer than we have.
  std::thread([] {
    const std::lock_guard lock(hooks().mutex);
    for (const auto& [id, hook] : hooks().by_id) hook();
  }).detach();
  std::this_thread::sleep_for(unwind_within);
  log::error("did not stop within {} s; ending the process, nothing is half-published",
             unwind_within.count());
  ::_exit(cancelled_exit_code);
}

std::string made_run_id(Clock& clock) {
  const std::string utc = format_utc(clock.now());
  return fmt::format("manual-{}-{}", utc.substr(0, 19), ::getpid());
}

void configure_log(const CliInvocation& asked) {
  auto format = log::default_format();
  if (const auto given = asked.value("--log-format")) {
    if (*given != "text" && *given != "json") {
      throw Error(ErrorKind::config_invalid, "--log-format is text or json");
    }
    format = *given == "json" ? log::Format::json : log::Format::text;
  }
  const auto level = asked.value("--log-level").value_or("info");
  if (level != "info" && level != "debug") {
    throw Error(ErrorKind::config_invalid, "--log-level is info or debug");
  }
  log::configure(level == "debug" ? log::Level::debug : log::Level::info, format);
}

CliSpec with_common_options(CliSpec spec) {
  spec.options.push_back(config_option());
  spec.options.push_back(
      {.name = "--run-id", .value_name = "ID", .help = "the run that this start belongs to"});
  spec.options.push_back({.name = "--result-file",
                          .value_name = "FILE",
                          .help = "where to write how it ended, as JSON"});
  spec.options.push_back({.name = "--log-format", .value_name = "text|json", .help = "on stderr"});
  spec.options.push_back({.name = "--log-level", .value_name = "info|debug", .help = "on stderr"});
  return spec;
}

/// What the command threw, or `cancelled` if the process was asked to stop: statements that a hook
/// killed end with errors of their own, which would hide why.
Error reason(Error thrown) {
  if (!cancelled() || thrown.kind() == ErrorKind::cancelled) return thrown;
  return Error(ErrorKind::cancelled, "stopped by a signal").caused_by(thrown);
}

/// The id stands in markers, records and the vault, and people type it after "rollback".
std::string run_id_of(const CliInvocation& asked, Clock& clock) {
  constexpr std::size_t run_id_bytes_max = 64;  // of the columns in deploy/sql/pipeline.sql
  auto given = asked.value("--run-id");
  if (!given) return made_run_id(clock);
  const auto is_visible = [](char byte) { return byte > ' ' && byte <= '~'; };
  if (given->empty() || given->size() > run_id_bytes_max ||
      !std::ranges::all_of(*given, is_visible)) {
    throw Error(
        ErrorKind::config_invalid,
        fmt::format("--run-id wants 1 to {} ASCII characters without blanks", run_id_bytes_max));
  }
  return *std::move(given);
}

int run_command(const StageProgramSpec& spec, const CliInvocation& asked, Json& output) {
  configure_log(asked);
  Clock& clock = system_clock();
  const std::string run_id = run_id_of(asked, clock);
  const Scope run("run", run_id);
  const PipelineConfig config = read_config_of(asked);
  for (const auto& [name, command] : spec.commands) {
    if (name != asked.command) continue;
    command({.asked = asked, .config = config, .clock = clock, .run_id = run_id, .output = output});
    return 0;
  }
  throw Error(ErrorKind::internal, fmt::format("the command {} has no code", asked.command));
}

/// Nobody is told twice that the result cannot be written: `path` is empty then.
void require_place_of(std::optional<std::string>& path) {
  if (!path) return;
  try {
    require_result_place(*path);
  } catch (...) {
    path.reset();
    throw;
  }
}

void write_result(const std::optional<std::string>& path, const StageResult& result) {
  if (!path) return;
  try {
    write_stage_result(*path, result);
  } catch (const std::exception& error) {
    // The exit code still tells; an unwritable result must not turn success into failure.
    log::warn("the result file {} was not written: {}", *path, error.what());
  }
}

}  // namespace

bool cancelled() {
  return stop_flag();
}

void throw_if_cancelled() {
  if (cancelled()) throw Error(ErrorKind::cancelled, "stopped by a signal");
}

CancelHook::CancelHook(std::function<void()> hook) {
  const std::lock_guard lock(hooks().mutex);
  id_ = hooks().next_id++;
  hooks().by_id.emplace(id_, std::move(hook));
}

CancelHook::~CancelHook() {
  const std::lock_guard lock(hooks().mutex);
  hooks().by_id.erase(id_);
}

int stage_main(const StageProgramSpec& spec, int argc, char** argv) {
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::thread(watch_for_signals).detach();

  const std::vector<std::string> arguments(argv + 1, argv + argc);
  // Also where the rest of the command line is refused: who started us looks there.
  auto result_file = value_among(arguments, "--result-file");
  StageResult result;
  int exit_code = 0;
  try {
    const CliInvocation asked = parse_cli(with_common_options(spec.cli), arguments);
    if (asked.text_to_print) {
      std::fputs(asked.text_to_print->c_str(), stdout);
      return 0;
    }
    require_place_of(result_file);
    exit_code = run_command(spec, asked, result.output);
  } catch (...) {
    const Error error = reason(current_error());
    log::error("{}: {}", error.name(), error.what());
    Json output = std::move(result.output);
    result = StageResult::failed(error);
    result.output = std::move(output);
    exit_code = error.exit_code();
  }
  write_result(result_file, result);
  std::fflush(stdout);
  return exit_code;
}

}  // namespace pipeline
