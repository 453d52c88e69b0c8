// Field by field what the classes of dbt-core 1.7 write (ModelNode, SeedNode, GenericTestNode,
// SingularTestNode, HookNode, SourceDefinition, Macro), in their order. Consumers read the file
// with the schema in hand, and the schema allows no other keys: what is ours alone has no place
// here. Databases are null, since a MySQL schema has none above it.
#include "stages/transform/compile/manifest.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/transform/compile/config_json.h"
#include "stages/transform/compile/generic_test.h"
#include "stages/transform/compile/md5.h"
#include "stages/transform/compile/node_value.h"

namespace pipeline::dbt {
namespace {

// dbt hashes no larger seed.
constexpr std::size_t hashed_seed_bytes_max = 1u << 20;

Json texts_json(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const auto& text : texts) list.push_back(text);
  return list;
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Json checksum_json(const Node& node) {
  Json checksum = Json::object();
  if (node.generic) {
    checksum.set("name", "none");
    checksum.set("checksum", "");
  } else if (node.type == ResourceType::seed && node.file_bytes > hashed_seed_bytes_max) {
    // Large seeds: their path stands for them.
    checksum.set("name", "path");
    checksum.set("checksum", node.place.file);
  } else {
    checksum.set("name", "sha256");
    checksum.set("checksum", node.sha256);
  }
  return checksum;
}

/// What YAML says of a column, with dbt's defaults below it.
Json columns_json(const std::vector<ColumnProperties>& columns) {
  Json all = Json::object();
  for (const auto& column : columns) {
    Json one = Json::object();
    one.set("name", column.name);
    one.set("description", column.description);
    one.set("meta", Json::object());
    one.set("data_type", Json());
    one.set("constraints", Json::array());
    one.set("quote", Json());
    one.set("tags", Json::array());
    for (const auto& [key, value] : column.fields.as_object()) {
      const bool one_tag = key == "tags" && value.is_string();
      one.set(key, one_tag ? Json(Json::Array{value}) : value);
    }
    all.set(column.name, std::move(one));
  }
  return all;
}

Json docs_json(const Json& config) {
  Json docs = Json::object();
  docs.set("show", true);
  docs.set("node_color", Json());
  const Json* given = config.find("docs");
  if (given == nullptr || !given->is_object()) return docs;
  for (const char* key : {"show", "node_color"}) {
    if (const Json* value = given->find(key)) docs.set(key, *value);
  }
  return docs;
}

Json macros_json(const std::vector<std::string>& macros) {
  Json json = Json::object();
  json.set("macros", texts_json(macros));
  return json;
}

Json depends_on_json(const Node& node) {
  Json json = macros_json(node.macros);
  json.set("nodes", texts_json(node.depends_on));
  return json;
}

Json refs_json(const Node& node) {
  Json refs = Json::array();
  for (const auto& [package, name] : node.refs) {
    Json one = Json::object();
    one.set("name", name);
    one.set("package", text_or_null(package));
    one.set("version", Json());
    refs.push_back(std::move(one));
  }
  return refs;
}

Json sources_json(const Node& node) {
  Json sources = Json::array();
  for (const auto& [source, table] : node.sources) sources.push_back(texts_json({source, table}));
  return sources;
}

Json contract_json() {
  Json contract = Json::object();
  contract.set("enforced", false);
  contract.set("alias_types", true);
  contract.set("checksum", Json());
  return contract;
}

/// What a test stands under, from its unique_id, since a disabled node is in no graph:
/// "model.shop.orders", "source.shop.raw.orders".
std::pair<std::string, TestTarget> target_of(const std::string& unique_id) {
  std::vector<std::string> pieces = split(unique_id, '.');
  require(pieces.size() >= 3, "a unique_id has a type, a package and a name");
  std::string type = pieces.front();
  pieces.erase(pieces.begin(), pieces.begin() + 2);
  TestTarget target;
  if (type == name_of(ResourceType::source)) {
    target.source = pieces.front();
    pieces.erase(pieces.begin());
  }
  target.name = join(pieces, ".");
  return {std::move(type), std::move(target)};
}

class Manifest {
 public:
  Manifest(const Compiler& compiler, const ArtifactFacts& facts, const CompiledNodes& compiled,
           const WriteText& write)
      : compiler_(compiler),
        project_(compiler.project()),
        facts_(facts),
        compiled_(compiled),
        write_(write) {}

  void write() {
    write_("{\"metadata\": ");
    write_(metadata().dump());
    write_section("nodes", [this] { write_nodes(); });
    write_section("sources", [this] { write_sources(); });
    write_section("macros", [this] { write_macros(); });
    for (const char* empty : {"docs", "exposures", "metrics", "groups", "selectors"}) {
      write_section(empty, [] {});
    }
    write_section("disabled", [this] { write_disabled(); });
    write_section("parent_map", [this] { write_parents(); });
    write_section("child_map", [this] { write_children(); });
    for (const char* empty : {"group_map", "saved_queries", "semantic_models"}) {
      write_section(empty, [] {});
    }
    write_("}\n");
  }

 private:
  template <typename WriteEntries>
  void write_section(std::string_view name, const WriteEntries& entries) {
    write_(", ");
    write_(Json(name).dump());
    write_(": {");
    first_ = true;
    entries();
    write_("}");
  }

  void write_entry(const std::string& key, const Json& value) {
    if (!first_) write_(",\n");
    first_ = false;
    write_(Json(key).dump());
    write_(": ");
    write_(value.dump());
  }

  Json metadata() const {
    Json metadata = artifact_metadata(facts_, "manifest/v11");
    metadata.set("project_name", project_.name);
    metadata.set("project_id", md5_hex(project_.name));
    metadata.set("user_id", Json());
    metadata.set("send_anonymous_usage_stats", false);
    metadata.set("adapter_type", project_.target.type);
    return metadata;
  }

  double created_at() const {
    return std::chrono::duration<double>(facts_.generated_at.time_since_epoch()).count();
  }

  void write_nodes() {
    for (const auto& [id, node] : compiler_.graph().nodes()) {
      if (node.type != ResourceType::source) write_entry(id, node_json(node));
    }
    for (const auto& node : compiler_.operations()) write_entry(node.unique_id, node_json(node));
  }

  void write_sources() {
    for (const auto& [id, node] : compiler_.graph().nodes()) {
      if (node.type == ResourceType::source) write_entry(id, source_json(node));
    }
  }

  void write_macros() {
    for (const auto& macro : compiler_.macros()) {
      Json json = Json::object();
      json.set("name", macro.name);
      json.set("resource_type", "macro");
      json.set("package_name", macro.package);
      json.set("path", macro.path);
      json.set("original_file_path", macro.path);
      json.set("unique_id", macro.unique_id());
      json.set("macro_sql", macro.text);
      json.set("depends_on", macros_json({}));
      json.set("description", "");
      json.set("meta", Json::object());
      json.set("docs", docs_json(Json()));
      json.set("patch_path", Json());
      json.set("arguments", Json::array());
      json.set("created_at", created_at());
      json.set("supported_languages", Json());
      write_entry(macro.unique_id(), json);
    }
  }

  void write_disabled() {
    std::map<std::string_view, Json> by_id;
    for (const auto& node : compiler_.disabled()) {
      const auto [entry, added] = by_id.emplace(node.unique_id, Json::array());
      entry->second.push_back(node.type == ResourceType::source ? source_json(node)
                                                                : node_json(node));
    }
    for (const auto& [id, nodes] : by_id) write_entry(std::string(id), nodes);
  }

  void write_parents() {
    for (const auto& [id, node] : compiler_.graph().nodes()) {
      write_entry(id, texts_json(node.depends_on));
    }
    for (const auto& node : compiler_.operations()) {
      write_entry(node.unique_id, texts_json(node.depends_on));
    }
  }

  void write_children() {
    std::map<std::string_view, std::vector<std::string>> of_operations;
    for (const auto& node : compiler_.operations()) {
      for (const auto& parent : node.depends_on) of_operations[parent].push_back(node.unique_id);
    }
    for (const auto& [id, node] : compiler_.graph().nodes()) {
      std::vector<std::string> children = compiler_.graph().children(id);
      const auto more = of_operations.find(id);
      if (more != of_operations.end()) {
        children.insert(children.end(), more->second.begin(), more->second.end());
        std::ranges::sort(children);
      }
      write_entry(id, texts_json(children));
    }
    for (const auto& node : compiler_.operations()) write_entry(node.unique_id, Json::array());
  }

  /// The keys that stand at the beginning of every node.
  Json begin_of(const Node& node) const {
    Json json = Json::object();
    json.set("database", Json());
    json.set("schema", node.relation.schema);
    json.set("name", node.name);
    json.set("resource_type", name_of(node.type));
    json.set("package_name", project_.name);
    json.set("path", dbt_path(node));
    json.set("original_file_path", node.place.file);
    json.set("unique_id", node.unique_id);
    json.set("fqn", texts_json(node.fqn));
    return json;
  }

  Json patch_path(const Node& node) const {
    return node.described_in.empty() ? Json() : Json(project_.name + "://" + node.described_in);
  }

  Json node_json(const Node& node) const {
    const auto found = compiled_.find(node.unique_id);
    const CompiledNode* compiled = found == compiled_.end() ? nullptr : &found->second;
    const bool has_relation = node.type == ResourceType::model || node.type == ResourceType::seed;
    Json json = begin_of(node);
    json.set("alias", node.relation.identifier);
    json.set("checksum", checksum_json(node));
    json.set("config", config_json(node));
    json.set("tags", texts_json(node.config.tags));
    json.set("description", node.description);
    json.set("columns", columns_json(node.columns));
    json.set("meta", node.config.meta);
    json.set("group", Json());
    json.set("docs", docs_json(node.config.raw));
    json.set("patch_path", patch_path(node));
    json.set("build_path", compiled != nullptr ? text_or_null(compiled->build_path) : Json());
    json.set("deferred", false);
    json.set("unrendered_config", node.config.raw);
    json.set("created_at", created_at());
    json.set("relation_name", has_relation ? Json(node.relation.render()) : Json());
    json.set("raw_code", node.raw_code);
    if (node.type == ResourceType::seed) {
      json.set("root_path", project_.dir);
      json.set("depends_on", macros_json(node.macros));
      return json;
    }
    set_code(json, node, compiled);
    if (node.type == ResourceType::model) set_model(json, node);
    if (node.generic) set_generic_test(json, node);
    if (node.type == ResourceType::operation) json.set("index", index_of(node));
    return json;
  }

  static void set_code(Json& json, const Node& node, const CompiledNode* compiled) {
    json.set("language", "sql");
    json.set("refs", refs_json(node));
    json.set("sources", sources_json(node));
    json.set("metrics", Json::array());
    json.set("depends_on", depends_on_json(node));
    json.set("compiled_path", compiled != nullptr ? Json(compiled->compiled_path) : Json());
    json.set("contract", contract_json());
    if (compiled == nullptr) return;
    json.set("compiled", true);
    json.set("compiled_code", compiled->code.empty() ? Json() : Json(compiled->code));
    json.set("extra_ctes_injected", true);
    json.set("extra_ctes", Json::array());
  }

  static void set_model(Json& json, const Node& node) {
    const Json* access = node.config.raw.find("access");
    json.set("access", access != nullptr && access->is_string() ? *access : Json("protected"));
    json.set("constraints", Json::array());
    json.set("version", Json());
    json.set("latest_version", Json());
    json.set("deprecation_date", Json());
  }

  static void set_generic_test(Json& json, const Node& node) {
    const GenericTest& test = *node.generic;
    const auto [type, target] = target_of(node.attached_to);
    const bool of_source = !target.source.empty();
    Json metadata = Json::object();
    metadata.set("name", test.macro);
    metadata.set("kwargs", test_arguments(test, target));
    metadata.set("namespace", text_or_null(test.package));
    json.set("column_name", text_or_null(node.column));
    json.set("file_key_name", type + "s." + (of_source ? target.source : target.name));
    json.set("attached_node", of_source ? Json() : Json(node.attached_to));
    json.set("test_metadata", std::move(metadata));
  }

  static Json index_of(const Node& node) {
    return static_cast<std::int64_t>(std::stoll(node.name.substr(node.name.find_last_of('-') + 1)));
  }

  const SourceTable* table_of(const Node& node) const {
    for (const auto& table : project_.sources) {
      if (table.source == node.source_name && table.table == node.name) return &table;
    }
    return nullptr;
  }

  Json source_json(const Node& node) const {
    const SourceTable* table = table_of(node);
    require(table != nullptr, "a source node comes from a table of the project");
    Json quoting = Json::object();
    for (const char* key : {"database", "schema", "identifier", "column"}) quoting.set(key, Json());
    Json json = begin_of(node);
    json.set("source_name", node.source_name);
    json.set("source_description", table->source_description);
    json.set("loader", table->loader);
    json.set("identifier", node.relation.identifier);
    json.set("quoting", std::move(quoting));
    json.set("loaded_at_field", text_or_null(table->loaded_at_field));
    json.set("freshness", to_json(table->freshness));
    json.set("external", Json());
    json.set("description", node.description);
    json.set("columns", columns_json(node.columns));
    json.set("meta", node.config.meta);
    json.set("source_meta", table->source_meta);
    json.set("tags", texts_json(node.config.tags));
    json.set("config", config_json(node));
    json.set("patch_path", Json());
    json.set("unrendered_config", node.config.raw);
    json.set("relation_name", node.relation.render());
    json.set("created_at", created_at());
    return json;
  }

  const Compiler& compiler_;
  const Project& project_;
  const ArtifactFacts& facts_;
  const CompiledNodes& compiled_;
  const WriteText& write_;
  bool first_ = true;  // of the section that is being written
};

}  // namespace

void write_manifest(const Compiler& compiler, const ArtifactFacts& facts,
                    const CompiledNodes& compiled, const WriteText& write) {
  Manifest(compiler, facts, compiled, write).write();
}

}  // namespace pipeline::dbt
