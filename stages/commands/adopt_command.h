// The command adopt of the transformers: a layer that dbt or a person made goes on as the
// pipeline's.
#pragma once

#include "common/config/cli.h"
#include "common/stage/stage_main.h"
#include "stages/transform/run/layer_request.h"

namespace pipeline {

CliCommand adopt_command_line();

/// Puts the markers of a layer that stands already, notes which day its incremental tables hold,
/// and fills the vault where there is one. No table is written, renamed or copied, whatever its
/// name. Prints first what stands there and what becomes of it; --dry-run ends there. Says so if
/// the layer is the pipeline's already.
///
/// Errors: guard_refused, with everything that stands against it; config_invalid if nobody can know
/// the day that the tables hold and --business-date does not say it; already_running; those of the
/// project.
void adopt_command(const StageContext& context, const dbt::LayerRunRequest& request);

}  // namespace pipeline
