// What a run says when nodes or tests of it failed.
#pragma once

#include <string>
#include <vector>

#include "stages/transform/run/artifacts.h"
#include "stages/transform/run/node_result.h"

namespace pipeline::dbt {

/// Throws if anything failed: the one error as it is; of several the first, in the order of the
/// lists, with the names of the others, as partial_failure if their kinds differ. Failed tests
/// alone are data_test_failed with names, counts and the file of the first query.
void throw_if_any_failed(const std::vector<NodeResult>& nodes, const std::vector<NodeResult>& tests,
                         const Artifacts& artifacts);

/// The tests that failed, as "test.shop.a (3 rows)", the last entry telling how many more if there
/// are very many; empty if something else failed too or a test was not asked.
std::vector<std::string> failed_tests_alone(const std::vector<NodeResult>& nodes,
                                            const std::vector<NodeResult>& tests);

}  // namespace pipeline::dbt
