#include "stages/transform/run/layer_rights.h"

#include <algorithm>

#include "stages/publish/marker.h"
#include "stages/publish/rights.h"

namespace pipeline::dbt {
namespace {

using publish::Right;
using publish::SchemaRights;

std::vector<SchemaRights> on_each(const std::vector<std::string>& schemas,
                                  const std::vector<Right>& rights) {
  std::vector<SchemaRights> wanted;
  for (const auto& schema : schemas) wanted.push_back({schema, rights});
  return wanted;
}

std::vector<std::string> shadows_of(const std::vector<std::string>& schemas) {
  std::vector<std::string> shadows;
  for (const auto& schema : schemas) shadows.push_back(publish::shadow_schema(schema));
  return shadows;
}

void append(std::vector<SchemaRights>& wanted, const std::vector<SchemaRights>& more) {
  wanted.insert(wanted.end(), more.begin(), more.end());
}

}  // namespace

void require_rights_to_publish(Connection& session, const LayerRights& rights) {
  std::vector<SchemaRights> wanted;
  const auto swap = publish::rights_of_a_swap();
  append(wanted, on_each(rights.schemas, swap));
  append(wanted, on_each(shadows_of(rights.schemas), swap));
  // Views are made beside the live ones and swapped with the tables.
  if (rights.views == LayerRights::Views::some) {
    append(wanted, on_each(rights.schemas, {Right::create_view}));
  }
  append(wanted, on_each(rights.reads, {Right::select}));
  publish::require_rights(session, wanted, publish::records_of_a_publish());
}

void require_rights_to_build(Connection& session, const LayerRights& rights) {
  std::vector<Right> own = publish::rights_of_a_build();
  if (rights.views == LayerRights::Views::some) own.push_back(Right::create_view);
  std::vector<SchemaRights> wanted = on_each(shadows_of(rights.schemas), own);
  append(wanted, on_each(rights.schemas, {Right::select}));
  append(wanted, on_each(rights.reads, {Right::select}));
  publish::require_rights(session, wanted, {});
}

void require_rights_to_drop_backups(Connection& session, const std::vector<std::string>& layers) {
  publish::require_rights(
      session, on_each(layers, {Right::select, Right::drop}),
      {{.table = "backup", .rights = {Right::select, Right::update}, .column = "dropped_at"}});
}

void require_layer_rights(const LayerRunRequest& request, const LayerPlan& plan,
                          Connection& publisher) {
  const bool views = std::ranges::any_of(plan.nodes, [](const Node* node) {
    return node->config.materialized == Materialization::view;
  });
  const LayerRights rights{.schemas = plan.schemas,
                           .reads = plan.reads,
                           .views = views ? LayerRights::Views::some : LayerRights::Views::none};
  require_rights_to_publish(publisher, rights);
  Connection builder = Connection::open(request.build);
  require_rights_to_build(builder, rights);
  if (!request.is_last() || !request.janitor) return;
  Connection janitor = Connection::open(*request.janitor);
  std::vector<std::string> layers;
  for (const auto& layer : request.plan.layers) layers.push_back(layer.schema);
  require_rights_to_drop_backups(janitor, layers);
}

}  // namespace pipeline::dbt
