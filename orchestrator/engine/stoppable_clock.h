// A clock whose sleep ends at once when a stop is requested.
#pragma once

#include <stop_token>

#include "common/base/clock.h"

namespace pipeline {

/// Takes now() from `base`, which must outlive it.
class StoppableClock : public Clock {
 public:
  StoppableClock(Clock& base, std::stop_token stop) : base_(base), stop_(std::move(stop)) {}

  std::chrono::system_clock::time_point now() override { return base_.now(); }
  void sleep_for(std::chrono::milliseconds duration) override;

 private:
  Clock& base_;
  std::stop_token stop_;
};

}  // namespace pipeline
