// Waits that grow, are drawn, hear the server and have an end.
#include "common/http/retry_delay.h"

#include <gtest/gtest.h>

namespace pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr RetryLimits limits{
    .attempts_max = 6, .first_delay_max = milliseconds(200), .delay_max = milliseconds(10'000)};

TEST(RetryDelay, TheBoundDoublesUpToItsEnd) {
  EXPECT_EQ(retry_delay(limits, 1, 1.0, {}), milliseconds(200));
  EXPECT_EQ(retry_delay(limits, 2, 1.0, {}), milliseconds(400));
  EXPECT_EQ(retry_delay(limits, 5, 1.0, {}), milliseconds(3200));
  EXPECT_EQ(retry_delay(limits, 7, 1.0, {}), milliseconds(10'000));
  EXPECT_EQ(retry_delay(limits, 1'000'000, 1.0, {}), milliseconds(10'000));
}

TEST(RetryDelay, IsDrawnBetweenNothingAndTheBound) {
  EXPECT_EQ(retry_delay(limits, 3, 0.0, {}), milliseconds(0));
  EXPECT_EQ(retry_delay(limits, 3, 0.5, {}), milliseconds(400));
}

TEST(RetryDelay, HearsTheServerWithinReason) {
  EXPECT_EQ(retry_delay(limits, 1, 0.0, seconds(3)), seconds(3));
  EXPECT_EQ(retry_delay(limits, 6, 1.0, seconds(1)), milliseconds(6400));
  EXPECT_EQ(retry_delay(limits, 1, 0.0, seconds(1'000'000'000)), milliseconds(10'000));
  EXPECT_EQ(retry_delay(limits, 1, 1.0, seconds(-5)), milliseconds(200));
}

}  // namespace
}  // namespace pipeline
