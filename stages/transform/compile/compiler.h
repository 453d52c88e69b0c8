// The face of the room: reads a project into a graph, then gives each node's SQL.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/json.h"
#include "stages/transform/compile/invocation_flags.h"
#include "stages/transform/compile/macro_library.h"
#include "stages/transform/compile/node.h"
#include "stages/transform/compile/relation.h"
#include "stages/transform/project/project_loader.h"

namespace pipeline::dbt {

/// SQL and, for each of its lines, the line of the file it came from.
struct CompiledSql {
  std::string sql;
  std::string file;        // of the node
  std::vector<int> lines;  // lines[0] is the file's line of the SQL's first line

  /// Where line `sql_line` (from 1) of `sql` stands in the model's file. Lines that a macro wrote
  /// give the line of the call. Exact: the renderer carries line marks along. Lines outside give
  /// the nearest known.
  Place source_line(int sql_line) const;
};

/// Which name ref() and `this` give.
enum class Naming {
  live,    // dbt's names: for target/compiled and for the text of published views
  shadow,  // S__next for what this run builds, live names for everything else
};

/// What a rendering must know of the run. Cheap to copy, not owned by the compiler.
struct RunState {
  /// unique_ids of the models and seeds that this run builds.
  std::set<std::string, std::less<>> built;
  /// unique_ids of incremental models whose candidate begins as a copy of the live table: there
  /// is_incremental() is true. The runner leaves out those that are refreshed in full.
  std::set<std::string, std::less<>> with_base;
  bool full_refresh = false;  // should_full_refresh() of nodes that do not say it themselves
};

struct CompileRequest {
  Naming naming = Naming::live;
  const RunState* run = nullptr;          // must not be null
  WarehouseQueries* warehouse = nullptr;  // null: run_query and adapter.get_* are errors
  /// any: invocation_id and run_started_at are the same in every run.
  enum class Invocation { own, any } invocation = Invocation::own;
};

/// One outcome, as on-run-end hooks see it in `results`.
struct NodeOutcome {
  std::string unique_id;
  std::string status;  // success, error, skipped, pass, fail, warn
  std::string message;
  double seconds = 0;
  std::optional<std::uint64_t> failures = {};  // of a test
  std::optional<std::uint64_t> rows = {};      // written, of a model or seed
  std::string thread_id = {};                  // "Thread-1"
};

struct CompilerOptions {
  LoadOptions project;
  std::string invocation_id;
  std::chrono::system_clock::time_point run_started_at;
  InvocationFlags flags = {};  // `flags` in templates, already while the project is read
  /// Values of env_var(); empty function: the process's environment.
  std::function<std::optional<std::string>(const std::string&)> environment;
};

class Compiler {
 public:
  /// Loads the project and parses every file. All that is wrong in the project shows here, before
  /// anything is touched: YAML, Jinja, unknown refs and sources (with the nearest name), circles,
  /// duplicate names, refused features. Throws config_invalid with file:line.
  explicit Compiler(CompilerOptions options);
  ~Compiler();
  Compiler(Compiler&&) noexcept;
  Compiler& operator=(Compiler&&) noexcept;

  const Project& project() const;
  const Graph& graph() const;
  /// Nodes that enabled: false takes out; what they depend on is not known.
  const std::vector<Node>& disabled() const;
  /// on-run-start and on-run-end as dbt counts them among the nodes.
  const std::vector<Node>& operations() const;
  /// The project's macros and those built in.
  std::vector<MacroText> macros() const;

  // All below are thread-safe, as long as each thread brings a WarehouseQueries of its own.

  /// The SQL of a model or test. A test's SQL selects the failing rows; wrap it with test_query().
  CompiledSql compile(const Node& node, const CompileRequest& request) const;

  enum class HookPoint { pre, post };
  /// The hooks of a model or seed, rendered with `this` as request.naming has it; those that
  /// render to nothing are left out.
  std::vector<Hook> compile_hooks(const Node& node, HookPoint point,
                                  const CompileRequest& request) const;
  /// The queries of meta.validate of a model or seed, rendered; they may name any model.
  std::vector<std::string> compile_validations(const Node& node,
                                               const CompileRequest& request) const;
  /// on-run-start and on-run-end, rendered; `results` is what on-run-end may look at.
  std::vector<Hook> compile_on_run_start(const CompileRequest& request) const;
  std::vector<Hook> compile_on_run_end(const CompileRequest& request,
                                       const std::vector<NodeOutcome>& results) const;

  /// The name that `unique_id` has under this request: shadow if built here and naming is shadow.
  Relation relation_of(const Node& node, const CompileRequest& request) const;

  /// "compiled/<project>/models/silver/a.sql", below target/; a generic test lies in a folder
  /// named after its YAML file. `area` is "compiled" or "run".
  std::string target_path(const Node& node, std::string_view area) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// dbt's statement round a test: one row with failures, should_warn, should_error.
std::string test_query(const NodeConfig& config, std::string_view compiled_sql);

}  // namespace pipeline::dbt
