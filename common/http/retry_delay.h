// How long to wait before a request is sent again.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "common/base/clock.h"

namespace pipeline {

struct RetryLimits {
  int attempts_max = 6;  // of one request
  std::chrono::milliseconds first_delay_max{200};
  std::chrono::milliseconds delay_max{10'000};
};

/// The wait after attempt number `attempt` (from 1) failed: `random` (0 to 1) of a bound that
/// doubles with each attempt, so that clients that failed together do not come back together; at
/// least what the server asked for. Never more than delay_max.
std::chrono::milliseconds retry_delay(const RetryLimits& limits, int attempt, double random,
                                      std::optional<std::chrono::seconds> server_asks);

/// Waits so long, with a number drawn for `random`. `check_cancelled` throws to end the wait; it is
/// called five times a second.
void wait_for_retry(const RetryLimits& limits, int attempt,
                    std::optional<std::chrono::seconds> server_asks, Clock& clock,
                    const std::function<void()>& check_cancelled);

}  // namespace pipeline
