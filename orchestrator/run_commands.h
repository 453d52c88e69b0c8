// The commands that run the state machine: run and rerun.
#pragma once

#include <stop_token>
#include <string>

#include "common/base/clock.h"
#include "common/config/cli.h"
#include "common/stage/pipeline_config.h"
#include "orchestrator/engine/history_sink.h"

namespace pipeline {

struct OrchestratorContext {
  const CliInvocation& asked;
  const PipelineConfig& config;
  Clock& clock;
  std::stop_token stop;
  std::string program;  // the absolute path of the running binary
};

/// Every pending business date, oldest first, until one does not succeed. Returns the exit code:
/// 0, or exit_code_of() that run. Throws already_running, after recording it, if another
/// orchestrator works on the state directory.
int run_command(const OrchestratorContext& context);

/// One layer again, with --force. Exit code as above.
int rerun_command(const OrchestratorContext& context);

/// What the process returns for a run: 0; the code of the error's kind; 20 for States.Timeout; 130
/// for an interrupted run; 2 for Process.Signal.*; 1 for names that are not ours.
int exit_code_of(const RunResult& result);

}  // namespace pipeline
