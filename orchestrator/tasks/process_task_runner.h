// Runs tasks as child processes: stages, commands and alerts.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/process/child_process.h"
#include "common/stage/pipeline_config.h"
#include "orchestrator/engine/task_runner.h"

namespace pipeline {

/// A resource taken apart: "stage:staging_loader", "command:NAME", "notify:NAME".
struct Resource {
  enum class Kind { stage, command, notify } kind = Kind::stage;
  std::string name;
};

/// nullopt if `text` is none of the three.
std::optional<Resource> parse_resource(std::string_view text);

/// Why a task with this resource could never run: not of a known kind, or a name that pipeline.yaml
/// does not have. nullopt if it can. A stage needs no entry: its binary lies beside this one.
std::optional<std::string> doubt_about_resource(std::string_view resource,
                                                const PipelineConfig& config);

/// Why the program of this resource, of which there is no doubt by doubt_about_resource(), could
/// not be started now; nullopt if it could. Of an alert channel only the name is looked at. Stages
/// that pipeline.yaml does not name lie in `program_folder`.
std::optional<std::string> doubt_about_program(std::string_view resource,
                                               const PipelineConfig& config,
                                               const std::string& program_folder);

/// Why `argv` could not be started now: "/opt/alert: is a folder"; nullopt if it could.
std::optional<std::string> why_not_startable(const std::vector<std::string>& argv);

/// state_dir/runs/RUN/STATE-N.SUFFIX. A state's name may hold what a file name should not; such
/// characters become "_" and a hash of the name follows, so that two states never share a file.
std::string attempt_file(const std::string& state_dir, const TaskRequest& request,
                         std::string_view suffix);

/// Composes and sends one alert through the channel; a dead channel is a TaskFailure.
using Notify = std::function<TaskReport(const AlertChannel& channel, const TaskRequest& request,
                                        const std::string& log_path,
                                        const TaskRunner::Started& started, std::stop_token stop)>;

class ProcessTaskRunner : public TaskRunner {
 public:
  struct Options {
    const PipelineConfig& config;
    std::string program_folder;  // of the running orchestrator: unconfigured stages lie there
    /// Environment variables that pipeline.yaml names.
    std::vector<std::string> environment_names;
    /// Given to every stage after its own options: {"--force"} for a rerun.
    std::vector<std::string> stage_options;
    Notify notify;
    std::chrono::milliseconds grace{10'000};
  };

  explicit ProcessTaskRunner(Options options) : options_(std::move(options)) {}

  TaskReport run(const TaskRequest& request, const Started& started, std::stop_token stop) override;

  /// The argv of a stage without its options.
  static std::vector<std::string> stage_argv(const PipelineConfig& config,
                                             const std::string& program_folder,
                                             const std::string& name);

 private:
  TaskReport run_stage(const std::string& name, const TaskRequest& request, const Started& started,
                       std::stop_token stop);
  TaskReport run_command(const std::string& name, const TaskRequest& request,
                         const Started& started, std::stop_token stop);
  ChildOptions child_options(const TaskRequest& request, const std::string& log_path) const;

  Options options_;
};

/// What every child of a run gets: the allowed variables and PIPELINE_RUN_ID, by which a later
/// start finds what outlived a dead orchestrator.
std::vector<std::string> run_environment(const std::vector<std::string>& names,
                                         const std::string& run_id);

}  // namespace pipeline
