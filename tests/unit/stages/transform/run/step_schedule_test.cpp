// Steps begin when those before them are done, on as many threads as asked, and stop as promised.
#include "stages/transform/run/step_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <mutex>
#include <random>
#include <set>
#include <stdexcept>

#include "common/base/scope.h"

namespace pipeline::dbt {
namespace {

using testing::ElementsAre;
using testing::Optional;

constexpr auto done = StepOutcome::done;
constexpr auto failed = StepOutcome::failed;

TEST(StepSchedule, OneWorkerTakesTheLowestStepThatCanBegin) {
  std::vector<std::size_t> order;
  const auto outcomes =
      run_steps({.waits_for = {{2}, {}, {}, {1, 0}}}, [&](std::size_t step, std::size_t worker) {
        EXPECT_EQ(worker, 0U);
        order.push_back(step);
        return done;
      });
  EXPECT_THAT(order, ElementsAre(1, 2, 0, 3));
  EXPECT_THAT(outcomes,
              ElementsAre(Optional(done), Optional(done), Optional(done), Optional(done)));
}

TEST(StepSchedule, ManyWorkersBeginNoStepBeforeThoseItWaitsFor) {
  std::mt19937 random(7);
  StepSchedule schedule{.waits_for = std::vector<std::vector<std::size_t>>(300), .workers = 8};
  for (std::size_t step = 1; step < schedule.waits_for.size(); ++step) {
    std::set<std::size_t> before;
    for (int i = 0; i < 3; ++i) before.insert(random() % step);
    schedule.waits_for[step].assign(before.begin(), before.end());
  }
  std::vector<std::atomic<int>> times(schedule.waits_for.size());
  std::atomic<int> too_early = 0;
  run_steps(schedule, [&](std::size_t step, std::size_t worker) {
    EXPECT_LT(worker, 8U);
    for (const std::size_t before : schedule.waits_for[step]) {
      if (times[before] != 1) ++too_early;
    }
    ++times[step];
    return done;
  });
  EXPECT_EQ(too_early, 0);
  for (const auto& count : times) EXPECT_EQ(count, 1);
}

TEST(StepSchedule, TwoWorkersAreAtWorkAtOnce) {
  std::barrier both(2);  // either step alone would wait for ever
  run_steps({.waits_for = {{}, {}}, .workers = 2}, [&](std::size_t, std::size_t) {
    both.arrive_and_wait();
    return done;
  });
}

TEST(StepSchedule, AFailureKeepsOnlyTheStepsBelowItFromBeginning) {
  const auto outcomes =
      run_steps({.waits_for = {{}, {0}, {1}, {}, {3}}, .workers = 2},
                [](std::size_t step, std::size_t) { return step == 0 ? failed : done; });
  EXPECT_THAT(outcomes, ElementsAre(Optional(failed), std::nullopt, std::nullopt, Optional(done),
                                    Optional(done)));
}

TEST(StepSchedule, AStopBeginsNothingNewAndIsToldOnce) {
  std::barrier all(3);
  std::atomic<int> stops = 0;
  StepSchedule schedule{.waits_for = std::vector<std::vector<std::size_t>>(20), .workers = 3};
  schedule.on_failure = StepSchedule::OnFailure::stop;
  schedule.on_stop = [&](std::size_t) { ++stops; };
  const auto outcomes = run_steps(schedule, [&](std::size_t, std::size_t) {
    all.arrive_and_wait();
    return failed;
  });
  EXPECT_EQ(stops, 1);
  for (std::size_t step = 0; step < outcomes.size(); ++step) {
    EXPECT_EQ(outcomes[step].has_value(), step < 3) << step;
  }
}

TEST(StepSchedule, AStepThatStopsIsAsGoodAsAFailureThatDoes) {
  const auto outcomes = run_steps({.waits_for = {{}, {}}},
                                  [](std::size_t, std::size_t) { return StepOutcome::stop; });
  EXPECT_THAT(outcomes, ElementsAre(Optional(StepOutcome::stop), std::nullopt));
}

TEST(StepSchedule, AnExceptionComesThroughWhenAllWorkHasEnded) {
  std::barrier both(2);
  std::atomic<bool> other_ended = false;
  const auto work = [&](std::size_t step, std::size_t) {
    both.arrive_and_wait();
    if (step == 0) throw std::runtime_error("step 0");
    other_ended = true;
    return done;
  };
  EXPECT_THROW(run_steps({.waits_for = {{}, {}, {0}}, .workers = 2}, work), std::runtime_error);
  EXPECT_TRUE(other_ended);
}

TEST(StepSchedule, ThreadsCarryTheScopeOfTheCaller) {
  const Scope scope("layer", "silver");
  std::barrier both(2);
  std::mutex mutex;
  std::vector<Scope::Pairs> seen;
  run_steps({.waits_for = {{}, {}}, .workers = 2}, [&](std::size_t, std::size_t) {
    both.arrive_and_wait();
    const std::lock_guard lock(mutex);
    seen.push_back(Scope::current());
    return done;
  });
  const Scope::Pairs expected{{"layer", "silver"}};
  EXPECT_THAT(seen, ElementsAre(expected, expected));
}

TEST(StepSchedule, NothingToDoIsDone) {
  EXPECT_TRUE(run_steps({.waits_for = {}, .workers = 4}, [](std::size_t, std::size_t) {
                return failed;
              }).empty());
}

}  // namespace
}  // namespace pipeline::dbt
