// Matching of error names and the waits between attempts.
#include "orchestrator/asl/retry_policy.h"

#include <gtest/gtest.h>

#include "orchestrator/asl/error_names.h"

namespace pipeline::asl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool names_match(const std::vector<std::string>& names, std::string_view error) {
  return matches(names, error);
}

TEST(RetryPolicy, MatchesExactNamesInTheirCase) {
  EXPECT_TRUE(names_match({"A", "B"}, "B"));
  EXPECT_FALSE(names_match({"a"}, "A"));
  EXPECT_FALSE(names_match({"Pipeline"}, "Pipeline.Unavailable"));
  EXPECT_FALSE(names_match({}, "A"));
}

TEST(RetryPolicy, StatesAllMatchesEverythingButStatesRuntime) {
  for (const auto name : states_error_names()) {
    SCOPED_TRACE(name);
    EXPECT_EQ(names_match({"States.ALL"}, name), name != "States.Runtime");
  }
  EXPECT_TRUE(names_match({"States.ALL"}, "Pipeline.SqlRejected"));
  EXPECT_TRUE(names_match({"States.ALL"}, ""));
}

TEST(RetryPolicy, StatesAllMatchesDataLimitExceededAsTheServiceDoes) {
  // The guide says that it does not; recorded runs show that it does.
  EXPECT_TRUE(names_match({"States.ALL"}, "States.DataLimitExceeded"));
}

TEST(RetryPolicy, StatesTaskFailedMatchesEverythingButTimeoutAndRuntime) {
  for (const auto name : states_error_names()) {
    SCOPED_TRACE(name);
    EXPECT_EQ(names_match({"States.TaskFailed"}, name), name != "States.Timeout" &&
                                                            name != "States.HeartbeatTimeout" &&
                                                            name != "States.Runtime");
  }
  EXPECT_TRUE(names_match({"States.TaskFailed"}, "Process.Signal.KILL"));
}

TEST(RetryPolicy, NothingMatchesStatesRuntimeNotEvenItsName) {
  EXPECT_FALSE(names_match({"States.Runtime"}, "States.Runtime"));
}

TEST(RetryPolicy, AMissedHeartbeatIsATimeoutButATimeoutIsNoMissedHeartbeat) {
  EXPECT_TRUE(names_match({"States.Timeout"}, "States.HeartbeatTimeout"));
  EXPECT_TRUE(names_match({"States.HeartbeatTimeout"}, "States.HeartbeatTimeout"));
  EXPECT_FALSE(names_match({"States.HeartbeatTimeout"}, "States.Timeout"));
}

TEST(RetryPolicy, AMisspeltWildcardIsJustAName) {
  EXPECT_FALSE(names_match({"State.ALL"}, "Pipeline.Unavailable"));
}

TEST(RetryPolicy, HasTheLanguagesDefaults) {
  const Retrier retrier;
  EXPECT_EQ(delay_before(retrier, 1, 0.5), seconds(1));
  EXPECT_EQ(delay_before(retrier, 2, 0.5), seconds(2));
  EXPECT_EQ(delay_before(retrier, 3, 0.5), seconds(4));
  EXPECT_EQ(retrier.max_attempts, 3);
}

TEST(RetryPolicy, GrowsByTheBackoffRateUpToTheCap) {
  const Retrier retrier{.interval = seconds(3), .backoff_rate = 1.5, .max_delay = seconds(6)};
  EXPECT_EQ(delay_before(retrier, 1, 0), seconds(3));
  EXPECT_EQ(delay_before(retrier, 2, 0), milliseconds(4500));
  EXPECT_EQ(delay_before(retrier, 3, 0), seconds(6));
}

TEST(RetryPolicy, AppliesFullJitterAfterTheCap) {
  const Retrier retrier{.interval = seconds(10),
                        .backoff_rate = 10,
                        .max_delay = seconds(40),
                        .jitter = Jitter::full};
  EXPECT_EQ(delay_before(retrier, 2, 0.25), seconds(10));
  EXPECT_EQ(delay_before(retrier, 2, 0.0), seconds(0));
}

TEST(RetryPolicy, BoundsAWaitThatGrowsPastAllNumbers) {
  const Retrier retrier{.interval = seconds(99'999'999), .backoff_rate = 1e9};
  EXPECT_EQ(delay_before(retrier, 99'999'999, 1), seconds(31'622'400));
}

TEST(RetryPolicy, CountsPerRetrierAndLetsTheFirstMatchDecide) {
  const std::vector<Retrier> retriers{{.error_equals = {"A", "B"}, .max_attempts = 2},
                                      {.error_equals = {"B", "C"}, .max_attempts = 9}};
  RetryCounts counts;
  EXPECT_EQ(next_retry(retriers, "A", counts, 0)->number, 1);
  EXPECT_EQ(next_retry(retriers, "B", counts, 0)->number, 2);
  EXPECT_EQ(next_retry(retriers, "C", counts, 0)->number, 1);
  EXPECT_FALSE(next_retry(retriers, "B", counts, 0)) << "the second retrier must not be asked";
  EXPECT_EQ(counts, (RetryCounts{2, 1}));
}

TEST(RetryPolicy, MaxAttemptsZeroEndsTheScan) {
  const std::vector<Retrier> retriers{{.error_equals = {"A"}, .max_attempts = 0},
                                      {.error_equals = {"States.ALL"}}};
  RetryCounts counts;
  EXPECT_FALSE(next_retry(retriers, "A", counts, 0));
  EXPECT_TRUE(next_retry(retriers, "B", counts, 0));
}

TEST(RetryPolicy, TakesTheFirstCatcherThatMatches) {
  const std::vector<Catcher> catchers{{.error_equals = {"B"}, .next = "1"},
                                      {.error_equals = {"A"}, .next = "2"},
                                      {.error_equals = {"States.ALL"}, .next = "3"}};
  EXPECT_EQ(find_catcher(catchers, "A")->next, "2");
  EXPECT_EQ(find_catcher(catchers, "C")->next, "3");
  EXPECT_EQ(find_catcher(catchers, "States.Runtime"), nullptr);
}

TEST(ErrorNames, DoubtsMisspeltNamesAndNamesTheNearest) {
  EXPECT_EQ(doubt_about("State.ALL"),
            "nothing raises the error \"State.ALL\"; did you mean \"States.ALL\"?");
  EXPECT_EQ(doubt_about("States.TimeOut"),
            "nothing raises the error \"States.TimeOut\"; did you mean \"States.Timeout\"?");
  EXPECT_EQ(doubt_about("Pipeline.Unavailble"),
            "nothing raises the error \"Pipeline.Unavailble\"; did you mean "
            "\"Pipeline.Unavailable\"?");
  EXPECT_TRUE(doubt_about("States.Runtime"));
}

TEST(ErrorNames, LeavesKnownAndForeignNamesAlone) {
  for (const std::string_view name : {"States.ALL", "Pipeline.SqlRejected", "Process.Signal.KILL",
                                      "MyOwnError", "Glue.JobRunFailed"}) {
    EXPECT_FALSE(doubt_about(name)) << name;
  }
}

}  // namespace
}  // namespace pipeline::asl
