// pipeline.yaml says where the layers lie under the configured target, and only a project's own
// generate_schema_name knows where its models lie under another one. So the project is read for
// both, and a layer goes where its models go. Nothing of production can be written by such a run,
// because no schema of it is left to write to.
#include "stages/transform/run/layer_target.h"

#include <map>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/publish/marker.h"

namespace pipeline::dbt {
namespace {

constexpr std::size_t nodes_named_max = 10;

[[noreturn]] void refuse(const Compiler& asked, const std::string& what) {
  throw Error(ErrorKind::config_invalid,
              fmt::format("the target {}: {}", asked.project().target.name, what));
}

/// The nodes that each layer builds, by its place.
std::vector<std::vector<const Node*>> nodes_of_layers(const Compiler& compiler,
                                                      const LayerPlanOptions& options) {
  std::vector<std::vector<const Node*>> layers;
  for (std::size_t layer = 0; layer < options.layers.size(); ++layer) {
    layers.push_back(nodes_of_layer(compiler.graph(), options, layer));
  }
  return layers;
}

/// Where `asked` puts what `configured` builds in the layer's schema.
std::string schema_in(const Compiler& asked, const LayerSpec& layer,
                      const std::vector<const Node*>& nodes) {
  std::map<std::string, std::string> schemas;  // with the first node that lies there
  for (const Node* node : nodes) {
    if (node->relation.schema != layer.schema) continue;
    const Node* there = asked.graph().find(node->unique_id);
    if (there != nullptr) schemas.emplace(there->relation.schema, node->unique_id);
  }
  if (schemas.size() == 1) return schemas.begin()->first;
  if (schemas.empty()) {
    refuse(asked,
           fmt::format("it builds nothing of what the layer {} builds in {}, so nobody knows "
                       "where that layer lies",
                       layer.name, layer.schema));
  }
  std::vector<std::string> named;
  for (const auto& [schema, id] : schemas) named.push_back(fmt::format("{} ({})", schema, id));
  refuse(asked, fmt::format("generate_schema_name puts the models of the layer {} into several "
                            "schemas: {}; a layer has one",
                            layer.name, join(named, ", ")));
}

/// Small letters: a server may fold them.
std::set<std::string> schemas_of_production(const std::vector<std::vector<const Node*>>& layers,
                                            const LayerPlanOptions& options) {
  std::set<std::string> schemas;
  const auto add = [&](const std::string& schema) {
    schemas.insert(to_lower(schema));
    schemas.insert(to_lower(publish::shadow_schema(schema)));
  };
  add(options.staging_schema);
  for (const auto& layer : options.layers) add(layer.schema);
  for (const auto& nodes : layers) {
    for (const Node* node : nodes) add(node->relation.schema);
  }
  return schemas;
}

void require_own_schemas(const Compiler& configured, const Compiler& asked,
                         const LayerPlanOptions& options) {
  const auto production = schemas_of_production(nodes_of_layers(configured, options), options);
  std::vector<std::string> named;
  std::size_t count = 0;
  for (const auto& nodes : nodes_of_layers(asked, options)) {
    for (const Node* node : nodes) {
      const std::string& schema = node->relation.schema;
      const bool writes_there = production.contains(to_lower(schema)) ||
                                production.contains(to_lower(publish::shadow_schema(schema)));
      if (!writes_there || ++count > nodes_named_max) continue;
      named.push_back(fmt::format("{} in {}", node->unique_id, schema));
    }
  }
  if (count == 0) return;
  if (count > named.size()) named.push_back(fmt::format("{} more", count - named.size()));
  refuse(asked, fmt::format("it would build into schemas of the target {}: {}; let "
                            "generate_schema_name begin with target.schema under other targets",
                            configured.project().target.name, join(named, ", ")));
}

}  // namespace

LayerPlanOptions layers_in_target(const Compiler& configured, const Compiler& asked,
                                  const LayerPlanOptions& options) {
  require_own_schemas(configured, asked, options);
  LayerPlanOptions moved = options;
  const auto layers = nodes_of_layers(configured, options);
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    moved.layers[layer].schema = schema_in(asked, options.layers[layer], layers[layer]);
  }
  return moved;
}

CompilerOptions compiler_options(const LayerRunRequest& request) {
  CompilerOptions options = request.compiler;
  options.flags.full_refresh = request.full_refresh == LayerRunRequest::FullRefresh::yes;
  options.flags.fail_fast = request.on_failure == StepSchedule::OnFailure::stop;
  return options;
}

LayerRunRequest request_in_target(const LayerRunRequest& request, const Compiler& project) {
  LayerRunRequest moved = request;
  if (!request.configured_target) return moved;
  CompilerOptions options = compiler_options(request);
  options.project.target = *request.configured_target;
  const Compiler configured(std::move(options));
  if (configured.project().target.name == project.project().target.name) return moved;
  moved.plan = layers_in_target(configured, project, request.plan);
  moved.standing = LayerRunRequest::Standing::development;
  moved.janitor.reset();
  moved.backups.tables_given = true;
  moved.backups.tables.clear();
  moved.protect.history.clear();
  moved.protect.floors.clear();
  moved.vault.reset();
  std::vector<std::string> schemas;
  for (const auto& layer : moved.plan.layers) schemas.push_back(layer.schema);
  log::info("target {}: the layers lie in {}; lists of backups and protected tables do not apply",
            project.project().target.name, join(schemas, ", "));
  return moved;
}

}  // namespace pipeline::dbt
