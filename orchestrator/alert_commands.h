// The command alert: lists the channels of pipeline.yaml, tries one, and sends by one.
#pragma once

#include "orchestrator/run_commands.h"

namespace pipeline {

/// `alert list` prints name, type and target of each channel. `alert test CHANNEL` sends a test
/// message through it and prints what came of it; `alert send CHANNEL` sends what stands on
/// standard input, 256 KiB of it at most, with the subject --subject or its first line. Returns 0,
/// or the exit code of the kind of failure (AlertReport::failure). Throws config_invalid for
/// another action, an unknown channel, a text that is empty; cancelled once a stop is requested.
int alert_command(const OrchestratorContext& context);

}  // namespace pipeline
