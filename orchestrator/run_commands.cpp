#include "orchestrator/run_commands.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "common/io/file.h"
#include "common/process/process_tree.h"
#include "orchestrator/alerts/message.h"
#include "orchestrator/alerts/send_alert.h"
#include "orchestrator/engine/interpreter.h"
#include "orchestrator/engine/stoppable_clock.h"
#include "orchestrator/environment_names.h"
#include "orchestrator/history/run_lock.h"
#include "orchestrator/history/run_store.h"
#include "orchestrator/machine_file.h"
#include "orchestrator/tasks/process_task_runner.h"
#include "orchestrator/tasks/staging_check.h"

namespace pipeline {
namespace {

constexpr std::string_view loader_name = "staging_loader";
constexpr std::chrono::seconds orphan_grace{10};

std::string requested_by() {
  // systemd sets it for every start of a unit.
  if (std::getenv("INVOCATION_ID") != nullptr) return "systemd";
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing else in this process asks for accounts
  const passwd* user = ::getpwuid(::getuid());
  return user != nullptr ? user->pw_name : std::to_string(::getuid());
}

std::string folder_of(const OrchestratorContext& context) {
  return std::filesystem::path(context.program).parent_path().string();
}

asl::Definition read_machine(const OrchestratorContext& context) {
  MachineFile file = look_at_machine({.config = context.config,
                                      .program_folder = folder_of(context),
                                      .given = context.asked.value("--machine")});
  require_valid(file);
  for (const auto& warning : file.warnings) log::warn("{}", warning);
  return *std::move(file.definition);
}

std::optional<std::string> date_text(const OrchestratorContext& context) {
  const auto text = context.asked.value("--date");
  return text ? text : context.asked.value("--business-date");
}

BusinessDate date_asked_for(const OrchestratorContext& context) {
  const auto text = date_text(context);
  if (!text) return BusinessDate::at(context.clock.now());
  if (const auto date = BusinessDate::parse(*text)) return *date;
  throw Error(ErrorKind::config_invalid,
              fmt::format("--date is a date such as 2026-02-01, not \"{}\"", *text));
}

/// What was asked to be run, beside the machine.
struct Order {
  RunKind kind = RunKind::run;
  BusinessDate business_date;
  std::string only_state;
};

struct Executed {
  RunResult result;
  enum class Work { some, nothing_new } work = Work::some;
};

/// A transformer's output says it by "nothing_new": true, the loader's by its "outcome".
bool says_nothing_new(const Json& result) {
  const Json* output = result.find("output");
  if (output == nullptr) return false;
  const Json* flag = output->find("nothing_new");
  if (flag != nullptr) return flag->is_bool() && flag->as_bool();
  const Json* outcome = output->find("outcome");
  return outcome != nullptr && *outcome == Json("nothing_new");
}

const char* value_of_variable(const std::string& name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets variables here
  return std::getenv(name.c_str());
}

/// Holds the state directory and runs the machine on it, one execution at a time.
class Orchestration {
 public:
  /// Ends what an earlier orchestrator left behind and settles its runs.
  Orchestration(const OrchestratorContext& context, const asl::Definition& definition,
                const Order& first)
      : context_(context),
        definition_(definition),
        store_(open_store(context.config.orchestrator.state_dir)),
        lock_(lock(first)),
        config_text_(read_file(context.config.path)),
        environment_names_(environment_names(config_text_, context.config)) {
    settle_the_dead();
  }

  Executed execute(const Order& order) {
    const std::string run_id = store_.begin(new_run(order), context_.clock.now());
    const Scope scope("business_date", order.business_date.iso());
    ProcessTaskRunner tasks(
        {.config = context_.config,
         .program_folder = program_folder(),
         .environment_names = environment_names_,
         .stage_options = order.kind == RunKind::rerun ? std::vector<std::string>{"--force"}
                                                       : std::vector<std::string>{},
         .notify = [this](const AlertChannel& channel, const TaskRequest& request,
                          const std::string& log_path, const TaskRunner::Started& started,
                          std::stop_token stop) {
           return notify(channel, request, log_path, started, std::move(stop));
         }});
    StoppableClock clock(context_.clock, context_.stop);
    RunOptions options{.run_id = run_id,
                       .business_date = order.business_date,
                       .input = new_run(order).input,
                       .only_state = {}};
    if (!order.only_state.empty()) options.only_state = order.only_state;
    RunResult result =
        run_machine(definition_.machine, {.tasks = tasks, .history = store_, .clock = clock},
                    options, context_.stop);
    return {.result = std::move(result), .work = work_done(run_id)};
  }

  StagingCheck ask() const {
    const auto& config = context_.config;
    const std::string log_path = config.orchestrator.state_dir + "/check.log";
    std::error_code ignored;
    std::filesystem::remove(log_path, ignored);  // only the last answer's is kept
    return ask_loader({.loader = ProcessTaskRunner::stage_argv(config, program_folder(),
                                                               std::string(loader_name)),
                       .config_path = config.path,
                       .environment = child_environment(environment_names_, {}),
                       .log_path = log_path},
                      context_.stop);
  }

 private:
  static RunStore open_store(const std::string& state_dir) {
    std::error_code error;
    std::filesystem::create_directories(state_dir, error);
    if (error) {
      throw Error(ErrorKind::access_denied,
                  fmt::format("cannot make the folder {}: {}", state_dir, error.message()));
    }
    return RunStore(history_path(state_dir));
  }

  RunLock lock(const Order& order) {
    const std::string& state_dir = context_.config.orchestrator.state_dir;
    auto held = RunLock::try_acquire(state_dir);
    if (held) return *std::move(held);
    const auto id = store_.record_already_running(new_run(order), context_.clock.now());
    throw Error(ErrorKind::already_running,
                fmt::format("another orchestrator works on {}; this start is recorded as {} and "
                            "did nothing",
                            state_dir, id));
  }

  /// Nothing new means that every stage said so.
  Executed::Work work_done(const std::string& run_id) const {
    const auto run = store_.find(run_id);
    if (!run) return Executed::Work::some;
    const auto idle = [](const AttemptRecord& attempt) {
      return !attempt.resource.starts_with("stage:") || says_nothing_new(attempt.result);
    };
    return std::all_of(run->attempts.begin(), run->attempts.end(), idle)
               ? Executed::Work::nothing_new
               : Executed::Work::some;
  }

  void settle_the_dead() {
    // The processes first: once the run is settled nobody looks for them again.
    for (const auto& open : store_.open_runs()) {
      const RunSummary& run = open.run;
      const int ended = end_processes_with_environment("PIPELINE_RUN_ID=" + run.id, orphan_grace);
      if (ended > 0) log::warn("ended {} processes that run {} had left behind", ended, run.id);
    }
    for (const auto& run : store_.settle_interrupted(context_.clock.now())) {
      log::warn("run {} for {} was interrupted: its orchestrator died; recorded as ABORTED", run.id,
                run.business_date.iso());
    }
  }

  NewRun new_run(const Order& order) const {
    Json input = Json::object();
    input.set("business_date", order.business_date.iso());
    return {.kind = order.kind,
            .business_date = order.business_date,
            .definition_text = definition_.text,
            .definition_sha256 = definition_.sha256,
            .input = std::move(input),
            .only_state = order.only_state,
            .requested_by = requested_by()};
  }

  std::string program_folder() const { return folder_of(context_); }

  TaskReport notify(const AlertChannel& channel, const TaskRequest& request,
                    const std::string& log_path, const TaskRunner::Started& started,
                    std::stop_token stop) {
    const auto run = store_.find(request.run_id);
    require(run.has_value(), "a run that goes on is in the history");
    std::chrono::milliseconds limit = channel.timeout;
    if (request.timeout) limit = std::min<std::chrono::milliseconds>(limit, *request.timeout);
    return send_alert(
               channel,
               compose_message(*run, {.program = context_.program,
                                      .config_path = context_.config.path,
                                      .variables = typed_variables(config_text_, context_.config,
                                                                   value_of_variable)}),
               {.config = context_.config,
                .time_limit = limit,
                .log_path = log_path,
                .environment = run_environment(environment_names_, request.run_id)},
               started, std::move(stop))
        .task;
  }

  const OrchestratorContext& context_;
  const asl::Definition& definition_;
  RunStore store_;
  RunLock lock_;
  std::string config_text_;
  std::vector<std::string> environment_names_;
};

/// The name of the Task state that is called `layer` in any case.
std::string state_of_layer(const asl::StateMachine& machine, const std::string& layer) {
  std::vector<std::string> names;
  for (const auto& state : machine.states) {
    const auto* task = std::get_if<asl::Task>(&state.kind);
    if (task == nullptr || !task->resource.starts_with("stage:")) continue;
    if (to_lower(state.name) == to_lower(layer)) return state.name;
    names.push_back(to_lower(state.name));
  }
  throw Error(ErrorKind::config_invalid,
              fmt::format("the state machine has no stage \"{}\"; --only takes one of: {}", layer,
                          join(names, ", ")));
}

/// The date to run next, nullopt if all is done.
std::optional<BusinessDate> ask_for_next(const Orchestration& orchestration, BusinessDate today,
                                         const std::set<BusinessDate>& done) {
  try {
    return next_date(orchestration.ask(), today, done);
  } catch (const Error& error) {
    // Once today has been run there is nothing left to try; before that the run itself finds out
    // what is wrong, with its retries and alerts.
    if (error.kind() == ErrorKind::cancelled || done.contains(today)) throw;
    log::warn("cannot ask which dates are pending, running {}: {}", today.iso(), error.what());
    return today;
  }
}

}  // namespace

int exit_code_of(const RunResult& result) {
  if (result.status == RunStatus::succeeded) return 0;
  if (const auto* entry = find_error_kind(result.error)) return entry->exit_code;
  if (result.error == "Pipeline.Interrupted") return entry_of(ErrorKind::cancelled).exit_code;
  if (result.error == "States.Timeout") return entry_of(ErrorKind::timed_out).exit_code;
  if (result.error.starts_with("Process.Signal.")) return entry_of(ErrorKind::internal).exit_code;
  return 1;
}

int run_command(const OrchestratorContext& context) {
  const BusinessDate today = date_asked_for(context);
  const asl::Definition definition = read_machine(context);
  Orchestration orchestration(context, definition, {.business_date = today});
  std::set<BusinessDate> done;
  while (const auto date = ask_for_next(orchestration, today, done)) {
    if (done.contains(*date)) {
      throw Error(ErrorKind::internal,
                  fmt::format("the run for {} succeeded, but {} check still asks for it; nothing "
                              "further was run",
                              date->iso(), loader_name));
    }
    const Executed run = orchestration.execute({.business_date = *date});
    if (run.result.status != RunStatus::succeeded) return exit_code_of(run.result);
    if (done.empty() && run.work == Executed::Work::nothing_new) fmt::print("nothing new\n");
    done.insert(*date);
  }
  return 0;
}

int rerun_command(const OrchestratorContext& context) {
  const asl::Definition definition = read_machine(context);
  Order order{.kind = RunKind::rerun, .business_date = date_asked_for(context)};
  const auto layer = context.asked.value("--only");
  if (!layer) throw Error(ErrorKind::config_invalid, "rerun needs --only LAYER");
  order.only_state = state_of_layer(definition.machine, *layer);
  Orchestration orchestration(context, definition, order);
  if (!date_text(context)) {
    const StagingCheck check = orchestration.ask();
    if (!check.live) {
      throw Error(ErrorKind::guard_refused,
                  "staging holds no business date yet; start with the command run");
    }
    order.business_date = *check.live;
  }
  return exit_code_of(orchestration.execute(order).result);
}

}  // namespace pipeline
