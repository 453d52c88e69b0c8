// A node as templates see it in `model`, `graph` and the macros that make names.
#pragma once

#include <string>

#include "stages/transform/compile/node.h"
#include "stages/transform/jinja/value.h"

namespace pipeline::dbt {

/// dbt's dict of the node: settings that nobody gave have dbt's defaults.
jinja::Value node_value(const Node& node, const std::string& package);

/// `path` of a node: of a file the path below the resource's folder, of a generic test its name
/// with .sql, of a source the YAML file.
std::string dbt_path(const Node& node);

}  // namespace pipeline::dbt
