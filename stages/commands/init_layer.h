// The command init of the transformers.
#pragma once

#include "common/stage/stage_main.h"
#include "stages/transform/run/layer_request.h"

namespace pipeline {

/// As set_up_schemas() for the schemas that the project's layer builds in. Where nothing is missing
/// it tries the rights of a run, sets the models' clock in a session and reads NOW() back, and
/// lists the incremental models that no protection names. Nothing is written into the records.
/// Throws wrong_database for a server that does not let a session set its clock.
void init_layer(const StageContext& context, const dbt::LayerRunRequest& request);

}  // namespace pipeline
