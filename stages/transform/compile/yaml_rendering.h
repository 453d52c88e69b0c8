// Lends the template engine to the room that reads YAML files.
#pragma once

#include "stages/transform/compile/dbt_context.h"
#include "stages/transform/project/project_loader.h"

namespace pipeline::dbt {

/// The environment must outlive the result. Errors name the YAML file's line.
RenderYaml yaml_renderer(const jinja::Environment& environment, EnvironmentLookup lookup);

}  // namespace pipeline::dbt
