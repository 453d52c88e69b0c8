// The nodes of a project with their settings, and the graph they form.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/json.h"
#include "stages/transform/compile/relation.h"
#include "stages/transform/project/project.h"

namespace pipeline::dbt {

enum class Materialization { view, table, incremental, seed, test };
enum class IncrementalStrategy { append, delete_insert };
enum class OnSchemaChange { ignore, append_new_columns, sync_all_columns, fail };
enum class Severity { warn, error };
/// How an increment goes live: with a copy that is swapped in, or into the live table itself.
enum class PublishMode { swap, in_place };

struct IndexConfig {
  std::vector<std::string> columns;
  bool unique = false;
  std::string type;  // btree, hash, fulltext; empty: the server's choice
  std::string name;  // empty: made from the columns
};

/// The settings of a node, checked. `raw` holds every key, those unknown to us too.
struct NodeConfig {
  Materialization materialized = Materialization::view;
  std::vector<std::string> unique_key;
  IncrementalStrategy strategy = IncrementalStrategy::append;
  OnSchemaChange on_schema_change = OnSchemaChange::ignore;
  std::vector<IndexConfig> indexes;
  std::vector<Hook> pre_hooks;           // not rendered; see Compiler::compile_hooks
  std::vector<Hook> post_hooks;          // not rendered
  std::vector<std::string> validations;  // of meta.validate; see Compiler::compile_validations
  PublishMode publish = PublishMode::swap;
  std::optional<bool> full_refresh;
  std::vector<std::string> tags;
  Json meta = Json::object();

  // Of tests.
  Severity severity = Severity::error;
  std::string where;
  std::optional<std::int64_t> limit;
  std::string fail_calc = "count(*)";
  std::string warn_if = "!= 0";
  std::string error_if = "!= 0";

  // Of seeds.
  char delimiter = ',';
  std::vector<std::pair<std::string, std::string>> column_types;

  Json raw = Json::object();
};

struct Node {
  std::string
      unique_id;  // model.pkg.name, seed.pkg.name, test.pkg.name[.hash], source.pkg.src.table
  ResourceType type = ResourceType::model;
  std::string name;              // of a source: its table
  std::string source_name;       // of a source
  std::vector<std::string> fqn;  // project, folders, name
  Place place;                   // the SQL or CSV file; of a generic test the line in the YAML file
  /// The live relation. For tests: where failures would be stored; not made.
  Relation relation;
  NodeConfig config;
  /// unique_ids in the order in which the node names them, each once.
  std::vector<std::string> depends_on;
  /// Calls of ref() by package (mostly empty) and name, and of source(), each once.
  std::vector<std::pair<std::string, std::string>> refs;
  std::vector<std::pair<std::string, std::string>> sources;
  /// unique_ids of the macros that the parse pass met, those inside other macros included.
  std::vector<std::string> macros;
  std::string raw_code;        // of a seed and a source: empty
  std::string sha256;          // of the file, without the blanks round it; as dbt's checksum
  std::size_t file_bytes = 0;  // of a node with a file of its own
  std::string described_in;    // the YAML file with its properties; empty: none
  std::string description;
  std::vector<ColumnProperties> columns;
  /// Of a test: the node it stands under; empty for singular tests.
  std::string attached_to;
  std::string column;                  // of a generic test on a column
  std::optional<GenericTest> generic;  // what YAML says of a generic test
};

class Graph {
 public:
  /// Throws config_invalid naming the files of the circle, if there is one.
  explicit Graph(std::vector<Node> nodes);

  /// By unique_id, in alphabetical order.
  const std::map<std::string, Node, std::less<>>& nodes() const { return nodes_; }
  /// nullptr if there is no such node.
  const Node* find(std::string_view unique_id) const;
  /// Ends the program if there is no such node.
  const Node& at(std::string_view unique_id) const;
  /// The nodes that name this one, in alphabetical order.
  const std::vector<std::string>& children(std::string_view unique_id) const;
  /// All unique_ids, parents first; equals by name, so that two readings give one order.
  const std::vector<std::string>& order() const { return order_; }
  /// All nodes above or below, this one excluded.
  std::vector<std::string> ancestors(std::string_view unique_id) const;
  std::vector<std::string> descendants(std::string_view unique_id) const;

 private:
  std::map<std::string, Node, std::less<>> nodes_;
  std::map<std::string, std::vector<std::string>, std::less<>> children_;
  std::vector<std::string> order_;
};

}  // namespace pipeline::dbt
