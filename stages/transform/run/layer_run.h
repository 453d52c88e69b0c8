// One run of a layer: build beside, audit, publish by one RENAME.
#pragma once

#include "stages/transform/run/layer_request.h"

namespace pipeline::dbt {

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
