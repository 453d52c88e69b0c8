// Which retrier or catcher an error meets, and how long to wait: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/asl/state_machine.h"

namespace pipeline::asl {

/// Whether `error` is named, exactly and in its case, or covered by a wildcard: States.ALL covers
/// all but States.Runtime, States.TaskFailed all but States.Runtime and both timeouts.
/// States.Timeout covers States.HeartbeatTimeout.
/// Nothing matches States.Runtime, not even its own name (recorded behaviour of Step Functions).
bool matches(std::span<const std::string> error_equals, std::string_view error);

/// The retries each retrier of a state has used, in the order of Retry. Counts live as long as one
/// execution of the state: every transition into it starts from zero.
using RetryCounts = std::vector<std::int64_t>;

struct Retry {
  std::int64_t number = 1;  // from 1, of the retrier that matched
  std::chrono::milliseconds delay{0};
};

/// The first retrier that matches decides. If it has retries left one is counted and returned; if
/// it is exhausted, or none matches, nullopt: go on to Catch. A later retrier that matches too is
/// not asked. `counts` is resized to the retriers; `random` is uniform in [0, 1).
std::optional<Retry> next_retry(std::span<const Retrier> retriers, std::string_view error,
                                RetryCounts& counts, double random);

/// min(interval * backoff_rate^(number-1), max_delay), then jitter. Without a MaxDelaySeconds the
/// language's largest, 31622400 s, is the bound.
std::chrono::milliseconds delay_before(const Retrier& retrier, std::int64_t number, double random);

/// The first catcher that matches, nullptr if none does.
const Catcher* find_catcher(std::span<const Catcher> catchers, std::string_view error);

}  // namespace pipeline::asl
