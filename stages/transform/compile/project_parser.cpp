#include "stages/transform/compile/project_parser.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/transform/compile/generic_test.h"
#include "stages/transform/compile/node_config.h"
#include "stages/transform/compile/node_value.h"

namespace pipeline::dbt {
namespace {

using jinja::Arguments;
using jinja::Value;

/// A call of ref() or source() as it was met.
struct Mention {
  std::string source;   // empty: a ref
  std::string package;  // of a ref
  std::string name;
  Place place;
};

/// Records. Names give the node's own relation, since others are not known yet; dbt does the same.
class ParseScope : public NodeScope {
 public:
  ParseScope(Node& node, const InvocationFlags& flags) : node_(node), flags_(flags) {}

  Pass pass() const override { return Pass::parse; }
  Relation ref(const std::string& package, const std::string& name, Place place) override {
    mentions_.push_back({.source = "", .package = package, .name = name, .place = place});
    add_once(node_.refs, std::pair(package, name));
    return node_.relation;
  }
  Relation source(const std::string& source, const std::string& table, Place place) override {
    mentions_.push_back({.source = source, .package = "", .name = table, .place = place});
    add_once(node_.sources, std::pair(source, table));
    return node_.relation;
  }
  void configure(const Json& config, const Place& place) override {
    merge_config(node_.config.raw, config);
    configured_at_ = place;
  }
  const Json& config() const override { return node_.config.raw; }
  const Node& node() const override { return node_; }
  Relation self() const override { return node_.relation; }
  bool is_incremental() const override { return false; }
  bool full_refresh() const override {
    const Json* own = node_.config.raw.find("full_refresh");
    return own != nullptr && own->is_bool() ? own->as_bool() : flags_.full_refresh;
  }
  WarehouseQueries* warehouse() override { return nullptr; }
  const Graph* graph() const override { return nullptr; }
  void meet_macro(const std::string& unique_id) override { add_once(node_.macros, unique_id); }

  const std::vector<Mention>& mentions() const { return mentions_; }
  /// Where to point at for a wrong setting: the last config() in the file, else the file.
  Place settings_place() const { return configured_at_.value_or(node_.place); }

 private:
  template <typename Item>
  static void add_once(std::vector<Item>& list, const Item& item) {
    if (std::ranges::find(list, item) == list.end()) list.push_back(item);
  }

  Node& node_;
  const InvocationFlags& flags_;
  std::optional<Place> configured_at_;
  std::vector<Mention> mentions_;
};

class ProjectParser {
 public:
  explicit ProjectParser(const InvocationFacts& facts)
      : facts_(facts), project_(*facts.project), names_(project_.name) {}

  ParsedProject parse() {
    for (const auto& source : project_.sources) add_source(source);
    for (const auto& seed : project_.seeds) add_resource(seed);
    for (const auto& model : project_.models) add_resource(model);
    for (const auto& test : project_.singular_tests) add_resource(test);
    for (const auto& [target, tests] : tested_) {
      for (const auto& test : *tests) add_generic_test(target, test);
    }
    check_run_hooks();
    check_validations();
    drop_tests_of_disabled_nodes();
    for (auto& [node, mentions] : drafts_) resolve(node, mentions);
    check_relations();
    ParsedProject parsed{.nodes = {},
                         .disabled = std::move(disabled_),
                         .operations = std::move(operations_),
                         .names = std::move(names_)};
    for (auto& draft : drafts_) parsed.nodes.push_back(std::move(draft.node));
    return parsed;
  }

 private:
  struct Draft {
    Node node;
    std::vector<Mention> mentions;
  };
  struct Tested {
    TestTarget target;
    std::string unique_id;
    std::vector<std::string> folders;  // of a generic test's fqn
  };

  /// False, and remembered, if the node is switched off.
  bool keep(const Node& node) {
    if (is_enabled(node.config.raw, node.place)) return true;
    disabled_.push_back(node);
    if (node.type != ResourceType::test) names_.add_disabled(node);
    return false;
  }

  void add_source(const SourceTable& source) {
    Node node;
    node.type = ResourceType::source;
    node.unique_id = fmt::format("source.{}.{}.{}", project_.name, source.source, source.table);
    node.name = source.table;
    node.source_name = source.source;
    node.fqn = source.fqn;
    node.place = source.place;
    node.relation = {.schema = source.schema, .identifier = source.identifier};
    node.description = source.description;
    node.columns = source.columns;
    node.config.raw = source.config;
    if (!keep(node)) return;
    node.config = read_node_config(node.type, source.config, node.place);
    names_.add(node);
    tested_.emplace_back(Tested{.target = {.source = source.source, .name = source.table},
                                .unique_id = node.unique_id,
                                .folders = folders_of(source.fqn, 2)},
                         &source.tests);
    drafts_.push_back({.node = std::move(node), .mentions = {}});
  }

  /// The fqn without its last `names` pieces.
  static std::vector<std::string> folders_of(std::vector<std::string> fqn, std::size_t names) {
    fqn.resize(fqn.size() - names);
    return fqn;
  }

  Node node_of(const Resource& resource) const {
    Node node;
    node.type = resource.type;
    node.name = resource.name;
    node.unique_id = fmt::format("{}.{}.{}", name_of(resource.type), project_.name, resource.name);
    node.fqn = resource.fqn;
    node.place = {.file = resource.path, .line = 0};
    node.raw_code = std::string(trim(resource.text));
    node.sha256 = resource.sha256;
    node.file_bytes = resource.bytes;
    node.described_in = resource.properties.place.file;
    node.description = resource.properties.description;
    node.columns = resource.properties.columns;
    node.config.raw = resource.config;
    return node;
  }

  void add_resource(const Resource& resource) {
    Node node = node_of(resource);
    ParseScope scope(node, facts_.flags);
    const auto context = make_node_context(facts_, borrowed(scope));
    name_relation(node, context);
    if (resource.type != ResourceType::seed) {
      const auto& environment = *facts_.environment;
      const jinja::Template file = environment.parse(resource.path, template_text(resource.text));
      try {
        environment.render(file, context);
      } catch (const jinja::TemplateError&) {
        if (!is_switched_off(resource, file)) throw;
        return;
      }
      name_relation(node, context);
    }
    if (!keep(node)) return;
    node.config = read_node_config(node.type, Json(node.config.raw), scope.settings_place());
    check_column_types(node, resource.first_line);
    check_hooks(node, context);
    if (node.type != ResourceType::test) names_.add(node);
    if (node.type != ResourceType::test) {
      tested_.emplace_back(Tested{.target = {.source = "", .name = node.name},
                                  .unique_id = node.unique_id,
                                  .folders = {}},
                           &resource.properties.tests);
    }
    drafts_.push_back({.node = node, .mentions = scope.mentions()});
  }

  /// As in dbt, a disabled file may call what is not there. Whether it is disabled may be said
  /// behind the call: it is rendered again, with every name taken. True: remembered as disabled.
  bool is_switched_off(const Resource& resource, const jinja::Template& file) {
    Node node = node_of(resource);
    ParseScope scope(node, facts_.flags);
    const auto context = make_tolerant_context(facts_, borrowed(scope));
    try {
      facts_.environment->render(file, context);
    } catch (const jinja::TemplateError&) {
      return false;  // what is wrong has been met in the first rendering
    }
    return !keep(node);
  }

  /// Tests follow their YAML file: its folders make the fqn.
  std::vector<std::string> test_fqn(const Tested& tested, const GenericTest& test) const {
    if (!tested.folders.empty()) return tested.folders;
    std::vector<std::string> fqn = split(test.place.file, '/');
    fqn.pop_back();
    if (fqn.empty()) return {project_.name};
    fqn.front() = project_.name;
    return fqn;
  }

  void add_generic_test(const Tested& tested, const GenericTest& test) {
    const TestNames names = names_of_test(test, tested.target);
    Node node;
    node.type = ResourceType::test;
    node.name = names.full;
    node.unique_id = fmt::format("test.{}.{}.{}", project_.name, names.full, names.suffix);
    node.fqn = test_fqn(tested, test);
    node.fqn.push_back(names.full);
    node.place = test.place;
    node.attached_to = tested.unique_id;
    node.column = test.column;
    node.generic = test;
    node.description = test.description;
    node.relation = {.schema = project_.target.schema + "_dbt_test__audit",
                     .identifier = names.alias};
    node.config.raw = config_of(project_.test_config, node.fqn);
    merge_config(node.config.raw, test.config);
    node.raw_code = fmt::format("{{{{ test_{}(**_dbt_generic_test_kwargs) }}}}", test.macro);
    node.sha256 =
        sha256_hex(fmt::format("{}\n{}\n{}", node.raw_code, test.arguments.dump(), test.column));
    ParseScope scope(node, facts_.flags);
    render_generic_test(facts_, scope, make_node_context(facts_, borrowed(scope)), test,
                        tested.target);
    if (!keep(node)) return;
    node.config = read_node_config(node.type, Json(node.config.raw), node.place);
    drafts_.push_back({.node = node, .mentions = scope.mentions()});
  }

  /// The scope lives on the stack of the caller, as does the context that sees it.
  static std::shared_ptr<NodeScope> borrowed(NodeScope& scope) {
    return {std::shared_ptr<void>(), &scope};
  }

  void name_relation(Node& node, const jinja::ContextPtr& context) const {
    // As in dbt, what makes the names is no macro that the node depends on.
    const std::vector<std::string> met = node.macros;
    node.relation.schema = call_naming(node, context, "generate_schema_name", "schema");
    node.relation.identifier = call_naming(node, context, "generate_alias_name", "alias");
    node.macros = met;
  }

  std::string call_naming(const Node& node, const jinja::ContextPtr& context,
                          const std::string& macro_name, std::string_view key) const {
    const Json* custom = node.config.raw.find(key);
    Arguments arguments;
    arguments.positional.push_back(custom != nullptr ? Value::from_json(*custom) : Value());
    arguments.positional.push_back(node_value(node, project_.name));
    const auto macro = facts_.macros->find(macro_name, context);
    std::string name(trim(facts_.environment->call(*macro, arguments, context).str()));
    if (!name.empty()) return name;
    throw Error(ErrorKind::config_invalid,
                fmt::format("{}: {} gives an empty name", node.place.text(), macro_name));
  }

  /// A header with quotes is read when the seed is loaded; the loader refuses the same then.
  static void check_column_types(const Node& node, std::string_view header) {
    if (node.config.column_types.empty() || header.find('"') != std::string_view::npos) return;
    if (header.starts_with("\xEF\xBB\xBF")) header.remove_prefix(3);
    const std::vector<std::string> columns = split(header, node.config.delimiter);
    for (const auto& [column, type] : node.config.column_types) {
      const bool known =
          std::ranges::any_of(columns, [wanted = to_lower(column)](const std::string& name) {
            return to_lower(trim(name)) == wanted;
          });
      if (known) continue;
      throw Error(ErrorKind::config_invalid,
                  fmt::format("{}: column_types names {}, but the columns are {}",
                              node.place.text(), column, join(columns, ", ")));
    }
  }

  /// Hooks are rendered when they run; what they name counts as a dependency already.
  void check_hooks(const Node& node, const jinja::ContextPtr& context) const {
    for (const auto* hooks : {&node.config.pre_hooks, &node.config.post_hooks}) {
      for (const auto& hook : *hooks) {
        facts_.environment->render(hook.sql, context, fmt::format("hook of {}", node.place.file));
      }
    }
  }

  void check_run_hooks() {
    add_operations("on-run-start", project_.on_run_start);
    add_operations("on-run-end", project_.on_run_end);
  }

  void add_operations(const std::string& when, const std::vector<Hook>& hooks) {
    for (std::size_t number = 0; number < hooks.size(); ++number) {
      Node node;
      node.type = ResourceType::operation;
      node.name = fmt::format("{}-{}-{}", project_.name, when, number);
      node.unique_id = fmt::format("operation.{}.{}", project_.name, node.name);
      node.fqn = {project_.name, "hooks", node.name};
      node.place = {.file = "dbt_project.yml", .line = 0};
      node.relation = {.schema = project_.target.schema, .identifier = node.name};
      node.raw_code = hooks[number].sql;
      node.sha256 = sha256_hex(node.raw_code);
      node.config.tags = {when};
      ParseScope scope(node, facts_.flags);
      facts_.environment->render(node.raw_code, make_node_context(facts_, borrowed(scope)),
                                 "hook in dbt_project.yml");
      resolve(node, scope.mentions());
      operations_.push_back(std::move(node));
    }
  }

  /// They run behind everything that is built, so what they name is no dependency.
  void check_validations() {
    for (const auto& draft : drafts_) {
      for (const auto& query : draft.node.config.validations) {
        Node node = draft.node;
        ParseScope scope(node, facts_.flags);
        facts_.environment->render(query, make_node_context(facts_, borrowed(scope)),
                                   fmt::format("meta.validate of {}", draft.node.place.file));
        for (const auto& mention : scope.mentions()) unique_id(mention, draft.node);
      }
    }
  }

  std::string unique_id(const Mention& mention, const Node& node) const {
    // Hooks and macros of ours have no file; the node that called them has.
    const bool in_file = mention.place.file.find_first_of("( ") == std::string::npos;
    const Place place = in_file ? mention.place : node.place;
    return mention.source.empty() ? names_.ref(mention.package, mention.name, place)
                                  : names_.source(mention.source, mention.name, place);
  }

  /// As dbt: a test goes with what it looks at. A model that names a disabled one is an error.
  void drop_tests_of_disabled_nodes() {
    std::erase_if(drafts_, [this](const Draft& draft) {
      return draft.node.type == ResourceType::test &&
             std::ranges::any_of(draft.mentions, [this](const Mention& mention) {
               return names_.is_disabled(mention.source, mention.name);
             });
    });
  }

  void resolve(Node& node, const std::vector<Mention>& mentions) const {
    for (const auto& mention : mentions) {
      std::string id = unique_id(mention, node);
      if (id == node.unique_id) {
        throw Error(ErrorKind::config_invalid,
                    fmt::format("{}: the model \"{}\" refers to itself; use {{{{ this }}}}",
                                mention.place.text(), node.name));
      }
      if (std::ranges::find(node.depends_on, id) == node.depends_on.end()) {
        node.depends_on.push_back(std::move(id));
      }
    }
  }

  static void require_short(const Node& node, std::string_view what, const std::string& name) {
    constexpr std::size_t characters_max = 64;
    const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
    const auto characters =
        name.size() - static_cast<std::size_t>(std::ranges::count_if(name, continues));
    if (characters <= characters_max) return;
    throw Error(ErrorKind::config_invalid,
                fmt::format("{}: the name of the {}, {}, has {} characters; MySQL takes {}",
                            node.place.text(), what, name, characters, characters_max));
  }

  /// Two nodes that would write one relation.
  void check_relations() const {
    std::map<Relation, const Node*> owners;
    for (const auto& [node, mentions] : drafts_) {
      if (node.type != ResourceType::model && node.type != ResourceType::seed) continue;
      require_short(node, "table", node.relation.identifier);
      require_short(node, "schema of the candidates", node.relation.shadow().schema);
      const auto [present, added] = owners.emplace(node.relation, &node);
      if (added) continue;
      throw Error(
          ErrorKind::config_invalid,
          fmt::format("{}: {} is the relation of {} too; give one of them an alias",
                      node.place.text(), node.relation.render(), present->second->place.text()));
    }
  }

  const InvocationFacts& facts_;
  const Project& project_;
  NameIndex names_;
  std::vector<Draft> drafts_;
  std::vector<Node> disabled_;
  std::vector<Node> operations_;
  std::vector<std::pair<Tested, const std::vector<GenericTest>*>> tested_;
};

}  // namespace

std::string template_text(const std::string& file_text) {
  return file_text.substr(0, file_text.find_last_not_of(" \t\r\n\f\v") + 1);
}

ParsedProject parse_project(const InvocationFacts& facts) {
  return ProjectParser(facts).parse();
}

}  // namespace pipeline::dbt
