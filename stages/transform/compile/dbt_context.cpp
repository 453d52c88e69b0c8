#include "stages/transform/compile/dbt_context.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/base/text.h"
#include "stages/transform/compile/artifact_metadata.h"
#include "stages/transform/compile/config_json.h"
#include "stages/transform/compile/datetime_value.h"
#include "stages/transform/compile/md5.h"
#include "stages/transform/compile/node_value.h"
#include "stages/transform/compile/template_values.h"
#include "stages/transform/jinja/json_text.h"
#include "stages/transform/jinja/operators.h"
#include "stages/transform/project/yaml_values.h"

namespace pipeline::dbt {
namespace {

using jinja::Arguments;
using jinja::Bound;
using jinja::CallContext;
using jinja::Dict;
using jinja::List;
using jinja::Value;

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorKind::config_invalid, what);
}

Value relation_value(Relation relation) {
  return std::make_shared<RelationValue>(std::move(relation));
}

const Relation& relation_in(const Value& value, std::string_view function) {
  const auto relation = value.as<RelationValue>();
  if (!relation) fail(fmt::format("{} needs a relation, as ref() gives it", function));
  return relation->relation();
}

Place place_of(const CallContext& call) {
  const jinja::Location location = call.location();
  return {.file = location.template_name, .line = location.line};
}

/// The state of one rendering that several names share.
struct Rendering {
  const InvocationFacts& facts;
  std::shared_ptr<NodeScope> scope;
  std::map<std::string, Value, std::less<>> results;  // of statement()

  Value run(const std::string& sql) {
    if (scope->pass() == Pass::parse) {
      return Value::undefined("run_query() gives nothing while execute is false",
                              jinja::UndefinedPolicy::chainable);
    }
    return table_value(scope->warehouse()->run_query(sql));
  }
};

using RenderingPtr = std::shared_ptr<Rendering>;

class ConfigValue : public jinja::Object {
 public:
  explicit ConfigValue(RenderingPtr rendering) : rendering_(std::move(rendering)) {}
  std::string type_name() const override { return "config"; }
  bool is_callable() const override { return true; }

  Value call(CallContext& context, const Arguments& arguments) override {
    Json config = Json::object();
    for (const auto& value : arguments.positional) {
      if (!value.is_dict()) fail("config() takes names and values, or one dict");
      for (const auto& [key, entry] : value.as_dict()) config.set(key.str(), entry.to_json());
    }
    for (const auto& [name, value] : arguments.keyword) config.set(name, value.to_json());
    rendering_->scope->configure(config, place_of(context));
    return "";
  }

  Value call_method(CallContext& context, std::string_view name,
                    const Arguments& arguments) override {
    if (name == "get") {
      const Bound bound("config.get", arguments, {"name", "default", "validator"});
      const auto value = find(bound.string("name"));
      return value ? Value::from_json(*value) : bound.value_or("default", Value());
    }
    if (name == "require") {
      const Bound bound("config.require", arguments, {"name", "validator"});
      const auto value = find(bound.string("name"));
      if (value) return Value::from_json(*value);
      if (rendering_->scope->pass() == Pass::parse) return "";
      fail(fmt::format("the config \"{}\" is required and not set", bound.string("name")));
    }
    return Object::call_method(context, name, arguments);
  }

 private:
  /// As dbt: a key that it knows has a value, None if nobody set it, and then no default of the
  /// caller counts.
  std::optional<Json> find(const std::string& name) const {
    const Json config = config_json(rendering_->scope->node());
    const bool hooks = name == "pre_hook" || name == "post_hook";
    const Json* value = config.find(hooks ? replace_all(name, "_", "-") : name);
    return value == nullptr ? std::nullopt : std::optional(*value);
  }

  RenderingPtr rendering_;
};

class AdapterValue : public jinja::Object {
 public:
  explicit AdapterValue(RenderingPtr rendering) : rendering_(std::move(rendering)) {}
  std::string type_name() const override { return "adapter"; }

  Value call_method(CallContext& context, std::string_view name,
                    const Arguments& arguments) override {
    if (name == "dispatch") return dispatch(context, arguments);
    if (name == "get_columns_in_relation") return columns(arguments);
    if (name == "get_relation") return relation(arguments);
    if (name == "type") return rendering_->facts.project->target.type;
    if (name == "quote") {
      const Bound bound("adapter.quote", arguments, {"identifier"});
      return "`" + replace_all(bound.string("identifier"), "`", "``") + "`";
    }
    fail(fmt::format("not supported yet: adapter.{}", name));
  }

 private:
  Value dispatch(CallContext& context, const Arguments& arguments) const {
    const Bound bound("adapter.dispatch", arguments, {"macro_name", "macro_namespace", "packages"});
    const std::string& name = bound.string("macro_name");
    const MacroLibrary& macros = *rendering_->facts.macros;
    const auto found = macros.dispatch(name, rendering_->facts.project->target.type);
    if (found) {
      rendering_->scope->meet_macro(macros.unique_id(found->owner, found->name));
      return *macros.find(found->owner, found->name, context.context());
    }
    fail(
        fmt::format("adapter.dispatch finds no macro for \"{}\": there is neither mysql__{} nor "
                    "default__{}",
                    name, name, name));
  }

  Value columns(const Arguments& arguments) const {
    const Bound bound("adapter.get_columns_in_relation", arguments, {"relation"});
    if (rendering_->scope->pass() == Pass::parse) return Value::list();
    List list;
    const Relation& relation =
        relation_in(bound.value("relation"), "adapter.get_columns_in_relation");
    for (auto& column : rendering_->scope->warehouse()->columns(relation)) {
      list.push_back(std::make_shared<ColumnValue>(std::move(column)));
    }
    return Value::list(std::move(list));
  }

  Value relation(const Arguments& arguments) const {
    const Bound bound("adapter.get_relation", arguments, {"database", "schema", "identifier"});
    if (rendering_->scope->pass() == Pass::parse) return {};
    Relation relation{.schema = bound.string("schema"), .identifier = bound.string("identifier")};
    const auto kind = rendering_->scope->warehouse()->find(relation);
    if (!kind) return {};
    return std::make_shared<RelationValue>(std::move(relation), *kind);
  }

  RenderingPtr rendering_;
};

class ExceptionsValue : public jinja::Object {
 public:
  std::string type_name() const override { return "exceptions"; }
  Value call_method(CallContext& context, std::string_view name,
                    const Arguments& arguments) override {
    const bool raises = name == "raise_compiler_error" || name == "raise_parsing_error" ||
                        name == "raise_not_implemented" || name == "raise_database_error";
    if (!raises && name != "warn") return Object::call_method(context, name, arguments);
    const Bound bound(name, arguments, {"message", "node"});
    const std::string message = bound.value("message").str();
    if (raises) fail(message);
    log::warn("{}: {}", place_of(context).text(), message);
    return "";
  }
};

/// The macros of one owner: what stands left of the dot in my_project.macro().
class MacroNamespace : public jinja::Object {
 public:
  MacroNamespace(RenderingPtr rendering, MacroLibrary::Owner owner,
                 std::weak_ptr<const jinja::Context> context)
      : rendering_(std::move(rendering)), owner_(owner), context_(std::move(context)) {}
  std::string type_name() const override { return "namespace of macros"; }
  std::optional<Value> get_attr(std::string_view name) const override {
    const jinja::ContextPtr context = context_.lock();
    if (!context) return std::nullopt;
    const MacroLibrary& macros = *rendering_->facts.macros;
    auto macro = macros.find(owner_, name, context);
    if (macro) rendering_->scope->meet_macro(macros.unique_id(owner_, name));
    return macro;
  }

 private:
  RenderingPtr rendering_;
  MacroLibrary::Owner owner_;
  std::weak_ptr<const jinja::Context> context_;
};

Value ref(Rendering& rendering, CallContext& call, const Arguments& arguments) {
  for (const auto& [name, value] : arguments.keyword) {
    if (name == "v" || name == "version") fail("not supported yet: ref() with a version");
    fail(fmt::format("ref() got an unexpected keyword argument '{}'", name));
  }
  const auto& names = arguments.positional;
  if (names.empty() || names.size() > 2) fail("ref() takes a model, or a package and a model");
  for (const auto& name : names) {
    if (!name.is_string()) fail("ref() takes names as texts, not a " + name.type_name());
  }
  const std::string package = names.size() == 2 ? names.front().as_string() : "";
  return relation_value(rendering.scope->ref(package, names.back().as_string(), place_of(call)));
}

Value source(Rendering& rendering, CallContext& call, const Arguments& arguments) {
  const Bound bound("source", arguments, {"source_name", "table_name"});
  return relation_value(rendering.scope->source(bound.string("source_name"),
                                                bound.string("table_name"), place_of(call)));
}

Value env_var(const EnvironmentLookup& lookup, const Arguments& arguments) {
  const Bound bound("env_var", arguments, {"var", "default"});
  const std::string& name = bound.string("var");
  std::optional<std::string> value;
  if (lookup) {
    value = lookup(name);
  } else if (const char* text = std::getenv(name.c_str())) {
    value = text;
  }
  if (value) {
    // dbt's own mark for what must not be shown.
    if (name.starts_with("DBT_ENV_SECRET")) static_cast<void>(Secret{*value});
    return *value;
  }
  if (bound.has("default")) return bound.value("default");
  fail(fmt::format("the environment variable {} is not set", name));
}

std::string missing_var(const Json& vars, const std::string& name) {
  std::vector<std::string_view> names;
  std::vector<std::string> listed;
  for (const auto& [known, value] : vars.as_object()) {
    names.push_back(known);
    listed.push_back(known);
  }
  const auto meant = nearest(name, names);
  if (!meant.empty()) return fmt::format("there is no var '{}'; did you mean '{}'?", name, meant);
  return fmt::format("there is no var '{}'; known: {}", name,
                     listed.empty() ? "none" : join(listed, ", "));
}

/// var: callable, with has_var().
class VarValue : public jinja::Object {
 public:
  explicit VarValue(const Json& vars) : vars_(vars) {}
  std::string type_name() const override { return "var"; }
  bool is_callable() const override { return true; }

  Value call(CallContext&, const Arguments& arguments) override {
    const Bound bound("var", arguments, {"name", "default"});
    const std::string& name = bound.string("name");
    if (const Json* value = vars_.find(name)) return Value::from_json(*value);
    if (bound.has("default")) return bound.value("default");
    fail(missing_var(vars_, name));
  }

  Value call_method(CallContext& context, std::string_view name,
                    const Arguments& arguments) override {
    if (name != "has_var") return Object::call_method(context, name, arguments);
    return vars_.find(Bound("has_var", arguments, {"name"}).string("name")) != nullptr;
  }

 private:
  const Json& vars_;
};

constexpr int usual_port = 3306;

Value target_value(const Target& target) {
  Dict dict;
  for (const auto& [key, value] : target.fields.as_object()) {
    dict.set(key, Value::from_json(value));
  }
  // Two words for one thing in dbt-mysql's profiles.
  const Value server = dict.get("server", dict.get("host"));
  dict.set("server", server);
  dict.set("host", server);
  dict.set("port", dict.get("port", usual_port));
  dict.set("profile_name", target.profile);
  dict.set("name", target.name);
  dict.set("target_name", target.name);
  dict.set("type", target.type);
  dict.set("schema", target.schema);
  dict.set("database", Value());
  dict.set("threads", target.threads);
  dict.set("user", target.user);
  return Value::dict(std::move(dict));
}

Value flags_value(const Rendering& rendering) {
  const InvocationFlags& flags = rendering.facts.flags;
  // What nobody can set here has dbt's default.
  return std::make_shared<KnownMembers>("flags", Dict{{"FULL_REFRESH", flags.full_refresh},
                                                      {"WHICH", flags.which},
                                                      {"STORE_FAILURES", false},
                                                      {"FAIL_FAST", flags.fail_fast},
                                                      {"USE_COLORS", false},
                                                      {"PRINTER_WIDTH", 80},
                                                      {"DEBUG", false},
                                                      {"QUIET", false},
                                                      {"WARN_ERROR", false},
                                                      {"INTROSPECT", true},
                                                      {"EMPTY", false},
                                                      {"VERSION_CHECK", true},
                                                      {"WRITE_JSON", true},
                                                      {"INDIRECT_SELECTION", "eager"}});
}

Value statement(Rendering& rendering, CallContext& call, const Arguments& arguments) {
  const Bound bound("statement", arguments,
                    {"name", "fetch_result", "auto_begin", "language", "caller"});
  if (rendering.scope->pass() == Pass::parse) return "";
  const std::string sql = call.call(bound.value("caller"), {}).str();
  const Value table = rendering.run(sql);
  List data;
  for (const auto& row : table.as_object().items().value_or(List{})) {
    data.push_back(Value::list(row.as_object().items().value_or(List{})));
  }
  rendering.results[bound.value_or("name", Value()).str()] =
      Value::dict({{"table", table}, {"data", Value::list(std::move(data))}, {"response", "OK"}});
  return "";
}

Value graph_value(const Rendering& rendering) {
  Dict nodes;
  Dict sources;
  if (const Graph* graph = rendering.scope->graph()) {
    for (const auto& [id, node] : graph->nodes()) {
      (node.type == ResourceType::source ? sources : nodes)
          .set(id, node_value(node, rendering.facts.project->name));
    }
  }
  Dict members{{"nodes", Value::dict(std::move(nodes))},
               {"sources", Value::dict(std::move(sources))}};
  // Those that a project has are not read, so only their absence can be told.
  if (rendering.facts.project->exposures == 0) members.set("exposures", Value::dict());
  return std::make_shared<KnownMembers>("graph", std::move(members));
}

Value log_line(Rendering& rendering, CallContext&, const Arguments& arguments) {
  const Bound bound("log", arguments, {"msg", "info"});
  // Each node is parsed once and compiled twice; one line is enough.
  if (rendering.scope->pass() == Pass::parse) return "";
  const std::string text = bound.value("msg").str();
  if (bound.value_or("info", false).truth()) {
    log::info("{}", text);
  } else {
    log::debug("{}", text);
  }
  return "";
}

Value return_value(Rendering&, CallContext&, const Arguments& arguments) {
  const Bound bound("return", arguments, {"data"});
  throw jinja::ReturnValue{bound.value_or("data", Value())};
}

Value create_relation(Rendering&, CallContext&, const Arguments& arguments) {
  const Bound bound("api.Relation.create", arguments, {"database", "schema", "identifier", "type"});
  Relation relation{.schema = bound.string("schema"), .identifier = bound.string("identifier")};
  const Value type = bound.value_or("type", Value());
  std::optional<RelationKind> kind;
  if (type.str() == "view") kind = RelationKind::view;
  if (type.str() == "table") kind = RelationKind::table;
  if (!kind && !type.is_none()) {
    fail(fmt::format("not supported yet: a relation of type {}; there are table and view",
                     type.repr()));
  }
  return std::make_shared<RelationValue>(std::move(relation), kind);
}

Value env_var_of(Rendering& rendering, CallContext&, const Arguments& arguments) {
  return env_var(rendering.facts.lookup, arguments);
}

Value is_incremental(Rendering& rendering, CallContext&, const Arguments&) {
  return rendering.scope->is_incremental();
}

Value should_full_refresh(Rendering& rendering, CallContext&, const Arguments&) {
  return rendering.scope->full_refresh();
}

Value should_store_failures(Rendering&, CallContext&, const Arguments&) {
  return false;
}

Value run_query(Rendering& rendering, CallContext&, const Arguments& arguments) {
  return rendering.run(Bound("run_query", arguments, {"sql"}).value("sql").str());
}

Value load_result(Rendering& rendering, CallContext&, const Arguments& arguments) {
  const Bound bound("load_result", arguments, {"name"});
  const auto found = rendering.results.find(bound.value("name").str());
  return found == rendering.results.end() ? Value() : found->second;
}

Value tojson(Rendering&, CallContext&, const Arguments& arguments) {
  const Bound bound("tojson", arguments, {"value", "default", "sort_keys"});
  const auto keys = bound.value_or("sort_keys", false).truth() ? jinja::JsonKeys::sorted
                                                               : jinja::JsonKeys::as_given;
  return jinja::json_text(bound.value("value"), {.keys = keys});
}

Value fromjson(Rendering&, CallContext&, const Arguments& arguments) {
  const Bound bound("fromjson", arguments, {"string", "default"});
  const std::string& text = bound.string("string");
  try {
    return Value::from_json(Json::parse(text));
  } catch (const Error&) {
    return bound.value_or("default", Value());
  }
}

Value local_md5(Rendering&, CallContext&, const Arguments& arguments) {
  return md5_hex(Bound("local_md5", arguments, {"value"}).string("value"));
}

/// Python's set(), as a list in the order in which its items come first.
Value set_of(Rendering&, CallContext& call, const Arguments& arguments) {
  const Bound bound("set", arguments, {"value", "default"});
  const Value items = bound.value("value");
  return (*call.environment().find_filter("unique"))(
      call, {.positional = {items, Value(true)}, .keyword = {}});
}

Value zip(Rendering&, CallContext&, const Arguments& arguments) {
  std::vector<List> columns;
  for (const auto& value : arguments.positional) columns.push_back(jinja::iterate(value));
  const auto shortest = std::ranges::min_element(columns, {}, &List::size);
  List rows;
  for (std::size_t row = 0; shortest != columns.end() && row < shortest->size(); ++row) {
    List parts;
    for (const auto& column : columns) parts.push_back(column[row]);
    rows.push_back(Value::tuple(std::move(parts)));
  }
  return Value::list(std::move(rows));
}

using Body = Value (*)(Rendering&, CallContext&, const Arguments&);

struct FunctionName {
  std::string_view name;
  Body body;
};

constexpr std::array function_names = {
    FunctionName{"ref", ref},
    FunctionName{"source", source},
    FunctionName{"env_var", env_var_of},
    FunctionName{"is_incremental", is_incremental},
    FunctionName{"should_full_refresh", should_full_refresh},
    FunctionName{"should_store_failures", should_store_failures},
    FunctionName{"run_query", run_query},
    FunctionName{"statement", statement},
    FunctionName{"load_result", load_result},
    FunctionName{"log", log_line},
    FunctionName{"print", log_line},
    FunctionName{"return", return_value},
    FunctionName{"tojson", tojson},
    FunctionName{"fromjson", fromjson},
    FunctionName{"local_md5", local_md5},
    FunctionName{"set", set_of},
    FunctionName{"zip", zip},
};

Value function(std::string_view name, Body body, const RenderingPtr& rendering) {
  return Value::function(std::string(name),
                         [rendering, body](CallContext& call, const Arguments& arguments) {
                           return body(*rendering, call, arguments);
                         });
}

/// A name and how its value is made; made whenever a template asks for it.
struct ValueName {
  std::string_view name;
  Value (*make)(const RenderingPtr& rendering);
};

const std::vector<ValueName>& value_names() {
  static const std::vector<ValueName> table = {
      {"config", [](const RenderingPtr& r) -> Value { return std::make_shared<ConfigValue>(r); }},
      {"var",
       [](const RenderingPtr& r) -> Value {
         return std::make_shared<VarValue>(r->facts.project->vars);
       }},
      {"this", [](const RenderingPtr& r) { return relation_value(r->scope->self()); }},
      {"model",
       [](const RenderingPtr& r) { return node_value(r->scope->node(), r->facts.project->name); }},
      {"graph", [](const RenderingPtr& r) { return graph_value(*r); }},
      {"target", [](const RenderingPtr& r) { return target_value(r->facts.project->target); }},
      {"schema", [](const RenderingPtr& r) -> Value { return r->scope->node().relation.schema; }},
      {"database", [](const RenderingPtr&) { return Value(); }},
      {"execute", [](const RenderingPtr& r) -> Value { return r->scope->pass() == Pass::compile; }},
      {"adapter", [](const RenderingPtr& r) -> Value { return std::make_shared<AdapterValue>(r); }},
      {"exceptions",
       [](const RenderingPtr&) -> Value { return std::make_shared<ExceptionsValue>(); }},
      {"flags", [](const RenderingPtr& r) { return flags_value(*r); }},
      {"api",
       [](const RenderingPtr& r) {
         const Value create = function("api.Relation.create", create_relation, r);
         return Value::dict({{"Relation", Value::dict({{"create", create}})}});
       }},
      {"invocation_id", [](const RenderingPtr& r) -> Value { return r->facts.invocation_id; }},
      {"run_started_at",
       [](const RenderingPtr& r) { return datetime_value(r->facts.run_started_at); }},
      {"modules",
       [](const RenderingPtr&) -> Value {
         return std::make_shared<KnownMembers>("modules", Dict{{"pytz", pytz_module()}});
       }},
      {"project_name", [](const RenderingPtr& r) -> Value { return r->facts.project->name; }},
      {"dbt_version", [](const RenderingPtr&) -> Value { return dbt_version; }},
  };
  return table;
}

/// Names that dbt gives to templates and this runner does not. They print as nothing if nobody
/// refuses them.
constexpr std::array<std::string_view, 28> missing_names = {"adapter_macro",
                                                            "compiled_code",
                                                            "context_macro_stack",
                                                            "dbt_metadata_envs",
                                                            "defer_relation",
                                                            "diff_of_two_dicts",
                                                            "doc",
                                                            "fromyaml",
                                                            "invocation_args_dict",
                                                            "load_agate_table",
                                                            "metric",
                                                            "metrics",
                                                            "post_hooks",
                                                            "pre_hooks",
                                                            "render",
                                                            "selected_resources",
                                                            "set_strict",
                                                            "sql",
                                                            "sql_now",
                                                            "store_raw_result",
                                                            "store_result",
                                                            "submit_python_job",
                                                            "thread_id",
                                                            "toyaml",
                                                            "try_or_compiler_error",
                                                            "validation",
                                                            "write",
                                                            "context"};

std::optional<Value> dbt_name(std::string_view name, const RenderingPtr& rendering) {
  if (std::ranges::find(missing_names, name) != missing_names.end()) {
    fail(fmt::format("not supported yet: the name \"{}\"", name));
  }
  if (name == "builtins") {
    Dict dict;
    for (const char* builtin : {"ref", "source", "config", "var"}) {
      dict.set(builtin, dbt_name(builtin, rendering).value_or(Value()));
    }
    return Value::dict(std::move(dict));
  }
  for (const auto& entry : function_names) {
    if (entry.name == name) return function(name, entry.body, rendering);
  }
  for (const auto& entry : value_names()) {
    if (entry.name == name) return entry.make(rendering);
  }
  return std::nullopt;
}

}  // namespace

namespace {

std::shared_ptr<jinja::Context> node_context(const InvocationFacts& facts,
                                             std::shared_ptr<NodeScope> scope, ExtraNames extra) {
  auto context = std::make_shared<jinja::Context>();
  context->undefined = jinja::UndefinedPolicy::iterable;
  if (scope->pass() == Pass::parse) {
    context->undefined_member = jinja::UndefinedPolicy::chainable;
  }
  const auto rendering = std::make_shared<Rendering>(
      Rendering{.facts = facts, .scope = std::move(scope), .results = {}});
  const std::weak_ptr<const jinja::Context> weak = context;
  context->resolve = [rendering, weak,
                      extra = std::move(extra)](std::string_view name) -> std::optional<Value> {
    using Owner = MacroLibrary::Owner;
    const MacroLibrary& macros = *rendering->facts.macros;
    const jinja::ContextPtr self = weak.lock();
    const auto macro_of = [&](Owner owner) {
      auto macro = macros.find(owner, name, self);
      if (macro) rendering->scope->meet_macro(macros.unique_id(owner, name));
      return macro;
    };
    if (auto macro = macro_of(Owner::project)) return macro;
    if (const auto found = extra.find(name); found != extra.end()) return found->second;
    if (auto value = dbt_name(name, rendering)) return value;
    if (auto macro = macro_of(Owner::builtin)) return macro;
    if (name == rendering->facts.project->name) {
      return std::make_shared<MacroNamespace>(rendering, Owner::project, weak);
    }
    if (name == "dbt") return std::make_shared<MacroNamespace>(rendering, Owner::builtin, weak);
    return std::nullopt;
  };
  return context;
}

}  // namespace

jinja::ContextPtr make_node_context(const InvocationFacts& facts, std::shared_ptr<NodeScope> scope,
                                    ExtraNames extra) {
  return node_context(facts, std::move(scope), std::move(extra));
}

jinja::ContextPtr make_tolerant_context(const InvocationFacts& facts,
                                        std::shared_ptr<NodeScope> scope) {
  auto context = node_context(facts, std::move(scope), {});
  context->undefined = jinja::UndefinedPolicy::chainable;
  return context;
}

jinja::ContextPtr make_yaml_context(const EnvironmentLookup& lookup, const YamlScope& scope) {
  auto context = std::make_shared<jinja::Context>();
  context->undefined = jinja::UndefinedPolicy::iterable;
  context->variables["env_var"] = Value::function(
      "env_var",
      [lookup](CallContext&, const Arguments& arguments) { return env_var(lookup, arguments); });
  if (scope.vars != nullptr) {
    context->variables["var"] = std::make_shared<VarValue>(*scope.vars);
  }
  if (scope.target != nullptr) context->variables["target"] = target_value(*scope.target);
  return context;
}

namespace {

enum class NativeKind { any, boolean, number };

/// The number or truth that a text spells; "false" counts, where dbt wants Python's "False".
Value spelled_value(const std::string& text) {
  const Json scalar = plain_scalar(trim(text));
  const std::string word = to_lower(trim(text));
  if (scalar.is_bool() && word != "true" && word != "false") return text;  // yes, on
  return scalar.is_string() ? Value(text) : Value::from_json(scalar);
}

Value native_value(const Value& value, NativeKind kind) {
  const Value native = value.is_string() ? spelled_value(value.as_string()) : value;
  const bool fits =
      kind == NativeKind::any ||
      (kind == NativeKind::boolean ? native.is_bool() : native.is_int() || native.is_float());
  if (fits) return native;
  fail(fmt::format("{} is no {}", value.repr(),
                   kind == NativeKind::boolean ? "true or false" : "number"));
}

}  // namespace

std::unique_ptr<jinja::Environment> make_environment() {
  auto environment = std::make_unique<jinja::Environment>();
  environment->add_macro_tag({.tag = "test", .end_tag = "endtest", .name_prefix = "test_"});
  environment->add_macro_tag(
      {.tag = "data_test", .end_tag = "enddata_test", .name_prefix = "test_"});
  // Where SQL is rendered, dbt's hints for native rendering change nothing.
  const auto same = [](CallContext&, const Arguments& arguments) -> Value {
    if (arguments.positional.empty()) fail("the filter needs a value");
    return arguments.positional.front();
  };
  for (const char* name : {"as_native", "as_bool", "as_number"}) {
    environment->add_filter(name, same);
  }
  environment->add_filter("as_text", [](CallContext&, const Arguments& arguments) -> Value {
    return arguments.positional.empty() ? Value("") : Value(arguments.positional.front().str());
  });
  return environment;
}

std::unique_ptr<jinja::Environment> make_yaml_environment() {
  auto environment = make_environment();
  for (const auto& [name, kind] :
       {std::pair{"as_native", NativeKind::any}, std::pair{"as_bool", NativeKind::boolean},
        std::pair{"as_number", NativeKind::number}}) {
    environment->add_filter(name,
                            [wanted = kind](CallContext&, const Arguments& arguments) -> Value {
                              if (arguments.positional.empty()) fail("the filter needs a value");
                              return native_value(arguments.positional.front(), wanted);
                            });
  }
  return environment;
}

}  // namespace pipeline::dbt
