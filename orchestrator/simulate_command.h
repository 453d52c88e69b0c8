// The command simulate: a definition on paper, without pipeline.yaml, database or history.
#pragma once

#include "common/base/clock.h"
#include "common/config/cli.h"

namespace pipeline {

struct SimulateContext {
  const CliInvocation& asked;
  Clock& clock;  // its now() is where the simulation's begins
};

/// Returns 0 if the simulation came to an end, however the simulated run ended. Throws
/// config_invalid, with every finding, for a definition that a run would refuse, and for an input
/// or outcomes that cannot be read.
int simulate_command(const SimulateContext& context);

}  // namespace pipeline
