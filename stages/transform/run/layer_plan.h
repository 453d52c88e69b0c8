// What one layer builds, tests, reads and locks: decided from the project alone, before any server
// is asked.
#pragma once

#include <string>
#include <vector>

#include "common/mariadb/identifier.h"
#include "stages/transform/compile/compiler.h"

namespace pipeline::dbt {

struct LayerSpec {
  std::string name;    // silver
  std::string schema;  // its main schema
  std::vector<std::string> select;
};

/// Which replaced tables are kept as backups.
struct BackupRule {
  bool tables_given = false;
  std::vector<std::string> tables;  // "silver.int_contracts"; used if given
  int keep_days = 3;
};

struct LayerPlan {
  std::vector<const Node*> nodes;  // parents first
  std::vector<const Node*> tests;
  /// Schemas that the layer publishes, the main one first.
  std::vector<std::string> schemas;
  /// Schemas whose markers must not move meanwhile: staging and those that earlier layers build in.
  std::vector<std::string> reads;
  /// Of the project, the layer's selection and its place.
  std::string hash;

  /// part: `nodes` and `tests` are those of a --select or --exclude; everything else above stays
  /// that of the whole layer.
  enum class Extent { whole, part } extent = Extent::whole;
  /// Of a part: what `nodes` and `tests` read of the layer without its being built, so that it must
  /// be published already.
  struct Unbuilt {
    const Node* reader;
    const Node* parent;
  };
  std::vector<Unbuilt> unbuilt;
};

/// --select and --exclude of a command line, each entry as dbt takes it.
struct BuildSelection {
  std::vector<std::string> select;
  std::vector<std::string> exclude;
  bool given() const { return !select.empty() || !exclude.empty(); }
};

struct LayerPlanOptions {
  std::vector<LayerSpec> layers;  // all, in order
  std::size_t layer = 0;          // the one to plan
  std::string staging_schema;
  BuildSelection only = {};
};

/// Throws config_invalid, naming every node in the way: for settings that are not supported yet,
/// for nodes in a schema of another layer, of the loader or of the server, and for nodes that read
/// what no layer up to this one builds. Nodes live as long as the compiler's graph.
///
/// `options.only` takes a part of the layer; what it names of other layers is logged and left to
/// them, and config_invalid if it names no seed or model of this one. The part's tests are those
/// that look at what it builds (whatever else they look at in this layer and below it), at a
/// selected source that it reads, and those that are selected themselves; tests that `exclude`
/// matches are out. A selection that leaves nothing out is the whole.
LayerPlan plan_layer(const Compiler& compiler, const LayerPlanOptions& options);

/// A list of pipeline.yaml that names tables.
struct NamedTables {
  std::string_view key;  // "backups.tables"
  const std::vector<std::string>& tables;
};

/// Throws config_invalid for a name that no layer builds, with the nearest one: a slip there would
/// leave a table without backup or protection. Warns of nodes that belong to no layer.
void require_known_names(const Compiler& compiler, const LayerPlanOptions& options,
                         const std::vector<NamedTables>& lists);

/// What the layer of that place builds, parents first; not what an earlier one builds already.
std::vector<const Node*> nodes_of_layer(const Graph& graph, const LayerPlanOptions& options,
                                        std::size_t layer);

TableName live_name(const Node& node);

/// Whether the table that `node` replaces stays as a backup: every incremental model, from whose
/// backup a rerun of the same date starts; beside these what backups.tables lists, seeds too, and
/// without that list every model of the last layer that is a table.
enum class LayerPlace { earlier, last };
bool keeps_backup(const Node& node, const BackupRule& rule, LayerPlace place);

}  // namespace pipeline::dbt
