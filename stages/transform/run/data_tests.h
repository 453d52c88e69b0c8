// Runs the data tests of a layer against its candidates.
#pragma once

#include "stages/transform/run/node_builder.h"
#include "stages/transform/run/node_result.h"

namespace pipeline::dbt {

/// Judges one test by dbt's rule: severity error fails if error_if holds, and either severity warns
/// if warn_if holds. Fills everything of `result` but its times, also when it throws: node_error()
/// if the server refuses the query.
void run_data_test(const BuildContext& context, const Node& test, NodeResult& result);

}  // namespace pipeline::dbt
