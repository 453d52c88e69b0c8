// What the doctor says of this host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "common/base/version.h"
#include "orchestrator/doctor/host_findings.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(ProgramVersion, MustBeTheOrchestrators) {
  const auto judged = [](const std::string& output) {
    return judge_program("staging_loader", {.output = output, .why_not = ""}, "0.1.0");
  };
  EXPECT_EQ(judged("staging_loader 0.1.0").verdict, Verdict::ok);
  const Finding other = judged("staging_loader 0.0.9");
  EXPECT_EQ(other.verdict, Verdict::fail);
  EXPECT_EQ(other.kind, ErrorKind::config_invalid);
  EXPECT_THAT(other.found, HasSubstr("0.0.9, and the orchestrator is 0.1.0"));
  EXPECT_THAT(other.advice, HasSubstr("apt install"));
  EXPECT_EQ(judged("usage: wrapper DATE").verdict, Verdict::warn);
}

TEST(ProgramVersion, OfAProgramThatIsNotThereNamesTheReason) {
  const Finding missing =
      judge_program("gold_transformer", {.output = {}, .why_not = "cannot be started"}, "0.1.0");
  EXPECT_EQ(missing.verdict, Verdict::fail);
  EXPECT_EQ(missing.found, "cannot be started");
  EXPECT_THAT(missing.advice, HasSubstr("orchestrator.stages.gold_transformer"));
}

TEST(ProgramVersion, OfTheOrchestratorIsAskedOfNobody) {
  const auto findings = look_at_programs("/nobody/orchestrator", {}, {}, {});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].verdict, Verdict::ok);
  EXPECT_EQ(findings[0].found, std::string(program_version()) + " (/nobody/orchestrator)");
  EXPECT_EQ(
      judge_program("staging_loader",
                    {.output = "staging_loader " + std::string(program_version()), .why_not = ""},
                    std::string(program_version()))
          .verdict,
      Verdict::ok);
}

TEST(Permissions, WarnOfSecretsThatEverybodyReadsAndFilesThatEverybodyWrites) {
  EXPECT_EQ(judge_permissions("/s", 0600, Holds::a_secret).verdict, Verdict::ok);
  EXPECT_EQ(judge_permissions("/s", 0640, Holds::a_secret).verdict, Verdict::ok);
  const Finding readable = judge_permissions("/s", 0644, Holds::a_secret);
  EXPECT_EQ(readable.verdict, Verdict::warn);
  EXPECT_EQ(readable.advice, "chmod o= /s");
  EXPECT_EQ(judge_permissions("/c", 0644, Holds::settings).verdict, Verdict::ok);
  const Finding writable = judge_permissions("/c", 0646, Holds::settings);
  EXPECT_EQ(writable.verdict, Verdict::warn);
  EXPECT_EQ(writable.advice, "chmod o-w /c");
}

TEST(StateFolder, IsTriedAndLeftAsItWas) {
  const test::TempDir dir;
  EXPECT_EQ(look_at_state_folder(dir.path()).verdict, Verdict::ok);
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
  const Finding later = look_at_state_folder(dir.file("not/yet"));
  EXPECT_EQ(later.verdict, Verdict::warn);
  EXPECT_THAT(later.advice, HasSubstr("orchestrator run"));
  EXPECT_FALSE(std::filesystem::exists(dir.file("not")));
  const Finding blocked = look_at_state_folder(dir.write("file", "no folder"));
  EXPECT_EQ(blocked.verdict, Verdict::fail);
  EXPECT_THAT(blocked.advice, HasSubstr("mkdir -p"));
}

TEST(HostClock, ThatNobodyKeepsOrKnowsOfIsAWarning) {
  EXPECT_EQ(judge_kernel_clock(KernelClock::kept).verdict, Verdict::ok);
  EXPECT_THAT(judge_kernel_clock(KernelClock::not_kept).advice, HasSubstr("timedatectl set-ntp"));
  const Finding unknown = judge_kernel_clock(KernelClock::unknown);
  EXPECT_EQ(unknown.verdict, Verdict::warn);
  EXPECT_THAT(unknown.found, HasSubstr("unknown"));
}

TEST(HostTimeZone, WarnsWithoutAsiaTokyoInTheDatabase) {
  const test::TempDir dir;
  const Finding missing = look_at_time_zone(dir.path());
  EXPECT_EQ(missing.verdict, Verdict::warn);
  EXPECT_EQ(missing.advice, "apt install tzdata");
  dir.write("Asia/Tokyo", "TZif2");
  EXPECT_EQ(look_at_time_zone(dir.path()).verdict, Verdict::ok);
}

}  // namespace
}  // namespace pipeline
