// What protects a layer's tables: rules from pipeline.yaml and from models, asked before a publish.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/mariadb/identifier.h"
#include "stages/publish/guard.h"
#include "stages/transform/run/layer_gate.h"
#include "stages/transform/run/layer_plan.h"
#include "stages/transform/run/layer_request.h"
#include "stages/transform/run/open_sessions.h"

namespace pipeline::dbt {

/// The rules that hold for `nodes`: protect.history's, then those of models with meta.protect (key:
/// meta.protect_key, else unique_key, else the columns of a unique index; closed_when:
/// meta.protect_closed_when). Throws config_invalid for a protected model without any of these
/// keys.
std::vector<publish::HistoryRule> history_rules(const std::vector<const Node*>& nodes,
                                                const ProtectOptions& options);

/// Those of the request's whole layer, also of nodes that it does not build.
std::vector<publish::HistoryRule> rules_of_layer(const Compiler& compiler,
                                                 const LayerRunRequest& request);

/// The names that configuration gives to rules, to be compared with what layers build; floors of
/// staging are the loader's.
std::vector<std::string> history_names(const ProtectOptions& options);
std::vector<std::string> floor_names(const LayerRunRequest& request);

/// Whether the run makes `node` from nothing although it is incremental.
bool is_rebuilt(const Node& node, const LayerRunRequest& request);

/// The session of the build account that asks closed_when: as models have it, known to the ledger
/// and to a stop.
class GuardSession {
 public:
  GuardSession(const LayerRunRequest& request, const LayerRunPorts& ports, Connection& publisher,
               const LayerMarkers& markers);
  Connection& connection() { return connection_; }

 private:
  Connection connection_;
  ListedSession listed_;
};

/// The guards of one run. `publisher` holds the run's locks.
class LayerGuards {
 public:
  /// Throws config_invalid as history_rules() does.
  LayerGuards(const LayerRunRequest& request, const LayerRunPorts& ports, const LayerPlan& plan,
              Connection& publisher);

  /// Before anything is built. Throws config_invalid for a rule that its live table does not take,
  /// guard_refused for a protected model that is not incremental, or is to be rebuilt without a
  /// reason to override the guards.
  void require_usable(const LayerMarkers& markers) const;

  /// Before anything is published: asks the server, in a session of its own of the build account
  /// whose clock stands at the business date. `bases` says what the candidates began as, by
  /// unique_id. Sets `guards` of the output and, with a reason, `guards_overridden`. Throws
  /// guard_refused with every violation unless there is a reason; then they are logged.
  void judge(const LayerMarkers& markers, const std::map<std::string, TableName>& bases) const;

 private:
  void refuse_rebuild(const Node& node, const publish::HistoryRule& rule) const;
  const Node* node_of(const TableName& table) const;
  publish::HistoryTables tables_of(const Node& node, Connection& session,
                                   const std::map<std::string, TableName>& bases) const;

  const LayerRunRequest& request_;
  const LayerRunPorts& ports_;
  const LayerPlan& plan_;
  Connection& publisher_;
  std::vector<publish::HistoryRule> rules_;
};

}  // namespace pipeline::dbt
