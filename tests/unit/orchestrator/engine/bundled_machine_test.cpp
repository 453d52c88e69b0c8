// deploy/state_machine.yaml under the interpreter: waits, retried errors, alerts, final errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <stop_token>
#include <string>

#include "orchestrator/asl/definition_reader.h"
#include "orchestrator/engine/interpreter.h"
#include "tests/unit/orchestrator/engine/fakes.h"

namespace pipeline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class BundledMachine : public testing::Test {
 protected:
  static std::string text_of(const std::string& path) {
    std::ifstream file(PIPELINE_SOURCE_DIR "/" + path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  RunResult run() { return run(text_of("deploy/state_machine.yaml")); }
  RunResult run(const std::string& text) {
    const auto definition = asl::parse_definition(text, "deploy/state_machine.yaml");
    EXPECT_THAT(definition.warnings, IsEmpty());
    return run_machine(definition.machine, {.tasks = tasks, .history = history, .clock = clock},
                       {.run_id = "r", .business_date = *BusinessDate::parse("2026-02-02")}, {});
  }

  ScriptedRunner tasks;
  RecordingSink history;
  FakeClock clock;
};

TEST_F(BundledMachine, RunsTheThreeStagesInOrder) {
  const auto result = run();
  EXPECT_EQ(result.status, RunStatus::succeeded);
  EXPECT_THAT(tasks.states_run(), ElementsAre("Staging", "Silver", "Gold"));
  EXPECT_EQ(result.output.dump(),
            R"({"staging":{"ran":"Staging"},"silver":{"ran":"Silver"},"gold":{"ran":"Gold"}})");
}

TEST_F(BundledMachine, RetriesStagingTwiceAfterFiveMinutesEach) {
  tasks.fail("Staging", "Pipeline.Unavailable");
  const auto result = run();
  EXPECT_THAT(clock.sleeps, ElementsAre(300.0, 300.0));
  EXPECT_THAT(tasks.states_run(),
              ElementsAre("Staging", "Staging", "Staging", "NotifyStagingFailed"));
  EXPECT_EQ(result.status, RunStatus::failed);
}

TEST_F(BundledMachine, RetriesSilverThreeTimesAfterAMinuteEach) {
  tasks.fail("Silver", "Pipeline.LockContention");
  run();
  EXPECT_THAT(clock.sleeps, ElementsAre(60.0, 60.0, 60.0));
}

TEST_F(BundledMachine, RetriesGoldThreeTimesAfterAMinuteEach) {
  tasks.answer("Gold", TaskTimeout{});
  run();
  EXPECT_THAT(clock.sleeps, ElementsAre(60.0, 60.0, 60.0));
}

TEST_F(BundledMachine, RetriesAProcessThatWasKilled) {
  tasks.fail("Silver", "Process.Signal.KILL");
  tasks.succeed("Silver");
  EXPECT_EQ(run().status, RunStatus::succeeded);
  EXPECT_THAT(clock.sleeps, ElementsAre(60.0));
}

TEST_F(BundledMachine, DoesNotRetryWhatARetryCannotCure) {
  for (const std::string error :
       {"Pipeline.SqlRejected", "Pipeline.DataTestFailed", "Pipeline.HookFailed",
        "Pipeline.ConfigInvalid", "Pipeline.DumpNotYet", "Pipeline.DumpCorrupt",
        "Pipeline.AccessDenied", "Pipeline.GuardRefused", "Pipeline.Internal",
        "Process.StartFailed", "Process.Signal.TERM"}) {
    SCOPED_TRACE(error);
    tasks.script.clear();
    clock.sleeps.clear();
    tasks.fail("Silver", error);
    EXPECT_EQ(run().error, error);
    EXPECT_THAT(clock.sleeps, IsEmpty());
  }
}

TEST_F(BundledMachine, EndsWithTheErrorOfTheStage) {
  for (const std::string stage : {"Staging", "Silver", "Gold"}) {
    SCOPED_TRACE(stage);
    tasks.script.clear();
    tasks.fail(stage, "Pipeline.SqlRejected");
    const auto result = run();
    EXPECT_EQ(result.status, RunStatus::failed);
    EXPECT_EQ(result.error, "Pipeline.SqlRejected");
    EXPECT_EQ(result.cause, "because of Pipeline.SqlRejected");
    EXPECT_EQ(result.failed_state, stage);
    EXPECT_EQ(tasks.requests.back().state, "Notify" + stage + "Failed");
    EXPECT_EQ(tasks.requests.back().resource, "notify:ops");
    EXPECT_EQ(tasks.requests.back().input.at("error").at("Error").as_string(),
              "Pipeline.SqlRejected");
  }
}

/// The machine with the two pieces that the page has for it.
std::string going_on_behind_failed_tests(std::string machine, const std::string& page) {
  const auto piece = [&](std::size_t from) {
    const auto begin = page.find("```yaml\n", from) + 8;
    return page.substr(begin, page.find("```", begin) - begin);
  };
  const auto section = page.find("## Going on behind failed tests");
  const std::string catcher = piece(section);
  const std::string state = piece(page.find(catcher) + catcher.size() + 3);
  const auto silver = machine.find("  Silver:\n");
  const std::string list = "    Catch:\n";
  machine.insert(machine.find(list, silver) + list.size(), catcher);
  return machine + state;
}

TEST_F(BundledMachine, EndsBehindALayerThatIsPublishedInSpiteOfItsTestsUnlessItIsToGoOn) {
  const std::string error = "Pipeline.PublishedWithFailedTests";
  tasks.fail("Silver", error);
  auto result = run();
  EXPECT_EQ(result.error, error);
  EXPECT_THAT(tasks.states_run(), ElementsAre("Staging", "Silver", "NotifySilverFailed"));
  const std::string machine = going_on_behind_failed_tests(
      text_of("deploy/state_machine.yaml"), text_of("docs/reference/state-machine.md"));
  tasks.requests.clear();
  result = run(machine);
  EXPECT_EQ(result.status, RunStatus::succeeded);
  EXPECT_THAT(tasks.states_run(), ElementsAre("Staging", "Silver", "NotifySilverTests", "Gold"));
  tasks.requests.clear();
  tasks.fail("NotifySilverTests", "Alert.NotSent");
  result = run(machine);
  EXPECT_EQ(result.status, RunStatus::failed);
  EXPECT_EQ(result.error, error);
  EXPECT_THAT(tasks.states_run(), ElementsAre("Staging", "Silver", "NotifySilverTests"));
}

TEST_F(BundledMachine, ADeadAlertChannelDoesNotChangeTheOutcome) {
  for (const std::string stage : {"Staging", "Silver", "Gold"}) {
    SCOPED_TRACE(stage);
    tasks.script.clear();
    tasks.fail(stage, "Pipeline.SqlRejected");
    tasks.fail("Notify" + stage + "Failed", "Process.StartFailed");
    const auto result = run();
    EXPECT_EQ(result.status, RunStatus::failed);
    EXPECT_EQ(result.error, "Pipeline.SqlRejected");
    EXPECT_EQ(result.failed_state, stage);
  }
}

}  // namespace
}  // namespace pipeline
