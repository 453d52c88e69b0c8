#include "stages/transform/compile/compiler.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/transform/compile/dbt_context.h"
#include "stages/transform/compile/generic_test.h"
#include "stages/transform/compile/line_marks.h"
#include "stages/transform/compile/node_value.h"
#include "stages/transform/compile/project_parser.h"
#include "stages/transform/compile/yaml_rendering.h"

namespace pipeline::dbt {
namespace {

Relation named(const Node& node, const CompileRequest& request) {
  const bool shadow =
      request.naming == Naming::shadow && request.run->built.contains(node.unique_id);
  return shadow ? node.relation.shadow() : node.relation;
}

/// Which names a rendering may use beyond those that the parse pass recorded.
enum class Reach { recorded, everything };

/// Gives the relations of finished nodes.
class CompileScope : public NodeScope {
 public:
  CompileScope(const Node& node, const Graph& graph, const NameIndex& names,
               const CompileRequest& request, Reach reach)
      : node_(node), graph_(graph), names_(names), request_(request), reach_(reach) {}

  Pass pass() const override { return Pass::compile; }
  Relation ref(const std::string& package, const std::string& name, Place place) override {
    return relation(names_.ref(package, name, place), fmt::format("ref('{}')", name));
  }
  Relation source(const std::string& source, const std::string& table, Place place) override {
    return relation(names_.source(source, table, place),
                    fmt::format("source('{}', '{}')", source, table));
  }
  void configure(const Json&, const Place&) override {}
  const Json& config() const override { return node_.config.raw; }
  const Node& node() const override { return node_; }
  Relation self() const override { return named(node_, request_); }
  bool is_incremental() const override {
    return node_.type == ResourceType::model &&
           node_.config.materialized == Materialization::incremental &&
           request_.run->with_base.contains(node_.unique_id);
  }
  bool full_refresh() const override {
    return node_.config.full_refresh.value_or(request_.run->full_refresh);
  }
  WarehouseQueries* warehouse() override {
    if (request_.warehouse != nullptr) return request_.warehouse;
    throw Error(ErrorKind::config_invalid, "this needs a server to ask, and there is none here");
  }
  const Graph* graph() const override { return &graph_; }

 private:
  Relation relation(const std::string& id, const std::string& call) const {
    const bool known = reach_ == Reach::everything || id == node_.unique_id ||
                       std::ranges::find(node_.depends_on, id) != node_.depends_on.end();
    if (known) return named(graph_.at(id), request_);
    // The order of the run was made without this name: it stands behind a condition.
    throw Error(ErrorKind::config_invalid,
                fmt::format("{} was not seen while the project was read, since execute was false; "
                            "add a line \"-- depends_on: {{{{ {} }}}}\" to {}",
                            call, call, node_.place.file));
  }

  const Node& node_;
  const Graph& graph_;
  const NameIndex& names_;
  const CompileRequest& request_;
  Reach reach_;
};

jinja::Value number_or_none(const std::optional<std::uint64_t>& number) {
  return number ? jinja::Value(static_cast<std::int64_t>(*number)) : jinja::Value();
}

ExtraNames on_run_end_names(const Project& project, const Graph& graph,
                            const std::vector<NodeOutcome>& results) {
  jinja::List outcomes;
  std::set<std::string> schemas;
  for (const auto& result : results) {
    const Node* node = graph.find(result.unique_id);
    if (node == nullptr) continue;
    if (node->type != ResourceType::test) schemas.insert(node->relation.schema);
    outcomes.push_back(jinja::Value::dict(
        {{"node", node_value(*node, project.name)},
         {"unique_id", result.unique_id},
         {"status", result.status},
         {"message", result.message},
         {"failures", number_or_none(result.failures)},
         {"adapter_response", jinja::Value::dict({{"rows_affected", number_or_none(result.rows)}})},
         {"thread_id", result.thread_id},
         {"execution_time", result.seconds}}));
  }
  jinja::List names(schemas.begin(), schemas.end());
  jinja::List pairs;
  for (const auto& schema : schemas) {
    pairs.push_back(jinja::Value::tuple({jinja::Value(), jinja::Value(schema)}));
  }
  return {{"results", jinja::Value::list(std::move(outcomes))},
          {"schemas", jinja::Value::list(std::move(names))},
          {"database_schemas", jinja::Value::list(std::move(pairs))}};
}

}  // namespace

struct Compiler::Impl {
  explicit Impl(CompilerOptions given)
      : options(std::move(given)),
        environment(make_environment()),
        project(load_project(options.project, yaml_renderer(options.environment))),
        macros(*environment, project),
        facts{.environment = environment.get(),
              .macros = &macros,
              .project = &project,
              .lookup = options.environment,
              .invocation_id = options.invocation_id,
              .run_started_at = options.run_started_at,
              .flags = options.flags},
        facts_of_any_invocation(facts),
        parsed(parse_project(facts)),
        names(std::move(parsed.names)),
        graph(std::move(parsed.nodes)) {
    facts_of_any_invocation.invocation_id.clear();
    facts_of_any_invocation.run_started_at = {};
    for (const auto* resources : {&project.models, &project.singular_tests}) {
      for (const auto& resource : *resources) {
        sources.emplace(resource.path, template_text(resource.text));
      }
    }
  }

  jinja::ContextPtr context(const Node& node, const CompileRequest& request, Reach reach,
                            ExtraNames extra = {}) const {
    const bool any = request.invocation == CompileRequest::Invocation::any;
    return make_node_context(any ? facts_of_any_invocation : facts,
                             std::make_shared<CompileScope>(node, graph, names, request, reach),
                             std::move(extra));
  }

  CompiledSql compile_file(const Node& node, const CompileRequest& request) const;
  CompiledSql compile_generic_test(const Node& node, const CompileRequest& request) const;
  std::vector<Hook> render_hooks(const std::vector<Hook>& hooks, const jinja::ContextPtr& context,
                                 const std::string& name) const;

  CompilerOptions options;
  std::unique_ptr<jinja::Environment> environment;
  Project project;
  MacroLibrary macros;
  InvocationFacts facts;
  InvocationFacts facts_of_any_invocation;
  ParsedProject parsed;
  NameIndex names;
  Graph graph;
  std::map<std::string, std::string, std::less<>> sources;  // path -> template
};

CompiledSql Compiler::Impl::compile_file(const Node& node, const CompileRequest& request) const {
  const std::string& source = sources.at(node.place.file);
  const auto render = [&](const std::string& text) {
    return environment->render(text, context(node, request, Reach::recorded), node.place.file);
  };
  MarkedText marked;
  try {
    marked = take_line_marks(render(with_line_marks(source)));
  } catch (const jinja::TemplateError& error) {
    // The excerpt in the message shows marks; an error of the template comes again without them.
    if (error.kind() == ErrorKind::config_invalid) static_cast<void>(render(source));
    const Place place{.file = error.location().template_name, .line = error.location().line};
    Error located(error.kind(), fmt::format("{} at {}", error.what_line(), place.text()));
    for (const auto& [key, value] : error.context()) {
      if (located.context_value(key).empty()) located = Error(std::move(located).with(key, value));
    }
    throw located;
  }
  // dbt renders a file without the blanks at its beginning; the line numbers need them.
  const std::size_t blanks = std::min(source.find_first_not_of(" \t\r\n\f\v"), source.size());
  if (marked.text.starts_with(source.substr(0, blanks))) {
    const auto dropped =
        std::count(source.begin(), source.begin() + static_cast<long>(blanks), '\n');
    marked.text.erase(0, blanks);
    marked.lines.erase(marked.lines.begin(), marked.lines.begin() + dropped);
  }
  return {.sql = std::move(marked.text), .file = node.place.file, .lines = std::move(marked.lines)};
}

CompiledSql Compiler::Impl::compile_generic_test(const Node& node,
                                                 const CompileRequest& request) const {
  const Node& attached = graph.at(node.attached_to);
  const TestTarget target{.source = attached.source_name, .name = attached.name};
  CompileScope scope(node, graph, names, request, Reach::recorded);
  CompiledSql compiled;
  compiled.sql = render_generic_test(facts, scope, context(node, request, Reach::recorded),
                                     *node.generic, target);
  compiled.file = node.place.file;
  compiled.lines.assign(
      static_cast<std::size_t>(1 + std::count(compiled.sql.begin(), compiled.sql.end(), '\n')),
      node.place.line);
  return compiled;
}

std::vector<Hook> Compiler::Impl::render_hooks(const std::vector<Hook>& hooks,
                                               const jinja::ContextPtr& context,
                                               const std::string& name) const {
  std::vector<Hook> rendered;
  for (const auto& hook : hooks) {
    std::string sql(trim(environment->render(hook.sql, context, name)));
    if (!sql.empty()) {
      rendered.push_back({.sql = std::move(sql), .transaction = hook.transaction});
    }
  }
  return rendered;
}

Place CompiledSql::source_line(int sql_line) const {
  if (lines.empty()) return {.file = file, .line = 0};
  const int last = static_cast<int>(lines.size());
  return {.file = file, .line = lines[static_cast<std::size_t>(std::clamp(sql_line, 1, last) - 1)]};
}

Compiler::Compiler(CompilerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Compiler::~Compiler() = default;
Compiler::Compiler(Compiler&&) noexcept = default;
Compiler& Compiler::operator=(Compiler&&) noexcept = default;

const Project& Compiler::project() const {
  return impl_->project;
}

const Graph& Compiler::graph() const {
  return impl_->graph;
}

const std::vector<Node>& Compiler::disabled() const {
  return impl_->parsed.disabled;
}

const std::vector<Node>& Compiler::operations() const {
  return impl_->parsed.operations;
}

std::vector<MacroText> Compiler::macros() const {
  return impl_->macros.texts();
}

CompiledSql Compiler::compile(const Node& node, const CompileRequest& request) const {
  require(request.run != nullptr, "a compile request names the run");
  require(node.type == ResourceType::model || node.type == ResourceType::test,
          "only models and tests have SQL");
  return node.generic ? impl_->compile_generic_test(node, request)
                      : impl_->compile_file(node, request);
}

std::vector<Hook> Compiler::compile_hooks(const Node& node, HookPoint point,
                                          const CompileRequest& request) const {
  require(request.run != nullptr, "a compile request names the run");
  const auto& hooks = point == HookPoint::pre ? node.config.pre_hooks : node.config.post_hooks;
  const std::string name =
      fmt::format("{} of {}", point == HookPoint::pre ? "pre-hook" : "post-hook", node.place.file);
  return impl_->render_hooks(hooks, impl_->context(node, request, Reach::recorded), name);
}

std::vector<std::string> Compiler::compile_validations(const Node& node,
                                                       const CompileRequest& request) const {
  require(request.run != nullptr, "a compile request names the run");
  std::vector<std::string> queries;
  for (const auto& query : node.config.validations) {
    queries.push_back(
        impl_->environment->render(query, impl_->context(node, request, Reach::everything),
                                   fmt::format("meta.validate of {}", node.place.file)));
  }
  return queries;
}

std::vector<Hook> Compiler::compile_on_run_start(const CompileRequest& request) const {
  Node node;
  node.type = ResourceType::operation;
  node.place = {.file = "dbt_project.yml", .line = 0};
  node.relation.schema = impl_->project.target.schema;
  return impl_->render_hooks(impl_->project.on_run_start,
                             impl_->context(node, request, Reach::everything),
                             "on-run-start of dbt_project.yml");
}

std::vector<Hook> Compiler::compile_on_run_end(const CompileRequest& request,
                                               const std::vector<NodeOutcome>& results) const {
  Node node;
  node.type = ResourceType::operation;
  node.place = {.file = "dbt_project.yml", .line = 0};
  node.relation.schema = impl_->project.target.schema;
  return impl_->render_hooks(
      impl_->project.on_run_end,
      impl_->context(node, request, Reach::everything,
                     on_run_end_names(impl_->project, impl_->graph, results)),
      "on-run-end of dbt_project.yml");
}

Relation Compiler::relation_of(const Node& node, const CompileRequest& request) const {
  require(request.run != nullptr, "a compile request names the run");
  return named(node, request);
}

std::string Compiler::target_path(const Node& node, std::string_view area) const {
  std::string path = fmt::format("{}/{}/{}", area, impl_->project.name, node.place.file);
  if (!node.generic) return path;
  return fmt::format("{}/{}.sql", path, node.relation.identifier);
}

std::string test_query(const NodeConfig& config, std::string_view compiled_sql) {
  const std::string limit = config.limit ? fmt::format("\n    limit {}", *config.limit) : "";
  return fmt::format(
      "select\n"
      "    {0} as failures,\n"
      "    {0} {1} as should_warn,\n"
      "    {0} {2} as should_error\n"
      "from (\n"
      "{3}{4}\n"
      ") dbt_internal_test",
      config.fail_calc, config.warn_if, config.error_if, compiled_sql, limit);
}

}  // namespace pipeline::dbt
