// The command run-operation of the transformers.
#pragma once

#include "common/config/cli.h"
#include "common/stage/stage_main.h"
#include "stages/transform/run/layer_request.h"

namespace pipeline {

CliCommand operation_command_line();

/// run-operation safe_update --args '{target_table: ..., update_query: ..., validation_query:
/// ...}': prints what changed. Throws config_invalid for another operation, for arguments that are
/// missing or unknown, and what dbt::safe_update() throws.
void operation_command(const StageContext& context, dbt::LayerRunRequest request);

}  // namespace pipeline
