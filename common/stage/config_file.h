// Which pipeline.yaml a command line means.
#pragma once

#include "common/config/cli.h"
#include "common/stage/pipeline_config.h"

namespace pipeline {

/// "--config FILE", which every program has.
CliOption config_option();

/// Reads the file that --config names, else $PIPELINE_CONFIG, else
/// /etc/nightly-pipeline/pipeline.yaml. Throws config_invalid; where the file cannot be read, the
/// error says why and who named it.
PipelineConfig read_config_of(const CliInvocation& asked);

}  // namespace pipeline
