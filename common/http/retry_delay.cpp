#include "common/http/retry_delay.h"

#include <algorithm>
#include <random>

namespace pipeline {
namespace {

constexpr std::chrono::milliseconds wait_piece{200};

}  // namespace

std::chrono::milliseconds retry_delay(const RetryLimits& limits, int attempt, double random,
                                      std::optional<std::chrono::seconds> server_asks) {
  auto bound = limits.first_delay_max;
  for (int i = 1; i < attempt && bound < limits.delay_max; ++i) bound *= 2;
  bound = std::min(bound, limits.delay_max);
  const auto drawn = std::chrono::milliseconds(
      static_cast<std::int64_t>(static_cast<double>(bound.count()) * std::clamp(random, 0.0, 1.0)));
  if (!server_asks) return drawn;
  // An absurd number of seconds must not overflow on its way to milliseconds.
  const auto longest = std::chrono::ceil<std::chrono::seconds>(limits.delay_max);
  const std::chrono::milliseconds asked =
      std::clamp(*server_asks, std::chrono::seconds(0), longest);
  return std::min(std::max(asked, drawn), limits.delay_max);
}

void wait_for_retry(const RetryLimits& limits, int attempt,
                    std::optional<std::chrono::seconds> server_asks, Clock& clock,
                    const std::function<void()>& check_cancelled) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const double drawn = std::uniform_real_distribution<double>(0, 1)(random);
  auto rest = retry_delay(limits, attempt, drawn, server_asks);
  check_cancelled();
  while (rest.count() > 0) {
    const auto piece = std::min(rest, wait_piece);
    clock.sleep_for(piece);
    rest -= piece;
    check_cancelled();
  }
}

}  // namespace pipeline
