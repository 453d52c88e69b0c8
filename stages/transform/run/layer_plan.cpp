#include "stages/transform/run/layer_plan.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/publish/marker.h"
#include "stages/transform/compile/node_selector.h"
#include "stages/transform/run/held_candidates.h"

namespace pipeline::dbt {
namespace {

using Ids = NodeIds;

constexpr std::size_t names_said_max = 10;

/// Collects all that is wrong before it throws.
class Objections {
 public:
  void add(const Node& node, std::string_view what) {
    lines_.push_back(fmt::format("{}: {}", node.place.text(), what));
  }
  void throw_if_any(std::string_view layer) const {
    if (lines_.empty()) return;
    throw Error(ErrorKind::config_invalid,
                fmt::format("the layer {} cannot be built: {}", layer, join(lines_, "; ")));
  }

 private:
  std::vector<std::string> lines_;
};

/// Schemas that are not a layer's, whatever a project says.
constexpr std::string_view reserved_schemas[] = {
    "pipeline", "vault", "mysql", "performance_schema", "sys", "information_schema"};

bool is_reserved(std::string_view schema) {
  const std::string name = to_lower(schema);
  return name.ends_with(shadow_suffix) ||
         std::find(std::begin(reserved_schemas), std::end(reserved_schemas), name) !=
             std::end(reserved_schemas);
}

void object_to_settings(const Node& node, Objections& objections) {
  switch (node.config.on_schema_change) {
    case OnSchemaChange::ignore:
    case OnSchemaChange::fail:
      break;
    case OnSchemaChange::append_new_columns:
      objections.add(node, "on_schema_change: append_new_columns is not supported yet");
      break;
    case OnSchemaChange::sync_all_columns:
      objections.add(node, "on_schema_change: sync_all_columns is not supported yet");
      break;
  }
  if (node.config.strategy == IncrementalStrategy::delete_insert &&
      node.config.materialized == Materialization::incremental && node.config.unique_key.empty()) {
    objections.add(node, "the strategy delete+insert needs a unique_key");
  }
  for (const std::string_view name : {publish::marker_table, held_table}) {
    if (node.relation.identifier != name) continue;
    objections.add(node, fmt::format("the name {} belongs to the pipeline", name));
  }
}

/// `taken`: schemas that earlier layers build in. Two layers in one schema would each move the
/// other's marker.
void object_to_place(const Node& node, const LayerPlanOptions& options,
                     const std::vector<std::string>& taken, Objections& objections) {
  const std::string& schema = node.relation.schema;
  for (const std::string_view ending : {"__dbt_tmp", "__next", "__old", "__swap"}) {
    if (node.relation.identifier.ends_with(ending)) {
      objections.add(node,
                     fmt::format("names that end with {} are needed while a layer is built and "
                                 "published; rename it",
                                 ending));
    }
  }
  if (schema == options.staging_schema) {
    objections.add(node, fmt::format("it would be built in {}, which the loader owns", schema));
  }
  if (is_reserved(schema)) {
    objections.add(node,
                   fmt::format("it would be built in {}, which is no schema for models", schema));
  }
  for (std::size_t other = 0; other < options.layers.size(); ++other) {
    if (other == options.layer || schema != options.layers[other].schema) continue;
    objections.add(node, fmt::format("it would be built in {}, the schema of the layer {}", schema,
                                     options.layers[other].name));
    return;
  }
  if (schema != options.staging_schema &&
      std::find(taken.begin(), taken.end(), schema) != taken.end()) {
    objections.add(
        node, fmt::format("it would be built in {}, in which an earlier layer builds", schema));
  }
}

void object_to_parents(const Node& node, const Graph& graph, const Ids& known,
                       Objections& objections) {
  for (const auto& parent_id : node.depends_on) {
    const Node& parent = graph.at(parent_id);
    if (parent.type == ResourceType::source || known.contains(parent_id)) continue;
    objections.add(node, fmt::format("it reads {}, which no layer up to this one builds; add it to "
                                     "transform.layers",
                                     parent_id));
  }
}

/// Two nodes with one name would overwrite each other; a server may fold letter cases.
void object_to_doubles(const std::vector<const Node*>& nodes, Objections& objections) {
  std::set<std::string> seen;
  for (const Node* node : nodes) {
    const TableName name = live_name(*node);
    if (!seen.insert(to_lower(name.text())).second) {
      objections.add(*node, fmt::format("another node of the layer is {} too", name.text()));
    }
  }
}

Selection select_layer(const Graph& graph, const LayerSpec& layer, const Ids& earlier) {
  return select_nodes(
      graph, {.select = layer.select, .exclude = {}, .is_published = [&](const Node& node) {
                return node.type == ResourceType::source || earlier.contains(node.unique_id);
              }});
}

void add_once(std::vector<std::string>& list, const std::string& item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
}

/// "model.shop.a (gold)", for what a selection names and this layer does not build.
std::string describe_elsewhere(const Graph& graph, const LayerPlanOptions& options,
                               const Ids& elsewhere) {
  std::map<std::string, std::string> layers;
  Ids known;
  for (const auto& layer : options.layers) {
    for (const auto& id : select_layer(graph, layer, known).built) {
      if (known.insert(id).second) layers[id] = layer.name;
    }
  }
  std::vector<std::string> named;
  for (const auto& id : elsewhere) {
    if (named.size() == names_said_max) {
      named.push_back(fmt::format("{} more", elsewhere.size() - named.size()));
      break;
    }
    const auto found = layers.find(id);
    named.push_back(fmt::format("{} ({})", id, found == layers.end() ? "no layer" : found->second));
  }
  return join(named, ", ");
}

/// Reduces the plan of a whole layer to what --select and --exclude leave of it.
class Narrowing {
 public:
  Narrowing(const Graph& graph, const LayerPlanOptions& options, LayerPlan& plan, const Ids& known)
      : graph_(graph),
        options_(options),
        plan_(plan),
        known_(known),
        selected_(matching_nodes(graph, options.only.select, options.only.exclude)),
        excluded_(options.only.exclude.empty()
                      ? Ids()
                      : matching_nodes(graph, options.only.exclude, {}, NoMatch::allowed)) {
    for (const Node* node : plan.nodes) of_layer_.insert(node->unique_id);
    for (const auto& id : selected_) {
      const auto type = graph.at(id).type;
      if (of_layer_.contains(id)) built_.insert(id);
      const bool buildable = type == ResourceType::model || type == ResourceType::seed;
      if (buildable && !of_layer_.contains(id)) elsewhere_.insert(id);
    }
  }

  void apply() {
    require_something();
    std::vector<const Node*> tests;
    for (const auto& id : graph_.order()) {
      const Node& node = graph_.at(id);
      if (node.type == ResourceType::test && runs(node)) tests.push_back(&node);
    }
    const bool all_tests = std::ranges::all_of(plan_.tests, [&](const Node* test) {
      return std::ranges::find(tests, test) != tests.end();
    });
    if (built_ == of_layer_ && all_tests) return;
    plan_.extent = LayerPlan::Extent::part;
    plan_.tests = std::move(tests);
    std::erase_if(plan_.nodes, [&](const Node* node) { return !built_.contains(node->unique_id); });
    add_unbuilt();
  }

 private:
  void require_something() const {
    const std::string& layer = options_.layers[options_.layer].name;
    const std::string elsewhere = describe_elsewhere(graph_, options_, elsewhere_);
    if (built_.empty()) {
      throw Error(
          ErrorKind::config_invalid,
          fmt::format("the selection leaves no seed or model of the layer {}{}", layer,
                      elsewhere_.empty() ? "" : "; what it names belongs to: " + elsewhere));
    }
    if (elsewhere_.empty() || options_.only.select.empty()) return;
    log::info("the selection also names what the layer {} does not build: {}", layer, elsewhere);
  }

  bool runs(const Node& test) const {
    if (excluded_.contains(test.unique_id)) return false;
    bool sees_built = false;
    bool sees_excluded = false;
    bool sees_source = false;
    for (const auto& id : test.depends_on) {
      const bool source = graph_.at(id).type == ResourceType::source;
      // A test over a later layer runs there.
      if (!source && !known_.contains(id)) return false;
      sees_built = sees_built || built_.contains(id);
      sees_excluded = sees_excluded || excluded_.contains(id);
      sees_source = sees_source || (source && selected_.contains(id) && is_read(id));
    }
    if (sees_built || sees_source) return true;
    const bool named = !options_.only.select.empty() && selected_.contains(test.unique_id);
    return named && !sees_excluded;
  }

  bool is_read(const std::string& source) const {
    const auto& children = graph_.children(source);
    return std::ranges::any_of(children,
                               [&](const std::string& child) { return built_.contains(child); });
  }

  void add_unbuilt() {
    for (const auto* readers : {&plan_.nodes, &plan_.tests}) {
      for (const Node* reader : *readers) {
        for (const auto& id : reader->depends_on) {
          if (!of_layer_.contains(id) || built_.contains(id)) continue;
          plan_.unbuilt.push_back({.reader = reader, .parent = &graph_.at(id)});
        }
      }
    }
  }

  const Graph& graph_;
  const LayerPlanOptions& options_;
  LayerPlan& plan_;
  const Ids& known_;  // what this layer and those below it build
  Ids selected_;
  Ids excluded_;
  Ids of_layer_;
  Ids built_;
  Ids elsewhere_;  // selected, to be built by other layers
};

std::string hash_of(const Compiler& compiler, const LayerPlanOptions& options) {
  const LayerSpec& layer = options.layers[options.layer];
  std::string text = compiler.project().hash + "\n" + compiler.project().target.name + "\n" +
                     layer.schema + "\n" + options.staging_schema;
  for (const auto& entry : layer.select) text += "\n" + entry;
  return sha256_hex(text);
}

}  // namespace

TableName live_name(const Node& node) {
  return {node.relation.schema, node.relation.identifier};
}

bool keeps_backup(const Node& node, const BackupRule& rule, LayerPlace place) {
  const auto kind = node.config.materialized;
  const bool is_seed = kind == Materialization::seed;
  if (kind != Materialization::table && kind != Materialization::incremental && !is_seed) {
    return false;
  }
  // A rerun of the same date starts from the generation before, so that one is always kept.
  if (kind == Materialization::incremental) return true;
  if (rule.tables_given) {
    return std::find(rule.tables.begin(), rule.tables.end(), live_name(node).text()) !=
           rule.tables.end();
  }
  return place == LayerPlace::last && !is_seed;
}

std::vector<const Node*> nodes_of_layer(const Graph& graph, const LayerPlanOptions& options,
                                        std::size_t layer) {
  Ids known;
  for (std::size_t earlier = 0; earlier < layer; ++earlier) {
    for (const auto& id : select_layer(graph, options.layers[earlier], known).built) {
      known.insert(id);
    }
  }
  std::vector<const Node*> nodes;
  for (const auto& id : select_layer(graph, options.layers.at(layer), known).built) {
    if (!known.contains(id)) nodes.push_back(&graph.at(id));
  }
  return nodes;
}

LayerPlan plan_layer(const Compiler& compiler, const LayerPlanOptions& options) {
  const Graph& graph = compiler.graph();
  const LayerSpec& layer = options.layers.at(options.layer);
  LayerPlan plan;
  plan.schemas.push_back(layer.schema);
  plan.reads.push_back(options.staging_schema);
  Ids known;
  for (std::size_t earlier = 0; earlier < options.layer; ++earlier) {
    add_once(plan.reads, options.layers[earlier].schema);
    for (const auto& id : select_layer(graph, options.layers[earlier], known).built) {
      known.insert(id);
      add_once(plan.reads, graph.at(id).relation.schema);
    }
  }
  const Selection selection = select_layer(graph, layer, known);
  for (const auto& id : selection.built) {
    // What an earlier layer builds is not built again by a selection that names it twice.
    if (!known.contains(id)) plan.nodes.push_back(&graph.at(id));
  }
  for (const auto& id : selection.tests) plan.tests.push_back(&graph.at(id));

  Objections objections;
  for (const Node* node : plan.nodes) {
    known.insert(node->unique_id);
    add_once(plan.schemas, node->relation.schema);
  }
  for (const Node* node : plan.nodes) {
    object_to_settings(*node, objections);
    object_to_place(*node, options, plan.reads, objections);
    object_to_parents(*node, graph, known, objections);
  }
  object_to_doubles(plan.nodes, objections);
  objections.throw_if_any(layer.name);
  plan.hash = hash_of(compiler, options);
  if (options.only.given()) Narrowing(graph, options, plan, known).apply();
  return plan;
}

void require_known_names(const Compiler& compiler, const LayerPlanOptions& options,
                         const std::vector<NamedTables>& lists) {
  std::set<std::string> known;
  std::set<const Node*> placed;
  for (std::size_t layer = 0; layer < options.layers.size(); ++layer) {
    LayerPlanOptions of_layer = options;
    of_layer.layer = layer;
    of_layer.only = {};
    for (const Node* node : plan_layer(compiler, of_layer).nodes) {
      known.insert(live_name(*node).text());
      placed.insert(node);
    }
  }
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  for (const auto& [key, tables] : lists) {
    for (const auto& name : tables) {
      if (known.contains(name)) continue;
      const auto meant = nearest(name, candidates);
      throw Error(ErrorKind::config_invalid,
                  fmt::format("{} names {}, which no layer builds{}", key, name,
                              meant.empty() ? "" : fmt::format("; did you mean {}?", meant)));
    }
  }
  for (const auto& [id, node] : compiler.graph().nodes()) {
    const bool built = node.type == ResourceType::model || node.type == ResourceType::seed;
    if (built && !placed.contains(&node)) {
      log::warn("{} belongs to no layer of transform.layers and is never built", id);
    }
  }
}

}  // namespace pipeline::dbt
