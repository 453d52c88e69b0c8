// Builds one seed or model as a candidate in the shadow schema.
#pragma once

#include <map>
#include <string>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/transform/compile/compiler.h"
#include "stages/transform/run/artifacts.h"
#include "stages/transform/run/node_result.h"
#include "stages/transform/run/session_queries.h"

namespace pipeline::dbt {

/// What all nodes of a run share. Everything outlives the builder.
struct BuildContext {
  Connection& session;  // of make_model_session()
  const Compiler& compiler;
  const RunState& state;
  SessionQueries& warehouse;
  Artifacts& artifacts;
  /// Behind the name of a new table of this live schema: "ENGINE=InnoDB DEFAULT CHARSET=...".
  std::map<std::string, std::string> table_options;
  /// What the candidates of state.with_base begin as, by unique_id.
  std::map<std::string, TableName> bases;
};

/// A statement that only waited for others is run again, with the whole node, so many times.
inline constexpr int node_attempts_max = 3;

/// Drops what stands in the candidate's place, then builds it: hooks, SQL, indexes. Throws
/// sql_rejected and the other kinds of node_error(), hook_failed, config_invalid from the template
/// or the seed's file, lock_contention after node_attempts_max attempts.
NodeResult build_node(const BuildContext& context, const Node& node);

/// The table that `node` is built as.
TableName candidate_name(const Node& node);

/// Runs hooks one after the other; `what` is "post-hook" of "post-hook 1 of model.p.x". `whose` may
/// be empty: hooks of the run.
void run_hooks(Connection& session, const std::vector<Hook>& hooks, std::string_view what,
               std::string_view whose, const std::string& file);

}  // namespace pipeline::dbt
