// The frame of every stage's main(): configuration, log, signals, result file, exit code.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/config/cli.h"
#include "common/stage/pipeline_config.h"

namespace pipeline {

/// What a command of a stage gets: its command line, the configuration, the clock.
struct StageContext {
  const CliInvocation& asked;
  const PipelineConfig& config;
  Clock& clock;
  /// --run-id, or one made from date and process id when a person starts the stage.
  std::string run_id;
  /// Counts and timings for the result file; a command may fill it before it throws.
  Json& output;
};

using StageCommand = std::function<void(const StageContext&)>;

struct StageProgramSpec {
  CliSpec cli;  // stage_main adds --config, --run-id, --result-file, --log-format, --log-level
  std::vector<std::pair<std::string, StageCommand>> commands;
};

/// Runs one command and returns the exit code. An Error is logged as one line, written to
/// --result-file and returned by its code. SIGTERM or SIGINT calls the hooks of on_cancel() and
/// ends the command with `cancelled` (exit 130) at its next check, or after 8 s the whole process:
/// a killed stage leaves nothing half-published. --config defaults to $PIPELINE_CONFIG, then
/// /etc/nightly-pipeline/pipeline.yaml.
int stage_main(const StageProgramSpec& spec, int argc, char** argv);

/// True after SIGTERM or SIGINT.
bool cancelled();
/// Throws cancelled if the process was asked to stop.
void throw_if_cancelled();
/// Registers a function that a signal calls on a thread of its own: to end statements that run.
/// It is called once and must not throw; the registration ends with the returned object.
class CancelHook {
 public:
  explicit CancelHook(std::function<void()> hook);
  ~CancelHook();
  CancelHook(const CancelHook&) = delete;
  CancelHook& operator=(const CancelHook&) = delete;

 private:
  std::uint64_t id_;
};

}  // namespace pipeline
