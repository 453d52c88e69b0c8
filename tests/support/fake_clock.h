// A clock that stands still until a test moves it.
#pragma once

#include <chrono>
#include <mutex>
#include <vector>

#include "common/base/clock.h"

namespace pipeline::test {

/// now() is what the test set; sleep_for() moves it on at once and writes the wait down.
/// Thread-safe.
class FakeClock : public Clock {
 public:
  explicit FakeClock(std::chrono::system_clock::time_point start) : now_(start) {}

  std::chrono::system_clock::time_point now() override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  void sleep_for(std::chrono::milliseconds duration) override {
    const std::lock_guard lock(mutex_);
    now_ += duration;
    sleeps_.push_back(duration);
  }

  void set(std::chrono::system_clock::time_point instant) {
    const std::lock_guard lock(mutex_);
    now_ = instant;
  }
  std::vector<std::chrono::milliseconds> sleeps() const {
    const std::lock_guard lock(mutex_);
    return sleeps_;
  }

 private:
  mutable std::mutex mutex_;
  std::chrono::system_clock::time_point now_;
  std::vector<std::chrono::milliseconds> sleeps_;
};

}  // namespace pipeline::test
