// Builds one seed or model as a candidate in the shadow schema.
#pragma once

#include <map>
#include <string>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/transform/compile/compiler.h"
#include "stages/transform/run/artifacts.h"
#include "stages/transform/run/node_result.h"
#include "stages/transform/run/session_queries.h"
#include "stages/transform/run/shadow_schemas.h"

namespace pipeline::dbt {

/// What nodes and tests need of the run; the session is the worker's own. Everything outlives the
/// builder.
struct BuildContext {
  Connection& session;  // of make_model_session()
  const Compiler& compiler;
  const RunState& state;
  SessionQueries& warehouse;
  Artifacts& artifacts;
  const std::map<std::string, SchemaLook>& looks;  // by live schema
  /// What the candidates of state.with_base begin as, by unique_id.
  const std::map<std::string, TableName>& bases;
  Clock& clock;
};

/// Drops what stands in the candidate's place, then builds it: hooks, SQL, indexes. Fills rows,
/// compiled_path, compiled_code and compiling of `result`, also when it throws: sql_rejected and
/// the other kinds of node_error(), hook_failed, config_invalid from the template or the seed's
/// file. The candidate is seen by nobody, so a node that waited for a lock in vain may be built
/// again.
void build_node(const BuildContext& context, const Node& node, NodeResult& result);

/// The table that `node` is built as.
TableName candidate_name(const Node& node);

/// Hooks that run one after the other, and how they are called when one fails.
struct HookList {
  std::vector<Hook> hooks;  // rendered
  std::string what;         // "post-hook" of "post-hook 1 of model.p.x"
  std::string whose;        // "model.p.x"; empty: of the run
  std::string file;
  ErrorKind refused_kind = ErrorKind::hook_failed;
};

/// Throws hook_error() of the first that fails.
void run_hooks(Connection& session, const HookList& list);

}  // namespace pipeline::dbt
