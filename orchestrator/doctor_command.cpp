// The orchestrator knows this host, its configuration and the state machine; of AWS, store, server
// and project it asks the stages, part by part, each part a process with a time limit. So nothing
// that hangs or dies takes the lines of anything else with it.
#include "orchestrator/doctor_command.h"

#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/io/file.h"
#include "common/io/scratch_folder.h"
#include "common/process/child_process.h"
#include "common/process/spawn.h"
#include "common/stage/config_file.h"
#include "orchestrator/alerts/channel_check.h"
#include "orchestrator/doctor/doctor_report.h"
#include "orchestrator/doctor/host_findings.h"
#include "orchestrator/doctor/stage_findings.h"
#include "orchestrator/doctor/systemd_findings.h"
#include "orchestrator/environment_names.h"
#include "orchestrator/machine_file.h"
#include "orchestrator/tasks/process_task_runner.h"

namespace pipeline {
namespace {

constexpr const char* loader = "staging_loader";
constexpr const char* silver = "silver_transformer";
constexpr const char* gold = "gold_transformer";

class Doctor {
 public:
  explicit Doctor(const DoctorContext& context)
      : context_(context), folder_(std::filesystem::path(context.program).parent_path().string()) {}

  std::vector<Finding> all() {
    look_at_configuration();
    if (config_) look_at_machine_and_alerts();
    attempt(Check::program, "", [&] { look_at_programs_of_stages(); });
    attempt(Check::state_folder, "", [&] { add(look_at_host(config_ ? &*config_ : nullptr)); });
    attempt(Check::systemd_unit, "", [&] { add(look_at_systemd({}, context_.stop)); });
    if (config_) attempt(Check::free_space, "temporary files", [&] { ask_stages(); });
    return merged(std::move(findings_));
  }

 private:
  void add(Finding finding) { findings_.push_back(std::move(finding)); }
  void add(std::vector<Finding> findings) {
    for (auto& finding : findings) add(std::move(finding));
  }

  /// A host on which not even a process or a temporary file can be made has a table too.
  void attempt(Check check, const std::string& about, const std::function<void()>& look) {
    try {
      look();
    } catch (...) {
      const Error error = current_error();
      if (error.kind() == ErrorKind::cancelled) throw;
      add(failure(check, about, error,
                  "df -h /tmp; ulimit -a: as the user that runs the pipeline; TMPDIR names another "
                  "folder for temporary files"));
    }
  }

  void look_at_configuration() {
    try {
      config_ = read_config_of(context_.asked);
      environment_ =
          child_environment(doctor_environment_names(read_file(config_->path), *config_), {});
      add(in_order(Check::config_file, "", config_->path));
      add(look_at_permissions(*config_));
    } catch (const Error& error) {
      config_.reset();
      environment_ = child_environment({}, {});
      add(failure(Check::config_file, "", ErrorKind::config_invalid, error.message(),
                  "correct it (docs/reference/configuration.md), or name another file by --config; "
                  "then doctor looks at project, store, accounts and server too"));
    }
  }

  void look_at_machine_and_alerts() {
    std::set<std::string> channels;
    try {
      const MachineFile file =
          look_at_machine({.config = *config_, .program_folder = folder_, .given = {}});
      add(finding_of(file));
      if (file.definition) channels = channels_of(file.definition->machine);
      if (file.definition && channels.empty()) {
        add(warning(Check::alert_channel, "", "the state machine tells nobody of a failed run",
                    fmt::format("Resource: notify:NAME in a state of {}, alerts.NAME in {}",
                                file.path, config_->path)));
      }
    } catch (const Error& error) {
      add(failure(Check::state_machine, "", error,
                  fmt::format("orchestrator validate --config {}", config_->path)));
    }
    for (const auto& [name, channel] : config_->alerts) {
      if (channels.empty() || channels.contains(name)) add(finding_of(channel));
    }
  }

  Finding finding_of(const MachineFile& file) const {
    const std::string advice = fmt::format("orchestrator validate --config {}", config_->path);
    const auto more = [](const std::vector<std::string>& texts) {
      return texts.size() == 1 ? texts.front()
                               : fmt::format("{}; and {} more", texts.front(), texts.size() - 1);
    };
    if (!file.errors.empty()) {
      return failure(Check::state_machine, "", ErrorKind::config_invalid, more(file.errors),
                     advice);
    }
    if (!file.warnings.empty()) {
      return warning(Check::state_machine, "", more(file.warnings), advice);
    }
    return in_order(
        Check::state_machine, "",
        fmt::format("{}, {} states", file.path, file.definition->machine.states.size()));
  }

  static std::set<std::string> channels_of(const asl::StateMachine& machine) {
    std::set<std::string> names;
    asl::for_each_state(machine, [&](const asl::State& state) {
      const auto* task = std::get_if<asl::Task>(&state.kind);
      if (task == nullptr) return;
      const auto resource = parse_resource(task->resource);
      if (resource && resource->kind == Resource::Kind::notify) names.insert(resource->name);
    });
    return names;
  }

  Finding finding_of_sender(const AlertChannel& channel) const {
    try {
      const auto rest = require_can_send(channel);
      return in_order(
          Check::alert_channel, channel.name,
          fmt::format("{} to {}; {}nothing was sent: orchestrator alert test {} sends",
                      channel.type(), channel.target(),
                      rest.empty() ? "" : fmt::format("not looked at: {}; ", join(rest, ", ")),
                      channel.name));
    } catch (const Error& error) {
      std::vector<std::string> places;
      for (const auto& secret : channel.secrets()) {
        places.push_back(fmt::format("the {} belongs there: {}", secret.what, secret.text()));
      }
      places.push_back(fmt::format("its keys are alerts.{} in {}", channel.name, config_->path));
      return failure(
          Check::alert_channel, channel.name, error,
          fmt::format("correct it, readable by the pipeline alone; {}", join(places, "; ")));
    }
  }

  Finding finding_of(const AlertChannel& channel) const {
    const auto* command = std::get_if<CommandAlert>(&channel.kind);
    if (command == nullptr) return finding_of_sender(channel);
    const std::string named = command->argv.empty() ? "" : command->argv.front();
    const auto why = why_not_startable(command->argv);
    if (!why) {
      return in_order(Check::alert_channel, channel.name, find_program(named) + " can be started");
    }
    return failure(Check::alert_channel, channel.name, ErrorKind::config_invalid,
                   "its program cannot be started: " + *why,
                   fmt::format("install it, chmod +x {}, or correct alerts.{}.command in {}", named,
                               channel.name, config_->path));
  }

  std::vector<std::string> argv_of(const std::string& stage) const {
    if (!config_) return {folder_ + "/" + stage};
    return ProcessTaskRunner::stage_argv(*config_, folder_, stage);
  }

  void look_at_programs_of_stages() {
    std::vector<ProgramToAsk> programs;
    for (const auto* stage : {loader, silver, gold}) {
      programs.push_back({.name = stage, .argv = argv_of(stage)});
    }
    add(look_at_programs(context_.program, programs, environment_, context_.stop));
  }

  void ask_stages() {
    const ScratchFolder scratch("pipeline-doctor");
    const auto ask = [&](const std::string& stage, const std::vector<std::string>& options,
                         const std::string& part, const std::vector<Check>& expected) {
      const StageVisit visit{.stage = stage,
                             .argv = argv_of(stage),
                             .options = options,
                             .part = part,
                             .expected = expected,
                             .config_path = config_->path,
                             .environment = environment_,
                             .folder = scratch.path()};
      add(ask_stage(visit, context_.stop));
    };
    using enum Check;
    ask(silver, {"--layer", config_->transform.layers.front().name}, "project", {dbt_project});
    ask(loader, {}, "identity", {aws_identity});
    ask(loader, {}, "store", {store_list, store_read, store_write, store_clock});
    ask(loader, {}, "server",
        {warehouse_identity, server_tls, takes_writes, server_clock, server_version});
    for (const auto& layer : config_->transform.layers) {
      const char* const stage = layer.name == "gold" ? gold : silver;
      ask(stage, {"--layer", layer.name}, "accounts", {login});
    }
  }

  const DoctorContext& context_;
  std::string folder_;  // of the running binary
  std::optional<PipelineConfig> config_;
  std::vector<std::string> environment_;
  std::vector<Finding> findings_;
};

}  // namespace

int doctor_command(const DoctorContext& context) {
  const auto findings = Doctor(context).all();
  if (context.asked.has("--json")) {
    fmt::print("{}\n", report_json(findings).dump(Json::Style::indented));
  } else {
    fmt::print("{}", render(findings));
  }
  std::fflush(stdout);
  return exit_code_of(findings);
}

}  // namespace pipeline
