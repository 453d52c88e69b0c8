// A node's settings as dbt shows them: every key, those that nobody set with dbt's default.
#pragma once

#include "common/base/json.h"
#include "stages/transform/compile/node.h"

namespace pipeline::dbt {

/// The keys of dbt 1.7 in its order, then all others that the project gives.
Json config_json(const Node& node);

}  // namespace pipeline::dbt
