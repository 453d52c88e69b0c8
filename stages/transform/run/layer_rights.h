// Whether the accounts of a layer can do what its run will ask of them.
#pragma once

#include <string>
#include <vector>

#include "common/mariadb/connection.h"
#include "stages/transform/run/layer_plan.h"
#include "stages/transform/run/layer_request.h"

namespace pipeline::dbt {

struct LayerRights {
  std::vector<std::string> schemas;  // that the layer publishes
  std::vector<std::string> reads;    // that it reads: staging and earlier layers
  enum class Views { none, some } views = Views::some;
};

/// Each tries the rights of one account and changes nothing; the kinds are those of
/// publish::require_rights().
void require_rights_to_publish(Connection& session, const LayerRights& rights);
void require_rights_to_build(Connection& session, const LayerRights& rights);
/// `layers`: the schemas whose backups retention drops.
void require_rights_to_drop_backups(Connection& session, const std::vector<std::string>& layers);

/// What a run needs, by its plan: tries `publisher`, and logs in as every other account that the
/// run will use. A right that is missing, or a janitor's wrong password, must not show when the
/// layer is published.
void require_layer_rights(const LayerRunRequest& request, const LayerPlan& plan,
                          Connection& publisher);

}  // namespace pipeline::dbt
