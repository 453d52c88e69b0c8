// Stages and commands as shell scripts: what they are told and what is believed of them.
#include "orchestrator/tasks/process_task_runner.h"

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

class ProcessTaskRunnerTest : public testing::Test {
 protected:
  ProcessTaskRunnerTest() {
    config_.path = "/etc/pipeline.yaml";
    config_.orchestrator.state_dir = dir_.file("state");
  }

  void stage(const std::string& script) {
    config_.orchestrator.stages["loader"] = {.name = "loader",
                                             .argv = {"/bin/sh", dir_.write("stage", script)}};
  }

  TaskReport run(TaskRequest request, std::vector<std::string> stage_options = {}) {
    ProcessTaskRunner runner({.config = config_,
                              .program_folder = dir_.path(),
                              .environment_names = {},
                              .stage_options = std::move(stage_options),
                              .notify = {},
                              .grace = std::chrono::milliseconds(100)});
    return runner.run(request, [this](const TaskStart& start) { starts_.push_back(start); }, {});
  }

  TaskRequest request() const {
    return {.run_id = "r1",
            .business_date = *BusinessDate::parse("2026-02-01"),
            .state = "Staging",
            .attempt = 2,
            .resource = "stage:loader"};
  }

  test::TempDir dir_;
  PipelineConfig config_;
  std::vector<TaskStart> starts_;
};

TEST_F(ProcessTaskRunnerTest, TellsAStageWhatItNeedsAndKeepsItsLog) {
  stage("echo \"$@\"; echo $PIPELINE_RUN_ID >&2");
  const auto report = run(request(), {"--force"});
  EXPECT_TRUE(std::holds_alternative<TaskSuccess>(report.outcome));
  const auto folder = dir_.file("state/runs/r1/");
  EXPECT_EQ(test::read_text_file(folder + "Staging-2.log"),
            "--config /etc/pipeline.yaml --business-date 2026-02-01 --run-id r1 --result-file " +
                folder + "Staging-2.result.json --force\nr1\n");
  ASSERT_EQ(starts_.size(), 1U);
  EXPECT_GT(starts_[0].pid.value(), 0);
  EXPECT_EQ(starts_[0].log_path, folder + "Staging-2.log");
}

TEST_F(ProcessTaskRunnerTest, NeverBelievesAResultFileOfAnotherAttempt) {
  dir_.write("state/runs/r1/Staging-2.result.json",
             R"({"schema":1,"status":"succeeded","output":{}})");
  stage("exit 16");
  const auto report = run(request());
  EXPECT_EQ(std::get<TaskFailure>(report.outcome).error, "Pipeline.Unavailable");
  EXPECT_TRUE(report.result.is_null());
}

TEST_F(ProcessTaskRunnerTest, LooksForUnconfiguredStagesBesideItself) {
  const auto report = run(request());
  const auto& failure = std::get<TaskFailure>(report.outcome);
  EXPECT_EQ(failure.error, "Process.StartFailed");
  EXPECT_EQ(failure.cause, dir_.path() + "/loader cannot be started: No such file or directory");
  EXPECT_TRUE(starts_.empty());
}

TEST_F(ProcessTaskRunnerTest, EndsAStageAtItsTimeout) {
  stage("exec sleep 600");
  auto timed = request();
  timed.timeout = std::chrono::seconds(1);
  EXPECT_TRUE(std::holds_alternative<TaskTimeout>(run(timed).outcome));
}

TEST_F(ProcessTaskRunnerTest, GivesACommandTheInputAndTakesItsOutput) {
  config_.orchestrator.commands["copy"] = {"/bin/sh", "-c", "echo note >&2; cat"};
  auto copy = request();
  copy.resource = "command:copy";
  copy.input = Json::parse(R"({"a":[1,2]})");
  const auto report = run(copy);
  EXPECT_EQ(std::get<TaskSuccess>(report.outcome).output, copy.input);
  EXPECT_EQ(test::read_text_file(dir_.file("state/runs/r1/Staging-2.log")), "note\n");
}

TEST_F(ProcessTaskRunnerTest, RefusesResourcesItDoesNotKnow) {
  config_.orchestrator.commands["copy"] = {"cat"};
  config_.alerts["ops"] = {.name = "ops"};
  for (const auto* known : {"stage:anything", "command:copy", "notify:ops"}) {
    EXPECT_EQ(doubt_about_resource(known, config_), std::nullopt) << known;
  }
  for (const auto* unknown :
       {"command:copies", "notify:op", "lambda:x", "stage:", "stage:../x", "staging"}) {
    EXPECT_NE(doubt_about_resource(unknown, config_), std::nullopt) << unknown;
  }
  EXPECT_EQ(*doubt_about_resource("command:cop", config_),
            "pipeline.yaml has no command \"cop\" under orchestrator.commands; did you mean "
            "\"copy\"?");
  auto odd = request();
  odd.resource = "lambda:x";
  EXPECT_THROW(run(odd), Error);
}

TEST_F(ProcessTaskRunnerTest, NamesAProgramThatCannotBeStarted) {
  config_.orchestrator.stages["mine"] = {.name = "mine", .argv = {"/no/such/program"}};
  config_.orchestrator.stages["plain"] = {.name = "plain", .argv = {dir_.write("plain", "text")}};
  config_.orchestrator.commands["shell"] = {"sh", "-c", "true"};
  config_.orchestrator.commands["lost"] = {"no-such-program-anywhere"};
  config_.orchestrator.commands["none"] = {};
  config_.alerts["ops"] = {.name = "ops", .kind = CommandAlert{.argv = {"/no/such/program"}}};
  const auto doubt = [&](std::string_view resource, const std::string& folder = "/bin") {
    return doubt_about_program(resource, config_, folder).value_or("no doubt");
  };
  EXPECT_EQ(doubt("stage:sh"), "no doubt");
  EXPECT_EQ(doubt("command:shell"), "no doubt");
  EXPECT_EQ(doubt("notify:ops"), "no doubt") << "a run does not fail for its alert channel";
  EXPECT_EQ(doubt("stage:staging_lodr", "/no"),
            "there is no stage \"staging_lodr\" under orchestrator.stages, nor a program "
            "/no/staging_lodr: No such file or directory; did you mean \"staging_loader\"?");
  EXPECT_EQ(doubt("stage:mine"),
            "the stage \"mine\" cannot be started: /no/such/program: No such file or directory; "
            "orchestrator.stages names it");
  EXPECT_EQ(doubt("command:lost"),
            "the command \"lost\" cannot be started: no-such-program-anywhere: PATH has no such "
            "program; orchestrator.commands names it");
  EXPECT_EQ(doubt("command:none"),
            "the command \"none\" cannot be started: no program is given; orchestrator.commands "
            "names it");
  EXPECT_NE(doubt("stage:plain"), "no doubt") << "not executable, even for root";
}

TEST(AttemptFile, KeepsStatesWithOddNamesApart) {
  TaskRequest one{.run_id = "r", .state = "A/B"};
  TaskRequest other{.run_id = "r", .state = "A B"};
  const auto path = attempt_file("/s", one, "log");
  EXPECT_TRUE(path.starts_with("/s/runs/r/A_B-")) << path;
  EXPECT_NE(path, attempt_file("/s", other, "log"));
  one.state = "..";
  EXPECT_EQ(attempt_file("/s", one, "log").find(".."), std::string::npos);
}

}  // namespace
}  // namespace pipeline
