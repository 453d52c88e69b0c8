// Checks a node's merged configuration and turns it into values; refuses by name what we cannot do.
#pragma once

#include "stages/transform/compile/node.h"

namespace pipeline::dbt {

/// Throws config_invalid naming `place` and the key: for values that dbt knows and we do not
/// support yet (ephemeral, merge, contracts ...), for values that nobody knows, and for wrong
/// shapes. Unknown keys stay in `raw`.
NodeConfig read_node_config(ResourceType type, const Json& merged, const Place& place);

/// False if the configuration says enabled: false.
bool is_enabled(const Json& merged, const Place& place);

}  // namespace pipeline::dbt
