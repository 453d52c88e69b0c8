// What would stop a run of a layer: logins, lock, markers.
#pragma once

#include "common/base/json.h"
#include "stages/transform/run/layer_run.h"

namespace pipeline::dbt {

/// {"ok", "layer", "accounts": {name: "ok" or what the login said}, "lock": "free" or who holds it,
/// "marker": {"schema", "generation", "business_date", "upstream_generation", "run_id"} or null,
/// "upstream": the same of the layer below}. A lock that is held does not make it not ok.
Json check_layer(const LayerRunRequest& request);

}  // namespace pipeline::dbt
