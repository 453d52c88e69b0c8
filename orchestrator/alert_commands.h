// The command alert: lists the channels of pipeline.yaml, and tries one.
#pragma once

#include "orchestrator/run_commands.h"

namespace pipeline {

/// `alert list` prints name, type and target of each channel. `alert test CHANNEL` sends a test
/// message through it and prints what came of it. Returns 0, or the exit code of the kind of
/// failure (AlertReport::failure). Throws config_invalid for another action or an unknown channel.
int alert_command(const OrchestratorContext& context);

}  // namespace pipeline
