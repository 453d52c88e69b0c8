// A stage that is asked what it finds, and hangs, dies, fails or talks nonsense.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include <fmt/core.h>

#include "common/process/child_process.h"
#include "orchestrator/doctor/stage_findings.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

using testing::HasSubstr;

class AskStage : public testing::Test {
 protected:
  /// A stage of two checks that runs this script; $0 is its own name, the rest the real arguments.
  std::vector<Finding> ask(const std::string& script,
                           std::chrono::milliseconds limit = std::chrono::seconds(30)) {
    const std::string program = dir_.write(
        "stage", fmt::format("#!/bin/sh\nlisted='{}'\n{}\n",
                             to_json(in_order(Check::store_list, "", "3")).dump(), script));
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    return ask_stage({.stage = "staging_loader",
                      .argv = {program},
                      .part = "store",
                      .expected = {Check::store_list, Check::store_read},
                      .config_path = "/etc/p.yaml",
                      .environment = child_environment({}, {}),
                      .folder = dir_.path(),
                      .time_limit = limit},
                     {});
  }

  test::TempDir dir_;
};

TEST_F(AskStage, GivesWhatItTold) {
  const auto findings =
      ask("[ \"$*\" = \"check --doctor store --config /etc/p.yaml --result-file " +
          dir_.file("result.json") +
          "\" ] && echo \"$listed\" && echo \"$listed\" | sed s/store-list/store-read/");
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0], in_order(Check::store_list, "", "3"));
  EXPECT_EQ(findings[1], in_order(Check::store_read, "", "3"));
}

TEST_F(AskStage, ThatSaysNothingHasNotLooked) {
  const auto findings = ask("exit 0");
  ASSERT_EQ(findings.size(), 2U);
  for (const auto& finding : findings) {
    EXPECT_EQ(finding.verdict, Verdict::fail);
    EXPECT_EQ(finding.kind, ErrorKind::config_invalid);
    EXPECT_THAT(finding.found, HasSubstr("staging_loader ended with exit code 0 and said nothing"));
  }
  const auto half = ask("echo \"$listed\"");
  ASSERT_EQ(half.size(), 2U);
  EXPECT_EQ(half[1].check, Check::store_read);
  EXPECT_EQ(half[1].verdict, Verdict::fail);
}

TEST_F(AskStage, ThatTellsOfAFailureMayStopThere) {
  const auto findings = ask("echo \"$listed\" | sed 's/\"ok\"/\"fail\"/'");
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].verdict, Verdict::fail);
}

TEST_F(AskStage, ThatHangsKeepsWhatItToldAndFailsTheNextCheckInTime) {
  const auto findings = ask("echo \"$listed\"; exec sleep 600", std::chrono::seconds(3));
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].check, Check::store_list);
  EXPECT_EQ(findings[1].check, Check::store_read);
  EXPECT_EQ(findings[1].kind, ErrorKind::timed_out);
  EXPECT_THAT(findings[1].advice, HasSubstr("check --doctor store --config /etc/p.yaml"));
}

TEST_F(AskStage, ThatDiesIsAFailureOfTheNextCheck) {
  const auto findings = ask("echo \"$listed\"; kill -SEGV $$");
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[1].check, Check::store_read);
  EXPECT_THAT(findings[1].found, HasSubstr("staging_loader: signal SEGV"));
}

TEST_F(AskStage, ThatDiesBehindItsLastCheckIsAFailureAllTheSame) {
  const auto findings =
      ask("echo \"$listed\"; echo \"$listed\" | sed s/store-list/store-read/; kill -SEGV $$");
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(findings[2].verdict, Verdict::fail);
  EXPECT_EQ(findings[2].about, "staging_loader");
}

TEST_F(AskStage, ThatFailsIsToldByItsResultFile) {
  auto findings = ask(
      "echo '{\"schema\":1,\"status\":\"failed\",\"error\":{\"name\":\"Pipeline.AccessDenied\","
      "\"cause\":\"no such right\",\"retryable\":false,\"context\":{}},\"output\":{}}' >\"$7\"; "
      "exit 15");
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].check, Check::store_list);
  EXPECT_EQ(findings[1].check, Check::store_read);
  EXPECT_EQ(findings[0].kind, ErrorKind::access_denied);
  EXPECT_THAT(findings[0].found, HasSubstr("no such right"));
}

TEST_F(AskStage, ThatIsNotThereIsAnErrorOfTheConfiguration) {
  const auto findings = ask_stage({.stage = "staging_loader",
                                   .argv = {"/nobody/has/this"},
                                   .part = "store",
                                   .expected = {Check::store_list},
                                   .config_path = "/etc/p.yaml",
                                   .environment = {},
                                   .folder = dir_.path()},
                                  {});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].kind, ErrorKind::config_invalid);
}

TEST_F(AskStage, WithArgumentsShowsTheProgramAlone) {
  const auto findings =
      ask_stage({.stage = "staging_loader",
                 .argv = {"/bin/sh", "-c", "[ \"$1\" = --layer ] && exit 3", "canary-token"},
                 .options = {"--layer", "gold"},
                 .part = "store",
                 .expected = {Check::store_list},
                 .config_path = "/etc/p.yaml",
                 .environment = {},
                 .folder = dir_.path()},
                {});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_THAT(findings[0].found, HasSubstr("exit code 3"));
  EXPECT_EQ(findings[0].advice,
            "/bin/sh ... --layer gold check --doctor store --config /etc/p.yaml shows it");
}

TEST_F(AskStage, PassesOverLinesThatAreNoFindings) {
  const auto findings = ask("echo nonsense; echo \"$listed\"; echo '{\"check\":\"next-year\"}'");
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0], in_order(Check::store_list, "", "3"));
}

}  // namespace
}  // namespace pipeline
