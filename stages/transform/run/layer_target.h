// Where the layers lie when a run names another target than the configured one.
#pragma once

#include "stages/transform/compile/compiler.h"
#include "stages/transform/run/layer_plan.h"
#include "stages/transform/run/layer_request.h"

namespace pipeline::dbt {

/// The layers as `asked` (the project under another target) has them: the schema of a layer becomes
/// the one in which `asked` puts the models that `configured` puts there. Throws config_invalid if
/// there is no such schema or several, and, with every node in the way, if a node of a layer would
/// be built in a schema of the configured target, of the loader or of the pipeline.
LayerPlanOptions layers_in_target(const Compiler& configured, const Compiler& asked,
                                  const LayerPlanOptions& options);

/// request.compiler with the flags that the rest of the request sets.
CompilerOptions compiler_options(const LayerRunRequest& request);

/// `request` as it is to be carried out by `project`, which was read for the target that it asks
/// for. Under another target than the configured one the layers are moved as above, the lists of
/// pipeline.yaml that name tables do not apply, and nothing is retained by age: that is the matter
/// of the configured target's runs.
LayerRunRequest request_in_target(const LayerRunRequest& request, const Compiler& project);

}  // namespace pipeline::dbt
