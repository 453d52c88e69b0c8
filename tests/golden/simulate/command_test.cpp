// The command simulate as people type it: what it prints, what it refuses, its exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/json.h"
#include "tests/support/run_program.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

using testing::HasSubstr;

class SimulateCommand : public testing::Test {
 protected:
  test::ProgramResult simulate(std::vector<std::string> arguments) const {
    std::vector<std::string> argv{PIPELINE_BIN_DIR "/orchestrator", "simulate", machine_};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return test::run_program({.argv = argv});
  }

  test::TempDir folder;
  std::string machine_ = folder.write("machine.json", R"({
  "StartAt": "Load",
  "States": {
    "Load": {"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync",
             "TimeoutSeconds": 60, "Parameters": {"day.$": "$.day"}, "End": true}
  }
})");
};

TEST_F(SimulateCommand, PrintsOneDocumentWithoutAnyConfiguration) {
  const auto result =
      simulate({"--json", "--input", folder.write("input.json", R"({"day": 1})"), "--task-outcomes",
                folder.write("outcomes.json", R"({"Load": [{"out": {"rows": 12}}]})")});
  ASSERT_TRUE(result.ok()) << result.text();
  const Json printed = Json::parse(result.out);
  EXPECT_EQ(printed.at("status"), Json("SUCCEEDED"));
  EXPECT_EQ(printed.at("output").at("rows"), Json(12));
  EXPECT_TRUE(printed.at("error").is_null());
  EXPECT_TRUE(printed.at("cause").is_null());
  EXPECT_EQ(printed.at("events").as_array().at(1).at("type"), Json("TaskStateEntered"));
  EXPECT_EQ(printed.at("events").as_array().at(1).at("state"), Json("Load"));
}

TEST_F(SimulateCommand, EndsWellWhenTheSimulatedRunFails) {
  const auto result = simulate({"--json"});  // the path $.day leads nowhere
  ASSERT_TRUE(result.ok()) << result.text();
  const Json printed = Json::parse(result.out);
  EXPECT_EQ(printed.at("status"), Json("FAILED"));
  EXPECT_EQ(printed.at("error"), Json("States.Runtime"));
  EXPECT_TRUE(printed.at("output").is_null());
}

TEST_F(SimulateCommand, PrintsEventsForPeople) {
  const auto result = simulate({"--input", folder.write("input.json", R"({"day": 1})")});
  ASSERT_TRUE(result.ok()) << result.text();
  EXPECT_THAT(result.out, HasSubstr("  TaskStateEntered Load\n"));
  EXPECT_THAT(result.out, HasSubstr("\nSUCCEEDED {}\n"));
}

TEST_F(SimulateCommand, RefusesADefinitionWithEveryFinding) {
  machine_ = folder.write("machine.yaml", "StartAt: A\nStates:\n  A: {Type: Pas}\n  B: 5\n");
  const auto result = simulate({});
  EXPECT_EQ(result.exit_code, 10);
  EXPECT_THAT(result.err, HasSubstr("3:13: there is no state type \\\"Pas\\\"; did you mean"));
  EXPECT_THAT(result.err, HasSubstr("4:6: the state \\\"B\\\" must be a mapping"));
}

TEST_F(SimulateCommand, NamesThePlaceOfAWrongAnswer) {
  const auto refusal = [&](const char* outcomes) {
    const auto result = simulate({"--task-outcomes", folder.write("outcomes.json", outcomes)});
    EXPECT_EQ(result.exit_code, 10);
    return result.err;
  };
  EXPECT_THAT(refusal("[]"), HasSubstr("the document: it must be an object of lists"));
  EXPECT_THAT(refusal(R"({"Load": {}})"), HasSubstr("Load: it must be a list of answers"));
  EXPECT_THAT(refusal(R"({"Load": [{"out": 1}, {}]})"), HasSubstr("Load[1]: an answer has either"));
  EXPECT_THAT(refusal(R"({"Load": [{"output": 1}]})"), HasSubstr("is none of out, Error, Cause"));
  EXPECT_THAT(refusal(R"({"Load": [{"out": 1, "Seconds": -1}]})"),
              HasSubstr("must be a whole number"));
  EXPECT_THAT(refusal("{"), HasSubstr("outcomes.json"));
}

TEST_F(SimulateCommand, WarnsOfAnswersForAStateThatIsNoTask) {
  const auto result =
      simulate({"--task-outcomes", folder.write("outcomes.json", R"({"Laod": [{"out": 1}]})")});
  EXPECT_TRUE(result.ok()) << result.text();
  EXPECT_THAT(result.err, HasSubstr("which is no Task"));
}

}  // namespace
}  // namespace pipeline
