// Incremental models whose increment goes into the live table itself, in one transaction.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/applied_batch.h"
#include "stages/publish/guard.h"
#include "stages/transform/compile/compiler.h"
#include "stages/transform/run/artifacts.h"
#include "stages/transform/run/build_sessions.h"
#include "stages/transform/run/layer_gate.h"
#include "stages/transform/run/layer_plan.h"
#include "stages/transform/run/layer_request.h"
#include "stages/transform/run/node_result.h"

namespace pipeline::dbt {

/// A model that this run changes in place, or finds changed already.
struct InPlaceModel {
  const Node* node = nullptr;
  std::vector<const Node*> tests;  // that look at it
  publish::AppliedBatch batch;
  enum class Step {
    apply,
    applied_before,  // this very increment: by a run that died before its RENAME, or for a rerun
  } step = Step::apply;
};

/// Before anything is touched: throws config_invalid for a model with publish: in_place that
/// another node of the layer reads (it would be built from the rows before), that protect.history
/// protects (its rows before are gone when guards could look), or that has hooks outside the
/// transaction.
void require_in_place_fits(const LayerPlan& plan, const ProtectOptions& protect);

/// What a run for `markers.date` does with the live table of `node`. Throws guard_refused if the
/// table holds that day already by another increment than this one: there is no version before it
/// to begin from.
InPlaceModel::Step step_of(Connection& publisher, const publish::AppliedBatch& batch,
                           const std::string& lost);

/// Throws guard_refused, naming what happened and the command, if the table does not hold `batch`,
/// an open one, any more: somebody put another version in its place.
void require_batch_is_there(Connection& publisher, const publish::AppliedBatch& batch);

/// The increment of `node` in this run, as the ledger knows it.
publish::AppliedBatch batch_of(Connection& publisher, const LayerRunRequest& request,
                               const Compiler& compiler, const Node& node,
                               const LayerMarkers& markers);

struct InPlaceOptions {
  const LayerRunRequest& request;
  const LayerRunPorts& ports;
  const Compiler& compiler;
  /// The models stand in with_base and not in built: ref() and this mean the live tables.
  const RunState& state;
  Artifacts& artifacts;
  Connection& publisher;  // holds the run's locks
};

/// All in-place models of one run. They share one transaction of a session of its own.
class InPlaceIncrements {
 public:
  InPlaceIncrements(BuildSessions& sessions, std::vector<InPlaceModel> models,
                    InPlaceOptions options)
      : sessions_(sessions), models_(std::move(models)), options_(options) {}

  /// Before anything is built: tries the rights on the live tables and renders the hooks. Throws
  /// access_denied with the GRANT that an administrator types; config_invalid, naming model and
  /// hook, for a hook or validation that cannot stand in a transaction.
  void require_usable();

  /// Right before the RENAME: increments, hooks, tests, validations and floors, the row in the
  /// ledger, COMMIT. Whatever fails before the COMMIT leaves every row as it was. Sets `in_place`
  /// of the output. Returns the results of models and tests.
  ///
  /// Errors: those of a build (sql_rejected, hook_failed), data_test_failed, guard_refused for a
  /// floor; unavailable if the answer to the COMMIT was lost: then the ledger tells the next start.
  struct Results {
    std::vector<NodeResult> nodes;
    std::vector<NodeResult> tests;
  };
  Results apply();

  bool empty() const { return models_.empty(); }
  std::vector<TableName> tables() const;

 private:
  class Transaction;

  BuildSessions& sessions_;
  const std::vector<InPlaceModel> models_;
  const InPlaceOptions options_;
};

}  // namespace pipeline::dbt
