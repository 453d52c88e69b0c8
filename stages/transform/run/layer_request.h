// What a run of a layer is asked to do, and what it needs of the process it lives in.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/mariadb/connection.h"
#include "stages/publish/guard.h"
#include "stages/publish/vault.h"
#include "stages/transform/compile/compiler.h"
#include "stages/transform/run/layer_plan.h"
#include "stages/transform/run/open_sessions.h"
#include "stages/transform/run/step_schedule.h"

namespace pipeline::dbt {

/// protect of pipeline.yaml, and what the command line says of it.
struct ProtectOptions {
  std::vector<publish::HistoryRule> history;  // models with meta.protect come on top
  std::vector<publish::Floor> floors;
  std::string override_reason;  // empty: violations are refused
};

struct VaultRequest {
  ConnectionOptions account;
  std::vector<ConnectionOptions> others;  // accounts of the pipeline that must not write there
  publish::VaultOptions options;
};

struct LayerRunRequest {
  LayerPlanOptions plan;
  CompilerOptions compiler;
  std::string target_path;  // empty: target/ in the project
  /// `env` of dbt's JSON documents.
  std::map<std::string, std::string> artifact_env;
  ConnectionOptions build;
  ConnectionOptions publish;
  std::optional<ConnectionOptions> janitor;  // needed by the last layer
  std::string run_id;
  std::string command;                        // that runs the whole layer, as people type it
  std::optional<BusinessDate> business_date;  // must agree with the upstream marker
  std::chrono::seconds run_time{7 * 3600};    // where the models' clock stands, JST
  /// The target that counts without --target, empty: the profile's own; nullopt: --target is not
  /// given.
  std::optional<std::string> configured_target;
  /// development: under another target, in schemas of its own. It reads production's staging, but
  /// must not keep the loader from its work, so it does not hold staging's lock.
  enum class Standing { production, development } standing = Standing::production;
  BackupRule backups;
  ProtectOptions protect;
  std::optional<VaultRequest> vault;  // nullopt: none is kept
  enum class Force { no, yes } force = Force::no;
  enum class FullRefresh { no, yes } full_refresh = FullRefresh::no;
  StepSchedule::OnFailure on_failure = StepSchedule::OnFailure::go_on;
  /// What becomes of a layer of which nothing but data tests failed.
  enum class OnTestFailure { block, publish_and_alert } on_test_failure = OnTestFailure::block;

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
  /// upstream_generation, nothing_new, nodes, tests, validations, guards, guards_overridden, vault,
  /// backups, rename_ms, settled, retention, on_run_end, changes_made_again, despite_tests.
  Json& output;
};

}  // namespace pipeline::dbt
