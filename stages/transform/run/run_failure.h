// What a run says when nodes or tests of it failed.
#pragma once

#include <string>
#include <vector>

#include "stages/publish/journal.h"
#include "stages/publish/marker.h"
#include "stages/transform/run/artifacts.h"
#include "stages/transform/run/node_result.h"

namespace pipeline::dbt {

/// Throws if anything failed: the one error as it is; of several the first, in the order of the
/// lists, with the names of the others, as partial_failure if their kinds differ. Failed tests
/// alone are data_test_failed with names, counts and the file of the first query.
void throw_if_any_failed(const std::vector<NodeResult>& nodes, const std::vector<NodeResult>& tests,
                         const Artifacts& artifacts);

/// All tests that failed, as "test.shop.a (3 rows)"; empty if something else failed too or a test
/// was not asked.
std::vector<std::string> failed_tests_alone(const std::vector<NodeResult>& nodes,
                                            const std::vector<NodeResult>& tests);

/// Throws published_with_failed_tests, which says of each publish whether it is what `live` shows.
[[noreturn]] void throw_published_with_failed_tests(
    const std::string& schema, const std::vector<publish::UntoldPublish>& publishes,
    const publish::Marker& live, const Artifacts& artifacts);

/// As many of them as one can read, and how many more there are.
std::string said_shortly(const std::vector<std::string>& failed_tests);

}  // namespace pipeline::dbt
