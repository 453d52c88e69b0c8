// The commands that only look: history, show, logs, validate.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/config/cli.h"
#include "common/stage/pipeline_config.h"

namespace pipeline {

struct LookContext {
  const CliInvocation& asked;
  const PipelineConfig& config;
  Clock& clock;
  std::string program_folder;  // of the running binary
};

/// Each prints to standard output and returns the exit code. A run, state or attempt that is not
/// in the history is an Error config_invalid.
int history_command(const LookContext& context);
int show_command(const LookContext& context);
int logs_command(const LookContext& context);
/// Prints every finding, errors last; throws config_invalid if one is an error.
int validate_command(const LookContext& context);

}  // namespace pipeline
