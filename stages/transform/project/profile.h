// Reads the target out of profiles.yml.
#pragma once

#include <string>

#include "stages/transform/project/project_loader.h"

namespace pipeline::dbt {

/// `profile` is the name to look for; options.target and options.threads are stronger than the
/// file. Throws config_invalid with file:line for a profile or target that is not there, for a type
/// that is no MySQL, and for a missing schema.
Target read_target(const std::string& profile, const LoadOptions& options,
                   const RenderYaml& render);

}  // namespace pipeline::dbt
