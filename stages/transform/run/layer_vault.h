// The vault's part in a run of a layer: what is live is in it before work begins, what is published
// before it is published.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/mariadb/connection.h"
#include "stages/publish/guard.h"
#include "stages/publish/marker.h"
#include "stages/publish/vault.h"
#include "stages/transform/run/layer_plan.h"
#include "stages/transform/run/layer_request.h"

namespace pipeline::dbt {

/// One run's use of the vault; does nothing if request.vault is not given. `publisher` holds the
/// run's locks.
class LayerVault {
 public:
  /// `rules` are those of the whole layer, also of nodes that this run does not build.
  LayerVault(const LayerRunRequest& request, const LayerRunPorts& ports, Connection& publisher,
             std::vector<publish::HistoryRule> rules);

  /// Before anything is built: notes what was published, refuses rights and tables that are not in
  /// order (guard_refused, with every objection and what to type), writes what live holds and the
  /// vault does not know. Sets `vault` of the output. Says once in the log if there is no vault.
  void begin();

  /// Before the publish of `markers` (by schema): writes a batch for each protected table among
  /// `nodes`.
  void record(const std::vector<const Node*>& nodes,
              const std::vector<std::pair<std::string, publish::Marker>>& markers);

  /// Behind the publish. What cannot be noted now is noted by the next start, so that this never
  /// throws.
  void note_published() noexcept;

 private:
  class Session;
  void tell(const publish::VaultBatch& batch, const TableName& live);

  const LayerRunRequest& request_;
  const LayerRunPorts& ports_;
  Connection& publisher_;
  std::vector<publish::VaultedTable> tables_;
  Json told_ = Json::array();
};

/// What is wrong with the vault, for `check`: rights of each account, foreign keys and the like,
/// columns. Empty if there is none.
std::vector<std::string> vault_objections(const VaultRequest& request,
                                          const std::vector<publish::VaultedTable>& tables);

}  // namespace pipeline::dbt
