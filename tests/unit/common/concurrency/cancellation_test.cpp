// A signal becomes a stop request, once, and the process lives on.
#include "common/concurrency/cancellation.h"

#include <unistd.h>

#include <csignal>
#include <future>

#include <gtest/gtest.h>

namespace pipeline {
namespace {

class StopOnSignalsTest : public testing::TestWithParam<int> {};

TEST_P(StopOnSignalsTest, RequestsAStopOnceAndLivesOn) {
  const StopOnSignals signals;
  std::promise<void> stopped;
  const std::stop_callback callback(signals.token(), [&] { stopped.set_value(); });
  ASSERT_FALSE(signals.token().stop_requested());

  ::kill(::getpid(), GetParam());
  ASSERT_EQ(stopped.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_TRUE(signals.token().stop_requested());
  ::kill(::getpid(), GetParam());  // would call set_value() again and throw
}

INSTANTIATE_TEST_SUITE_P(Signals, StopOnSignalsTest, testing::Values(SIGTERM, SIGINT));

TEST(StopOnSignals, EndsWithoutASignal) {
  const StopOnSignals signals;
  EXPECT_FALSE(signals.token().stop_requested());
}

}  // namespace
}  // namespace pipeline
