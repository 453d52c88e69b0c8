// Lends the template engine to the room that reads YAML files.
#pragma once

#include "stages/transform/compile/dbt_context.h"
#include "stages/transform/project/project_loader.h"

namespace pipeline::dbt {

/// Errors name the YAML file's line.
RenderYaml yaml_renderer(EnvironmentLookup lookup);

}  // namespace pipeline::dbt
