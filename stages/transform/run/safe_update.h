// safe_update: changes one live table as a person asks, and publishes it only if a validation
// holds.
#pragma once

#include <cstdint>
#include <string>

#include "common/mariadb/identifier.h"
#include "stages/transform/run/layer_request.h"

namespace pipeline::dbt {

struct SafeUpdateOrder {
  TableName target;
  std::string update_query;
  std::string validation_query;
  std::string reason;  // for the journal; may be empty
  enum class DryRun { no, yes } dry_run = DryRun::no;
};

/// Copies the live table into the shadow, changes the copy (update_candidate()), asks validation,
/// data tests, meta.validate and guards of the table's model, writes the vault, and swaps the copy
/// in by one RENAME with a new marker of the layer; what was live stays as a backup. Under a run's
/// locks and its clock, which stands at the day that the layer shows. A failure before the RENAME,
/// and a dry run, leave every live table as it was. If no row differs nothing is published.
///
/// The records keep both queries: a later run for the same day, which begins from the version of
/// the day before, makes the change again (LayerRun).
///
/// Fills the output also when it throws: schema, table, business_date, dry_run, rows_before,
/// rows_changed (by statement), rows_after, difference, tests, validations, guards, vault,
/// nothing_new, generation, backup, rename_ms, settled.
///
/// Errors: config_invalid for a table that the layer does not build, for a view, and as
/// require_usable(); guard_refused for a layer or table that no run has published or of which
/// nobody knows the day; those of update_candidate(), the data tests, the guards and the publish.
void safe_update(const LayerRunRequest& request, const SafeUpdateOrder& order,
                 const LayerRunPorts& ports);

}  // namespace pipeline::dbt
