// Dates as the business sees them, and times as they are stored and shown.
#include "common/base/clock.h"

#include <gtest/gtest.h>

namespace pipeline {
namespace {

TEST(BusinessDate, AtSevenInTokyoIsTheNextDayOfUtc) {
  const auto instant = parse_utc("2026-01-31T22:00:00.000Z");
  ASSERT_TRUE(instant);
  EXPECT_EQ(BusinessDate::at(*instant).iso(), "2026-02-01");
  EXPECT_EQ(format_jst(*instant), "2026-02-01T07:00:00+09:00");
}

TEST(BusinessDate, ChangesAtMidnightInTokyo) {
  EXPECT_EQ(BusinessDate::at(*parse_utc("2026-02-01T14:59:59.999Z")).iso(), "2026-02-01");
  EXPECT_EQ(BusinessDate::at(*parse_utc("2026-02-01T15:00:00.000Z")).iso(), "2026-02-02");
}

TEST(BusinessDate, RefusesWhatIsNoDate) {
  for (const auto* text : {"20260230", "2026-13-01", "2026-2-01", "2026-02-011", "", "abcdefgh",
                           "2026/02/01", "-0260201"}) {
    EXPECT_FALSE(BusinessDate::parse(text)) << text;
  }
  EXPECT_EQ(BusinessDate::parse("20240229")->iso(), "2024-02-29");
  EXPECT_EQ(BusinessDate::parse("2024-02-29")->compact(), "20240229");
}

TEST(BusinessDate, CountsDaysOverMonths) {
  EXPECT_EQ(BusinessDate::parse("20260228")->plus_days(1).iso(), "2026-03-01");
}

TEST(BusinessDate, GivesTheInstantOfAWallClockInTokyo) {
  const auto instant = BusinessDate::parse("20260201")->instant_at(std::chrono::hours(7));
  EXPECT_EQ(format_utc(instant), "2026-01-31T22:00:00.000Z");
}

TEST(Times, ReadBackWhatTheyWrite) {
  const std::string text = "2026-11-20T23:59:59.123Z";
  EXPECT_EQ(format_utc(*parse_utc(text)), text);
  EXPECT_FALSE(parse_utc("2026-11-20T23:59:59Z"));
  EXPECT_FALSE(parse_utc("2026-11-20T24:00:00.000Z"));
}

TEST(Times, OfHttpHeadersAreRead) {
  EXPECT_EQ(format_utc(*parse_http_date("Sun, 01 Feb 2026 07:00:09 GMT")),
            "2026-02-01T07:00:09.000Z");
  for (const auto* text : {"", "Sun, 01 Feb 2026 07:00:09 JST", "Sun, 01 Fbe 2026 07:00:09 GMT",
                           "Sun, 31 Feb 2026 07:00:09 GMT", "2026-02-01T07:00:09.000Z    "}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

TEST(Times, OfDayAreReadWithAndWithoutSeconds) {
  EXPECT_EQ(parse_time_of_day("07:40")->count(), 7 * 3600 + 40 * 60);
  EXPECT_EQ(parse_time_of_day("00:00:09")->count(), 9);
  for (const auto* text : {"7", "24:00", "07:60", "07:40:", "a:b", ""}) {
    EXPECT_FALSE(parse_time_of_day(text)) << text;
  }
}

}  // namespace
}  // namespace pipeline
