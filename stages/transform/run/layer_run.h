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
/// hook_failed, data_test_failed, lock_contention (nothing is published); on_run_end_failed,
/// published_with_failed_tests (the layer is published); the kinds of the session.
///
/// A layer of which nothing but data tests failed is published all the same with
/// OnTestFailure::publish_and_alert; published_with_failed_tests then ends this run, or, if it died
/// behind the RENAME, the next one. Validations, guards and the tests of what is changed in place
/// refuse as ever. With OnTestFailure::block its candidates are held for publish_held_candidates().
void run_layer(const LayerRunRequest& request, const LayerRunPorts& ports);

/// Publishes the candidates that the last run of this request left because data tests failed and
/// nothing else, as a run does: locks, validations, guards, vault, journal (with `reason`), one
/// RENAME, on-run-end hooks, retention. Nothing new if the layer shows the upstream generation and
/// the project already. Also sets `built_by`, the run that built them.
///
/// Errors: those of run_layer(); guard_refused if there are none, one of them is gone, or what they
/// were built from (markers, project, vars, selection, versions to begin from) is not what it was.
void publish_held_candidates(const LayerRunRequest& request, const std::string& reason,
                             const LayerRunPorts& ports);

}  // namespace pipeline::dbt
