// The commands restore and rollback: show what would change, change it, say what is missing then.
#pragma once

#include "common/stage/stage_main.h"
#include "stages/commands/layer_session.h"

namespace pipeline {

void restore_command(const StageContext& context, const LayerProgram& program);
void rollback_command(const StageContext& context, const LayerProgram& program);

}  // namespace pipeline
