// The data tests of a layer, asked of what is live: for what the pipeline did not build.
#pragma once

#include <vector>

#include "common/mariadb/connection.h"
#include "common/stage/stage_main.h"
#include "stages/transform/run/layer_plan.h"
#include "stages/transform/run/layer_request.h"
#include "stages/transform/run/node_result.h"

namespace pipeline {

/// Runs the tests of `plan` in `session`, a fresh one of the build account, as models see it on
/// `date`. A test that looks at something which is not there is skipped; one that the server
/// refuses is an error, and the others go on. Nothing is written but the SQL, below adopt/ of the
/// target folder.
std::vector<dbt::NodeResult> run_tests_on_live(const StageContext& context,
                                               const dbt::LayerRunRequest& request,
                                               const dbt::Compiler& compiler,
                                               const dbt::LayerPlan& plan, Connection& session,
                                               BusinessDate date);

}  // namespace pipeline
