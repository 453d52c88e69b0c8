// A sleep ends with a stop, before it or during it.
#include "orchestrator/engine/stoppable_clock.h"

#include <gtest/gtest.h>

#include <thread>

namespace pipeline {
namespace {

TEST(StoppableClock, DoesNotSleepOnceAStopWasRequested) {
  std::stop_source stop;
  stop.request_stop();
  StoppableClock clock(system_clock(), stop.get_token());
  const auto before = std::chrono::steady_clock::now();
  clock.sleep_for(std::chrono::minutes(10));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::minutes(1));
}

TEST(StoppableClock, WakesUpWhenAStopIsRequested) {
  std::stop_source stop;
  StoppableClock clock(system_clock(), stop.get_token());
  std::jthread stopper([&] { stop.request_stop(); });
  const auto before = std::chrono::steady_clock::now();
  clock.sleep_for(std::chrono::minutes(10));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::minutes(1));
}

TEST(StoppableClock, SleepsForTheWholeTimeOtherwise) {
  const std::stop_source stop;
  StoppableClock clock(system_clock(), stop.get_token());
  const auto before = std::chrono::steady_clock::now();
  clock.sleep_for(std::chrono::milliseconds(20));
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(20));
}

}  // namespace
}  // namespace pipeline
