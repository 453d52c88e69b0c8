// The command drill of the transformers: restores the newest backups where nobody looks.
#pragma once

#include "common/config/cli.h"
#include "common/stage/stage_main.h"
#include "stages/commands/layer_session.h"
#include "stages/transform/run/layer_request.h"

namespace pipeline {

CliCommand drill_command_line();

/// Restores, for each table of the layer that has backups, the newest verified one and, for each
/// protected table, the vault's newest batch that counts into scratch__next, compares, drops it
/// again and notes the outcome. Live is only read; the layer's lock is held, so nothing is
/// published or dropped meanwhile. Throws guard_refused, behind all drills, naming every backup
/// that did not prove; and the kinds of the session.
void drill_command(const StageContext& context, const LayerProgram& program,
                   const dbt::LayerRunRequest& request);

}  // namespace pipeline
