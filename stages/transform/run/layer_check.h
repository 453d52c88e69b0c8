// What would stop a run of a layer: logins, rights, lock, markers.
#pragma once

#include <optional>

#include "common/base/error.h"
#include "common/base/json.h"
#include "stages/publish/account_rights.h"
#include "stages/transform/run/layer_run.h"

namespace pipeline::dbt {

struct LayerCheck {
  /// {"ok", "layer", "accounts": {name: "ok" or which login or right fails}, "lock": "free" or who
  /// holds it, "marker": {"schema", "generation", "business_date", "upstream_generation", "run_id"}
  /// or null, "upstream": the same of the layer below, "vault": null without one, "ok" or what is
  /// wrong with it}. A lock that is held, and a marker that is
  /// missing, are no reason to be not ok.
  Json answer = Json::object();
  std::optional<Error> problem;  // the first
};

/// What is known of the schemas without a session; in-place models only if the project can be read.
publish::KnownSchemas known_schemas(const LayerRunRequest& request);

LayerCheck check_layer(const LayerRunRequest& request);

}  // namespace pipeline::dbt
