// One run of a layer: build beside, audit, publish by one RENAME.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/mariadb/connection.h"
#include "stages/transform/compile/compiler.h"
#include "stages/transform/run/layer_plan.h"
#include "stages/transform/run/open_sessions.h"

namespace pipeline::dbt {

struct LayerRunRequest {
  LayerPlanOptions plan;
  CompilerOptions compiler;
  std::string target_path;  // empty: target/ in the project
  ConnectionOptions build;
  ConnectionOptions publish;
  std::optional<ConnectionOptions> janitor;  // needed by the last layer
  std::string run_id;
  std::optional<BusinessDate> business_date;  // must agree with the upstream marker
  std::chrono::seconds run_time{7 * 3600};    // where the models' clock stands, JST
  BackupRule backups;
  std::vector<std::string> protected_tables;  // never rebuilt in full by a bare --full-refresh
  enum class Force { no, yes } force = Force::no;
  enum class FullRefresh { no, yes } full_refresh = FullRefresh::no;

  const LayerSpec& layer() const { return plan.layers.at(plan.layer); }
  bool is_last() const { return plan.layer + 1 == plan.layers.size(); }
  /// Whose marker gives the business date and the upstream generation.
  const std::string& upstream_schema() const {
    return plan.layer == 0 ? plan.staging_schema : plan.layers[plan.layer - 1].schema;
  }
};

/// What a run needs of the process it lives in.
struct LayerRunPorts {
  Clock& clock;
  OpenSessions& sessions;                    // ended by a stop
  std::function<void()> throw_if_cancelled;  // called between steps
  /// Filled as the run goes on, also when it throws: layer, schema, business_date, generation,
  /// upstream_generation, nothing_new, nodes, tests, backups, rename_ms, settled, retention,
  /// on_run_end.
  Json& output;
};

/// Builds the layer's nodes in the shadow schemas, runs its tests there and publishes all of it,
/// or changes nothing that readers see.
///
/// A layer whose marker shows the upstream generation and the hash of project and selection is
/// "nothing new" unless forced. A date that was applied already starts from the generation before
/// it. The last layer then applies retention, also when there was nothing new.
///
/// On-run-end hooks run after the publish, as the build account, and see the live names. Their
/// state stands in the marker (on_run_end: pending, then done, which publishes the marker once
/// more, alone and with the same generation); a run that finds them pending and nothing new runs
/// only them.
///
/// Errors: config_invalid (the project, before anything is touched); already_running;
/// guard_refused (no upstream marker, another date, a date before the layer's own, what is not a
/// plain table, a full refresh of a protected table, an upstream that moved); sql_rejected,
/// hook_failed, data_test_failed, lock_contention (nothing is published); on_run_end_failed (the
/// layer is published); the kinds of the session.
void run_layer(const LayerRunRequest& request, const LayerRunPorts& ports);

}  // namespace pipeline::dbt
