// What an increment in place is known by: two runs with one hash would execute the same.
#pragma once

#include <string>

#include "stages/transform/compile/compiler.h"
#include "stages/transform/run/layer_plan.h"

namespace pipeline::dbt {

/// SHA-256 of all that makes the increment of `node` in its layer: SQL and hooks with macros, vars
/// and environment filled in, settings, and the same of every node of the layer that it is built
/// from. (What lies below the layer is known by its generation.) It is the same in each run of an
/// unchanged project, whichever part of the layer it builds and whatever the tables hold. Asks no
/// server. Throws as Compiler::compile().
std::string batch_hash(const Compiler& compiler, const LayerPlanOptions& options, const Node& node);

}  // namespace pipeline::dbt
