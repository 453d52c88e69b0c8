#include "orchestrator/asl/retry_policy.h"

#include <algorithm>
#include <cmath>

namespace pipeline::asl {
namespace {

constexpr std::chrono::seconds delay_max{31'622'400};

constexpr std::string_view heartbeat_timeout = "States.HeartbeatTimeout";

bool matches_name(std::string_view name, std::string_view error) {
  if (error == "States.Runtime") return false;
  if (name == "States.ALL") return true;
  const bool is_heartbeat = error == heartbeat_timeout;
  if (name == "States.TaskFailed") return error != "States.Timeout" && !is_heartbeat;
  return name == error || (is_heartbeat && name == "States.Timeout");
}

}  // namespace

bool matches(std::span<const std::string> error_equals, std::string_view error) {
  return std::ranges::any_of(error_equals,
                             [&](const auto& name) { return matches_name(name, error); });
}

std::optional<Retry> next_retry(std::span<const Retrier> retriers, std::string_view error,
                                RetryCounts& counts, double random) {
  counts.resize(retriers.size(), 0);
  for (std::size_t i = 0; i < retriers.size(); ++i) {
    if (!matches(retriers[i].error_equals, error)) continue;
    if (counts[i] >= retriers[i].max_attempts) return {};
    ++counts[i];
    return Retry{.number = counts[i], .delay = delay_before(retriers[i], counts[i], random)};
  }
  return {};
}

std::chrono::milliseconds delay_before(const Retrier& retrier, std::int64_t number, double random) {
  const auto bound = static_cast<double>(retrier.max_delay.value_or(delay_max).count());
  const double grown = static_cast<double>(retrier.interval.count()) *
                       std::pow(retrier.backoff_rate, static_cast<double>(number - 1));
  double seconds = std::min(grown, bound);  // pow may be infinite; the bound is not
  if (retrier.jitter == Jitter::full) seconds *= random;
  return std::chrono::milliseconds(std::llround(seconds * 1000.0));
}

const Catcher* find_catcher(std::span<const Catcher> catchers, std::string_view error) {
  for (const auto& catcher : catchers) {
    if (matches(catcher.error_equals, error)) return &catcher;
  }
  return nullptr;
}

}  // namespace pipeline::asl
