// The time that one alert has, and the log of its attempts.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/secret.h"
#include "common/http/retry_delay.h"
#include "common/identity/pipeline_aws.h"
#include "common/stage/pipeline_config.h"

namespace pipeline {

/// How often an alert is tried, within its time.
inline constexpr RetryLimits alert_retry{.attempts_max = 8,
                                         .first_delay_max = std::chrono::milliseconds(500)};

struct SendingOptions {
  const PipelineConfig& config;  // where secrets and keys of AWS are named
  std::chrono::milliseconds time_limit{30'000};
  std::string log_path;  // lines are appended; empty: none
  Clock* clock = &system_clock();
};

/// One alert on its way. Used by one thread, and never moved: what it gives out tells it of
/// attempts.
class Sending {
 public:
  Sending(SendingOptions options, std::stop_token stop);
  Sending(const Sending&) = delete;
  Sending& operator=(const Sending&) = delete;

  /// Throws cancelled once a stop is requested, timed_out when the time is over; the message has
  /// why the last attempt failed.
  void check() const;
  std::chrono::milliseconds left() const;
  /// An attempt failed and is made again.
  void will_retry(const std::string& why);
  /// A line for the log of the attempt, redacted.
  void note(std::string_view line) const;

  /// The secret at the place; throws access_denied as resolve_secret() and PipelineAws do, and for
  /// a secret that names another user than `user`, if both are named.
  Secret fetch(const SecretReference& reference, std::string_view user = {});
  /// The pipeline's identity at AWS, asked within this alert's time.
  PipelineAws& aws();
  Clock& clock() const { return *options_.clock; }

 private:
  SendingOptions options_;
  std::stop_token stop_;
  std::chrono::steady_clock::time_point deadline_;
  std::string last_failure_;
  std::unique_ptr<PipelineAws> aws_;
};

}  // namespace pipeline
