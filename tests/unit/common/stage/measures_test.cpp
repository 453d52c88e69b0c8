// When free room and clocks that differ are worth a warning, and when a failure.
#include <gtest/gtest.h>

#include "common/stage/measures.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t gib = std::uint64_t{1} << 30U;

TEST(FreeSpace, FailsBelowOneGibibyteAndWarnsBelowFiveOrATenth) {
  EXPECT_EQ(verdict_of(Space{.free_bytes = gib - 1, .total_bytes = 2 * gib}), Verdict::fail);
  EXPECT_EQ(verdict_of(Space{.free_bytes = gib, .total_bytes = 2 * gib}), Verdict::warn);
  EXPECT_EQ(verdict_of(Space{.free_bytes = 5 * gib - 1, .total_bytes = 6 * gib}), Verdict::warn);
  EXPECT_EQ(verdict_of(Space{.free_bytes = 5 * gib, .total_bytes = 6 * gib}), Verdict::ok);
  EXPECT_EQ(verdict_of(Space{.free_bytes = 99 * gib, .total_bytes = 1000 * gib}), Verdict::warn);
  EXPECT_EQ(verdict_of(Space{.free_bytes = 101 * gib, .total_bytes = 1000 * gib}), Verdict::ok);
}

TEST(FreeSpace, IsThatOfTheNearestFolderThatIsThere) {
  const test::TempDir dir;
  const Space there = space_at(dir.path());
  EXPECT_GT(there.total_bytes, 0U);
  EXPECT_EQ(space_at(dir.file("not/yet/made")).total_bytes, there.total_bytes);
  const Finding finding = space_finding(Check::free_space, "state", dir.file("not/yet/made"));
  EXPECT_EQ(finding.name(), "free space of state");
  EXPECT_NE(finding.found.find(dir.file("not/yet/made")), std::string::npos);
}

TEST(ClockOffset, WarnsAboveHalfAMinuteAndFailsAboveFiveMinutesInBothDirections) {
  for (const int sign : {1, -1}) {
    EXPECT_EQ(verdict_of(sign * seconds(30)), Verdict::ok);
    EXPECT_EQ(verdict_of(sign * milliseconds(30'001)), Verdict::warn);
    EXPECT_EQ(verdict_of(sign * seconds(300)), Verdict::warn);
    EXPECT_EQ(verdict_of(sign * milliseconds(300'001)), Verdict::fail);
  }
}

TEST(ClockOffset, IsJudgedLessWhatNobodyKnows) {
  const auto here = std::chrono::system_clock::time_point(std::chrono::hours(500'000));
  const auto at = [&](seconds offset, milliseconds doubt) {
    return clock_finding(Check::store_clock, "the store's clock",
                         {.here = here, .there = here + offset, .doubt = doubt});
  };
  EXPECT_EQ(at(seconds(31), milliseconds(1500)).verdict, Verdict::ok);
  EXPECT_EQ(at(seconds(31), milliseconds(500)).verdict, Verdict::warn);
  const Finding late = at(seconds(-600), milliseconds(500));
  EXPECT_EQ(late.verdict, Verdict::fail);
  EXPECT_EQ(late.kind, ErrorKind::unavailable);
  EXPECT_EQ(late.found, "the store's clock is 600.0 s behind this host's (sure to 0.5 s)");
  EXPECT_NE(late.advice.find("timedatectl set-ntp true"), std::string::npos);
}

}  // namespace
}  // namespace pipeline
