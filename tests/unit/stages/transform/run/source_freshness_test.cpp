// The age of a source's newest row: what is read, what is judged, what sources.json shows.
#include "stages/transform/run/source_freshness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pipeline::dbt {
namespace {

using namespace std::chrono_literals;

const Moment seven_in_tokyo = Moment(std::chrono::sys_days(std::chrono::year(2026) / 1 / 31)) + 22h;

TEST(SourceFreshness, ReadsADatetimeAsTokyosTime) {
  EXPECT_EQ(moment_in_tokyo("2026-02-01 07:00:00"), seven_in_tokyo);
  EXPECT_EQ(moment_in_tokyo("2026-02-01 07:00:00.25"), seven_in_tokyo + 250ms);
  EXPECT_EQ(moment_in_tokyo("2026-02-01 07:00:00.000001"), seven_in_tokyo + 1us);
  for (const char* other : {"", "2026-02-01", "0000-00-00 00:00:00", "2026-02-30 07:00:00",
                            "2026-02-01 24:00:00", "2026-02-01 07:00:00.", "2026-02-01T07:00:00",
                            "2026-02-01 07:00:00.1234567", "2026-02-01 07:00:00 x", "20260201"}) {
    EXPECT_FALSE(moment_in_tokyo(other)) << other;
  }
}

FreshnessRule rule(std::optional<int> warn_hours, std::optional<int> error_days) {
  FreshnessRule made;
  if (warn_hours) {
    made.warn_after = {.count = *warn_hours, .period = FreshnessThreshold::Period::hour};
  }
  if (error_days) {
    made.error_after = {.count = *error_days, .period = FreshnessThreshold::Period::day};
  }
  return made;
}

TEST(SourceFreshness, IsWorseOnlyAboveAThreshold) {
  const FreshnessRule both = rule(36, 5);
  EXPECT_EQ(judge_freshness(both, 36h), Freshness::pass);
  EXPECT_EQ(judge_freshness(both, 36h + 1us), Freshness::warn);
  EXPECT_EQ(judge_freshness(both, 120h), Freshness::warn);
  EXPECT_EQ(judge_freshness(both, 120h + 1us), Freshness::error);
  EXPECT_EQ(judge_freshness(both, -5h), Freshness::pass);
  EXPECT_EQ(judge_freshness(rule(36, {}), 9999h), Freshness::warn);
  EXPECT_EQ(judge_freshness(rule({}, 5), 119h), Freshness::pass);
}

TEST(SourceFreshness, IsShownWithTheKeysOfTheSchema) {
  SourceFreshness source{.unique_id = "source.shop.raw.tenants",
                         .rule = rule(36, {}),
                         .outcome = SourceFreshness::Seen{.max_loaded_at = seven_in_tokyo - 90s,
                                                          .snapshotted_at = seven_in_tokyo,
                                                          .status = Freshness::pass}};
  EXPECT_EQ(to_json(source), Json::parse(
                                 R"({"unique_id": "source.shop.raw.tenants",
              "max_loaded_at": "2026-01-31T21:58:30.000000Z",
              "snapshotted_at": "2026-01-31T22:00:00.000000Z",
              "max_loaded_at_time_ago_in_s": 90.0, "status": "pass",
              "criteria": {"warn_after": {"count": 36, "period": "hour"},
                           "error_after": {"count": null, "period": null}, "filter": null},
              "adapter_response": {}, "timing": [], "thread_id": "Thread-1",
              "execution_time": 0.0})"));
  source.outcome = std::string("no such column");
  EXPECT_EQ(to_json(source), Json::parse(R"({"unique_id": "source.shop.raw.tenants",
                                             "error": "no such column",
                                             "status": "runtime error"})"));
}

}  // namespace
}  // namespace pipeline::dbt
