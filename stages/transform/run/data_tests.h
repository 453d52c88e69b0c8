// Runs the data tests of a layer against its candidates.
#pragma once

#include <vector>

#include "stages/transform/run/node_builder.h"
#include "stages/transform/run/node_result.h"

namespace pipeline::dbt {

/// The outcome of one test by dbt's rule: severity error fails if error_if holds, and either
/// severity warns if warn_if holds. Throws node_error() if the server refuses the query.
NodeResult run_data_test(const BuildContext& context, const Node& test);

/// data_test_failed with the names, counts and the first query's file of all that failed; nothing
/// if none did.
void throw_if_any_failed(const std::vector<NodeResult>& results, const Artifacts& artifacts);

}  // namespace pipeline::dbt
