// The interpreter's rules, one test a rule: order of records, retries, catchers, stop, one state
// only.
#include "orchestrator/engine/interpreter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>
#include <string>

#include "common/base/error.h"
#include "orchestrator/asl/definition_reader.h"
#include "tests/unit/orchestrator/engine/fakes.h"

namespace pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Interpreter : public testing::Test {
 protected:
  RunResult run(std::string_view definition, Json input = Json::object(),
                std::optional<std::string> only_state = {}) {
    const auto machine = asl::parse_definition(definition, "machine.yaml").machine;
    return run_machine(
        machine, {.tasks = tasks, .history = history, .clock = clock, .random = [] { return 0.5; }},
        {.run_id = "20260202-070000-ab12",
         .business_date = *BusinessDate::parse("2026-02-02"),
         .input = std::move(input),
         .only_state = std::move(only_state)},
        stop.get_token());
  }

  ScriptedRunner tasks;
  RecordingSink history;
  FakeClock clock;
  std::stop_source stop;
};

constexpr std::string_view one_task = R"(
StartAt: Load
States:
  Load: {Type: Task, Resource: "stage:load", TimeoutSeconds: 5, End: true}
)";

// Load with retriers and catchers of the test's choice, then Next; Caught ends what was caught.
std::string guarded(std::string_view retry, std::string_view catchers) {
  return std::string(R"(
StartAt: Load
States:
  Load:
    Type: Task
    Resource: stage:load
    TimeoutSeconds: 5
    Retry: [)")
      .append(retry)
      .append("]\n    Catch: [")
      .append(catchers)
      .append(R"(]
    Next: After
  After:
    Type: Task
    Resource: stage:after
    TimeoutSeconds: 5
    Catch: [{ErrorEquals: [Unused], Next: Caught}]
    End: true
  Caught: {Type: Succeed}
)");
}

constexpr std::string_view catch_all = "{ErrorEquals: [States.ALL], Next: Caught}";

TEST_F(Interpreter, RecordsTheEventsOfOneTaskInTheOrderOfStepFunctions) {
  EXPECT_EQ(run(one_task).status, RunStatus::succeeded);
  EXPECT_THAT(history.types(),
              ElementsAre("ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted",
                          "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"));
}

TEST_F(Interpreter, CommitsTheIntentBeforeTheRunnerIsCalled) {
  tasks.before_start = [&](const TaskRequest&) {
    EXPECT_EQ(history.types().back(), "TaskScheduled");
  };
  tasks.while_running = [&](const TaskRequest&) {
    EXPECT_EQ(history.types().back(), "TaskStarted");
  };
  run(one_task);
  EXPECT_EQ(tasks.requests.size(), 1U);
}

TEST_F(Interpreter, StartsNothingWhenTheIntentCannotBeRecorded) {
  history.on_record = [](const HistoryEvent& event) {
    if (event_type(event.body) == "TaskScheduled") {
      throw Error(ErrorKind::resource_exhausted, "the disk is full");
    }
  };
  EXPECT_THROW(run(one_task), Error);
  EXPECT_THAT(tasks.requests, IsEmpty());
}

TEST_F(Interpreter, PassesOnAFailureOfTheHistoryWhileATaskStarts) {
  history.on_record = [](const HistoryEvent& event) {
    if (event_type(event.body) == "TaskStarted") {
      throw Error(ErrorKind::resource_exhausted, "the disk is full");
    }
  };
  try {
    run(guarded("", catch_all));
    FAIL() << "the failure was taken for one of the task";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::resource_exhausted);
  }
  EXPECT_EQ(history.types().back(), "TaskScheduled");
}

TEST_F(Interpreter, TakesNoTransitionWhenTheOutcomeCannotBeRecorded) {
  history.on_record = [](const HistoryEvent& event) {
    if (event_type(event.body) == "TaskSucceeded") {
      throw Error(ErrorKind::resource_exhausted, "the disk is full");
    }
  };
  EXPECT_THROW(run(guarded("", catch_all)), Error);
  EXPECT_THAT(tasks.states_run(), ElementsAre("Load"));
}

TEST_F(Interpreter, GivesTheTaskItsRequest) {
  Json input = Json::object();
  input.set("day", 1);
  run(one_task, input);
  const TaskRequest& request = tasks.requests.at(0);
  EXPECT_EQ(request.run_id, "20260202-070000-ab12");
  EXPECT_EQ(request.business_date.iso(), "2026-02-02");
  EXPECT_EQ(request.state, "Load");
  EXPECT_EQ(request.resource, "stage:load");
  EXPECT_EQ(request.attempt, 1);
  EXPECT_EQ(request.timeout, std::chrono::seconds(5));
  EXPECT_EQ(request.input, input);
}

TEST_F(Interpreter, RepeatsScheduledStartedFailedOnARetryWithoutEnteringTheStateAgain) {
  tasks.fail("Load", "A");
  tasks.succeed("Load");
  run(guarded("{ErrorEquals: [A], IntervalSeconds: 7}", ""));
  EXPECT_THAT(
      history.types(),
      ElementsAre("ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted",
                  "TaskFailed", "Orchestrator.RetryScheduled", "TaskScheduled", "TaskStarted",
                  "TaskSucceeded", "TaskStateExited", "TaskStateEntered", "TaskScheduled",
                  "TaskStarted", "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"));
  EXPECT_EQ(tasks.requests.at(1).attempt, 2);
  EXPECT_THAT(clock.sleeps, ElementsAre(7.0));
}

TEST_F(Interpreter, DoublesTheWaitByDefault) {
  tasks.fail("Load", "A");
  EXPECT_EQ(run(guarded("{ErrorEquals: [A]}", "")).status, RunStatus::failed);
  EXPECT_THAT(clock.sleeps, ElementsAre(1.0, 2.0, 4.0));
  EXPECT_EQ(tasks.requests.size(), 4U);
}

TEST_F(Interpreter, CountsEachRetrierForItselfAndDoesNotAskALaterOneWhenItIsExhausted) {
  // The language's own example: A, B, C, B with [A,B: 2] [C]; the fourth error goes to Catch,
  // although the third retrier would match it.
  tasks.fail("Load", "ErrorA");
  tasks.fail("Load", "ErrorB");
  tasks.fail("Load", "ErrorC");
  tasks.fail("Load", "ErrorB");
  run(
      guarded("{ErrorEquals: [ErrorA, ErrorB], IntervalSeconds: 1, BackoffRate: 2, MaxAttempts: 2},"
              "{ErrorEquals: [ErrorC], IntervalSeconds: 5},"
              "{ErrorEquals: [States.ALL], IntervalSeconds: 99}",
              catch_all));
  EXPECT_THAT(clock.sleeps, ElementsAre(1.0, 2.0, 5.0));
  EXPECT_EQ(tasks.requests.size(), 4U);
  EXPECT_EQ(history.types().back(), "ExecutionSucceeded");
}

TEST_F(Interpreter, ResetsTheCountersWhenTheStateIsEnteredAgain) {
  constexpr std::string_view loop = R"(
StartAt: Load
States:
  Load:
    Type: Task
    Resource: stage:load
    TimeoutSeconds: 5
    Retry: [{ErrorEquals: [A], MaxAttempts: 1}]
    Catch:
      - {ErrorEquals: [A], Next: Load}
    Next: End
  End: {Type: Succeed}
)";
  for (int i = 0; i < 4; ++i) tasks.fail("Load", "A");
  tasks.succeed("Load");
  EXPECT_EQ(run(loop).status, RunStatus::succeeded);
  EXPECT_THAT(clock.sleeps, ElementsAre(1.0, 1.0));
  EXPECT_EQ(tasks.requests.back().attempt, 5) << "attempts are counted over the whole run";
}

TEST_F(Interpreter, MaxAttemptsZeroNeverRetries) {
  tasks.fail("Load", "A");
  run(guarded("{ErrorEquals: [A], MaxAttempts: 0}, {ErrorEquals: [States.ALL]}", catch_all));
  EXPECT_EQ(tasks.requests.size(), 1U);
}

TEST_F(Interpreter, DrawsTheJitterAfterTheCap) {
  tasks.fail("Load", "A");
  run(
      guarded("{ErrorEquals: [A], IntervalSeconds: 10, BackoffRate: 10, MaxAttempts: 2,"
              " MaxDelaySeconds: 40, JitterStrategy: FULL}",
              ""));
  EXPECT_THAT(clock.sleeps, ElementsAre(5.0, 20.0));
}

TEST_F(Interpreter, ATimeOutIsStatesTimeout) {
  tasks.answer("Load", TaskTimeout{.cause = "after 5 s"});
  const auto result = run(one_task);
  EXPECT_EQ(result.status, RunStatus::failed);
  EXPECT_EQ(result.error, "States.Timeout");
  EXPECT_EQ(result.cause, "after 5 s");
  EXPECT_THAT(history.types(), testing::Contains("TaskTimedOut"));
}

TEST_F(Interpreter, RetriesATimeoutWhenTheRetrierNamesIt) {
  tasks.answer("Load", TaskTimeout{});
  tasks.succeed("Load");
  EXPECT_EQ(run(guarded("{ErrorEquals: [States.Timeout]}", "")).status, RunStatus::succeeded);
}

TEST_F(Interpreter, StatesTaskFailedDoesNotCatchATimeout) {
  tasks.answer("Load", TaskTimeout{});
  const auto result = run(guarded("", "{ErrorEquals: [States.TaskFailed], Next: Caught}"));
  EXPECT_EQ(result.error, "States.Timeout");
}

TEST_F(Interpreter, GivesEveryAttemptTheWholeTimeout) {
  tasks.answer("Load", TaskTimeout{});
  run(guarded("{ErrorEquals: [States.Timeout], MaxAttempts: 1}", ""));
  EXPECT_EQ(tasks.requests.at(0).timeout, tasks.requests.at(1).timeout);
}

TEST_F(Interpreter, TriesTheRetriersBeforeTheCatchers) {
  tasks.fail("Load", "A");
  run(guarded("{ErrorEquals: [A], MaxAttempts: 2}", catch_all));
  EXPECT_EQ(tasks.requests.size(), 3U);
  EXPECT_EQ(history.types().back(), "ExecutionSucceeded");
}

TEST_F(Interpreter, TheErrorOutputReplacesTheInputByDefault) {
  tasks.fail("Load", "A");
  Json input = Json::object();
  input.set("day", 1);
  const auto result = run(guarded("", catch_all), input);
  EXPECT_EQ(result.output.dump(), R"({"Error":"A","Cause":"because of A"})");
}

TEST_F(Interpreter, PutsTheErrorOutputIntoTheRawInput) {
  tasks.fail("Load", "A");
  Json input = Json::object();
  input.set("day", 1);
  const auto result =
      run(guarded("", "{ErrorEquals: [A], ResultPath: $.why.error, Next: Caught}"), input);
  EXPECT_EQ(result.output.dump(),
            R"({"day":1,"why":{"error":{"Error":"A","Cause":"because of A"}}})");
}

TEST_F(Interpreter, ThrowsTheErrorOutputAwayWithResultPathNull) {
  tasks.fail("Load", "A");
  Json input = Json::object();
  input.set("day", 1);
  const auto result = run(guarded("", "{ErrorEquals: [A], ResultPath: null, Next: Caught}"), input);
  EXPECT_EQ(result.output, input);
}

TEST_F(Interpreter, TheFirstCatcherThatMatchesDecides) {
  tasks.fail("Load", "A");
  run(guarded("",
              "{ErrorEquals: [B], Next: After}, {ErrorEquals: [A], Next: Caught},"
              "{ErrorEquals: [States.ALL], Next: After}"));
  EXPECT_THAT(tasks.states_run(), ElementsAre("Load"));
}

TEST_F(Interpreter, ExitsTheStateBeforeTheCatchersNextIsEntered) {
  tasks.fail("Load", "A");
  run(guarded("", catch_all));
  EXPECT_THAT(history.types(),
              ElementsAre("ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted",
                          "TaskFailed", "TaskStateExited", "SucceedStateEntered",
                          "SucceedStateExited", "ExecutionSucceeded"));
}

TEST_F(Interpreter, DoesNotExitAStateThatFailsWithoutACatcher) {
  tasks.fail("Load", "A");
  const auto result = run(one_task);
  EXPECT_EQ(result.status, RunStatus::failed);
  EXPECT_EQ(result.failed_state, "Load");
  EXPECT_THAT(history.types(), ElementsAre("ExecutionStarted", "TaskStateEntered", "TaskScheduled",
                                           "TaskStarted", "TaskFailed", "ExecutionFailed"));
}

TEST_F(Interpreter, DoesNotApplyTheStatesOwnResultPathOnTheCatchRoute) {
  tasks.fail("Load", "A");
  constexpr std::string_view definition = R"(
StartAt: Load
States:
  Load:
    Type: Task
    Resource: stage:load
    TimeoutSeconds: 5
    ResultPath: $.mine
    Catch: [{ErrorEquals: [A], Next: Caught}]
    Next: Caught
  Caught: {Type: Succeed}
)";
  EXPECT_EQ(run(definition).output.find("mine"), nullptr);
}

TEST_F(Interpreter, PutsTheResultWhereResultPathSays) {
  constexpr std::string_view definition = R"(
StartAt: Load
States:
  Load: {Type: Task, Resource: "stage:load", TimeoutSeconds: 5, ResultPath: $.a.b, End: true}
)";
  Json input = Json::object();
  input.set("day", 1);
  EXPECT_EQ(run(definition, input).output.dump(), R"({"day":1,"a":{"b":{"ran":"Load"}}})");
}

TEST_F(Interpreter, AResultPathThroughAScalarIsAStatesRuntimeThatNothingCatches) {
  constexpr std::string_view definition = R"(
StartAt: Load
States:
  Load:
    Type: Task
    Resource: stage:load
    TimeoutSeconds: 5
    ResultPath: $.day.b
    Retry: [{ErrorEquals: [States.ALL]}]
    Catch: [{ErrorEquals: [States.ALL], Next: Caught}]
    Next: Caught
  Caught: {Type: Succeed}
)";
  Json input = Json::object();
  input.set("day", 1);
  const auto result = run(definition, input);
  EXPECT_EQ(result.status, RunStatus::failed);
  EXPECT_EQ(result.error, "States.Runtime");
  EXPECT_THAT(result.cause, HasSubstr("States.ResultPathMatchFailure"));
}

TEST_F(Interpreter, AFailStateEndsTheRunWithItsTextsAndIsNeverExited) {
  const auto result = run("{StartAt: F, States: {F: {Type: Fail, Error: Mine, Cause: so}}}");
  EXPECT_EQ(result.status, RunStatus::failed);
  EXPECT_EQ(result.error, "Mine");
  EXPECT_EQ(result.cause, "so");
  EXPECT_THAT(history.types(),
              ElementsAre("ExecutionStarted", "FailStateEntered", "ExecutionFailed"));
}

TEST_F(Interpreter, AFailStateWithoutTextsEndsTheRunWithEmptyOnes) {
  const auto result = run("{StartAt: F, States: {F: {Type: Fail}}}");
  EXPECT_EQ(result.status, RunStatus::failed);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.cause, "");
}

TEST_F(Interpreter, AFailPathThatLeadsNowhereIsAStatesRuntime) {
  const auto result =
      run("{StartAt: F, States: {F: {Type: Fail, ErrorPath: $.error.Error, Cause: so}}}");
  EXPECT_EQ(result.error, "States.Runtime");
}

TEST_F(Interpreter, ATaskCannotRaiseTheEnginesOwnNames) {
  tasks.fail("Load", "States.Runtime");
  const auto result = run(guarded("", "{ErrorEquals: [Other], Next: Caught}"));
  EXPECT_EQ(result.error, "States.TaskFailed");
  EXPECT_THAT(result.cause, HasSubstr("States.Runtime"));
}

TEST_F(Interpreter, AThrowOfTheRunnerIsAFailedAttemptWithTheErrorsName) {
  tasks.while_running = [](const TaskRequest&) {
    throw Error(ErrorKind::access_denied, "no right to start it");
  };
  const auto result = run(one_task);
  EXPECT_EQ(result.status, RunStatus::failed);
  EXPECT_EQ(result.error, "Pipeline.AccessDenied");
  EXPECT_THAT(history.types(), testing::Contains("TaskFailed"));
}

TEST_F(Interpreter, AStopWhileATaskRunsEndsTheRunAborted) {
  tasks.while_running = [&](const TaskRequest&) { stop.request_stop(); };
  tasks.answer("Load", TaskCancelled{});
  const auto result = run(guarded("{ErrorEquals: [States.ALL]}", catch_all));
  EXPECT_EQ(result.status, RunStatus::aborted);
  EXPECT_EQ(result.error, "Pipeline.Interrupted");
  EXPECT_EQ(result.failed_state, "Load");
  EXPECT_THAT(history.types(), ElementsAre("ExecutionStarted", "TaskStateEntered", "TaskScheduled",
                                           "TaskStarted", "TaskStateAborted", "ExecutionAborted"));
}

TEST_F(Interpreter, AStopKeepsWhatTheAttemptSaidOfItself) {
  tasks.while_running = [&](const TaskRequest&) { stop.request_stop(); };
  tasks.fail("Load", "Pipeline.Cancelled");
  const auto result = run(guarded("{ErrorEquals: [States.ALL]}", catch_all));
  EXPECT_EQ(result.status, RunStatus::aborted);
  EXPECT_THAT(result.cause, HasSubstr("because of Pipeline.Cancelled"));
  EXPECT_EQ(tasks.requests.size(), 1U) << "neither retried nor caught";
}

TEST_F(Interpreter, AStopDuringARetryWaitStartsNothingMore) {
  clock.on_sleep = [&] { stop.request_stop(); };
  tasks.fail("Load", "A");
  const auto result = run(guarded("{ErrorEquals: [A]}", catch_all));
  EXPECT_EQ(result.status, RunStatus::aborted);
  EXPECT_EQ(tasks.requests.size(), 1U);
}

TEST_F(Interpreter, AStopBetweenTwoTasksRecordsTheFirstAndStartsNotTheSecond) {
  tasks.while_running = [&](const TaskRequest&) { stop.request_stop(); };
  const auto result = run(guarded("", ""));
  EXPECT_EQ(result.status, RunStatus::aborted);
  EXPECT_EQ(result.failed_state, "After");
  EXPECT_THAT(tasks.states_run(), ElementsAre("Load"));
  EXPECT_THAT(history.types(), testing::Contains("TaskSucceeded"));
}

TEST_F(Interpreter, AStopAfterTheLastTaskSucceededLeavesTheRunSucceeded) {
  tasks.while_running = [&](const TaskRequest&) { stop.request_stop(); };
  EXPECT_EQ(run(one_task).status, RunStatus::succeeded);
}

TEST_F(Interpreter, AStopDuringAWaitEndsTheRunAborted) {
  clock.on_sleep = [&] { stop.request_stop(); };
  const auto result = run("StartAt: W\nStates:\n  W: {Type: Wait, Seconds: 60, End: true}\n");
  EXPECT_EQ(result.status, RunStatus::aborted);
  EXPECT_EQ(result.error, "Pipeline.Interrupted");
  EXPECT_EQ(result.failed_state, "W");
  EXPECT_THAT(history.types(),
              ElementsAre("ExecutionStarted", "WaitStateEntered", "ExecutionAborted"));
}

TEST_F(Interpreter, AWaitGoesOnUntilTheWallClockShowsItsEnd) {
  int set_back = 0;
  clock.on_sleep = [&] {
    if (set_back++ == 0) clock.set_back(std::chrono::seconds(10));
  };
  run("StartAt: W\nStates:\n  W: {Type: Wait, Seconds: 60, End: true}\n");
  EXPECT_THAT(clock.sleeps, ElementsAre(60, 10));
}

constexpr std::string_view two_branches = R"(
StartAt: Both
States:
  Both:
    Type: Parallel
    Branches:
      - StartAt: One
        States: {One: {Type: Task, Resource: "stage:one", TimeoutSeconds: 5, End: true}}
      - StartAt: Two
        States: {Two: {Type: Task, Resource: "stage:two", TimeoutSeconds: 5, End: true}}
    Retry: [{ErrorEquals: [States.ALL]}]
    Catch: [{ErrorEquals: [States.ALL], Next: Caught}]
    End: true
  Caught: {Type: Succeed}
)";

TEST_F(Interpreter, AStopInsideABranchIsNeitherRetriedNorCaught) {
  tasks.while_running = [&](const TaskRequest&) { stop.request_stop(); };
  tasks.fail("One", "A");
  const auto result = run(two_branches);
  EXPECT_EQ(result.status, RunStatus::aborted);
  EXPECT_EQ(result.failed_state, "One");
  EXPECT_THAT(tasks.states_run(), ElementsAre("One"));
}

TEST_F(Interpreter, StartsNoFurtherBranchWhenTheOutcomeOfOneCannotBeRecorded) {
  history.on_record = [](const HistoryEvent& event) {
    if (event_type(event.body) == "TaskSucceeded") {
      throw Error(ErrorKind::resource_exhausted, "the disk is full");
    }
  };
  EXPECT_THROW(run(two_branches), Error);
  EXPECT_THAT(tasks.states_run(), ElementsAre("One"));
}

TEST_F(Interpreter, AResultPastTheBoundIsAFailedAttemptThatACatcherSees) {
  tasks.answer("Load", TaskSuccess{.output = Json(std::string(256U << 10U, 'x'))});
  const auto result = run(guarded("", "{ErrorEquals: [States.DataLimitExceeded], Next: Caught}"));
  EXPECT_EQ(result.status, RunStatus::succeeded);
  EXPECT_THAT(history.types(), testing::Contains("TaskFailed"));
  EXPECT_THAT(tasks.states_run(), ElementsAre("Load"));
}

TEST_F(Interpreter, TheMachinesTimeLimitBoundsTheAttempt) {
  run(std::string("TimeoutSeconds: 3\n").append(one_task));
  EXPECT_EQ(tasks.requests.at(0).timeout, std::chrono::seconds(3));
}

TEST_F(Interpreter, OnlyStateEndsInsteadOfTakingNext) {
  const auto result = run(guarded("", ""), Json::object(), "Load");
  EXPECT_EQ(result.status, RunStatus::succeeded);
  EXPECT_THAT(tasks.states_run(), ElementsAre("Load"));
}

TEST_F(Interpreter, OnlyStateStillRetriesAndCatches) {
  tasks.fail("Load", "A");
  run(guarded("{ErrorEquals: [A], MaxAttempts: 1}", "{ErrorEquals: [A], Next: After}"),
      Json::object(), "Load");
  EXPECT_THAT(tasks.states_run(), ElementsAre("Load", "Load", "After"));
}

TEST_F(Interpreter, RefusesAnOnlyStateThatIsNotThere) {
  EXPECT_THROW(run(one_task, Json::object(), "Lod"), Error);
  EXPECT_THAT(history.events, IsEmpty());
}

TEST_F(Interpreter, EndsALoopAtTheBoundOfEvents) {
  constexpr std::string_view loop = R"(
StartAt: A
States:
  A:
    Type: Task
    Resource: stage:a
    TimeoutSeconds: 5
    Catch: [{ErrorEquals: [Never], Next: B}]
    Next: A
  B: {Type: Succeed}
)";
  const auto result = run(loop);
  EXPECT_EQ(result.status, RunStatus::failed);
  EXPECT_EQ(result.error, "States.Runtime");
  EXPECT_LE(history.events.size(), 25'000U);
}

}  // namespace
}  // namespace pipeline
