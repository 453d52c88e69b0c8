// What the doctor says of the units.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "orchestrator/doctor/systemd_findings.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

using testing::HasSubstr;

UnitFacts sound_timer() {
  return {.name = "nightly-pipeline.timer",
          .path = "/lib/systemd/system/nightly-pipeline.timer",
          .verify = "",
          .enabled = "enabled",
          .failed = "active"};
}

TEST(SystemdUnit, ThatIsInstalledUnderstoodAndEnabledIsInOrder) {
  EXPECT_EQ(judge_unit(sound_timer(), Systemd::runs).verdict, Verdict::ok);
}

TEST(SystemdUnit, ThatIsNotInstalledNamesThePackage) {
  UnitFacts unit = sound_timer();
  unit.path.clear();
  const Finding finding = judge_unit(unit, Systemd::runs);
  EXPECT_EQ(finding.verdict, Verdict::warn);
  EXPECT_EQ(finding.name(), "unit nightly-pipeline.timer");
  EXPECT_THAT(finding.advice, HasSubstr("apt install ./nightly-pipeline_"));
}

TEST(SystemdUnit, ThatSystemdObjectsToShowsTheObjection) {
  UnitFacts unit = sound_timer();
  unit.verify = "Unknown key name 'OnCalender'";
  const Finding finding = judge_unit(unit, Systemd::runs);
  EXPECT_EQ(finding.verdict, Verdict::warn);
  EXPECT_THAT(finding.found, HasSubstr("OnCalender"));
  EXPECT_THAT(finding.advice, HasSubstr("systemd-analyze verify " + unit.path));
}

TEST(SystemdUnit, TimerThatIsDisabledTellsHowToEnableIt) {
  UnitFacts unit = sound_timer();
  unit.enabled = "disabled";
  EXPECT_EQ(judge_unit(unit, Systemd::runs).advice,
            "systemctl enable --now nightly-pipeline.timer");
  unit.name = "nightly-pipeline.service";  // that one is started, not enabled
  EXPECT_EQ(judge_unit(unit, Systemd::runs).verdict, Verdict::ok);
}

TEST(SystemdUnit, TimerOfTheDrillMayBeDisabled) {
  UnitFacts unit = sound_timer();
  unit.name = "nightly-pipeline-drill.timer";
  unit.enabled = "disabled";
  const Finding finding = judge_unit(unit, Systemd::runs);
  EXPECT_EQ(finding.verdict, Verdict::ok);
  EXPECT_THAT(finding.found, HasSubstr("disabled"));
}

TEST(SystemdUnit, WhoseLastRunFailedSendsToTheJournal) {
  UnitFacts unit = sound_timer();
  unit.name = "nightly-pipeline.service";
  unit.failed = "failed";
  const Finding finding = judge_unit(unit, Systemd::runs);
  EXPECT_EQ(finding.verdict, Verdict::warn);
  EXPECT_THAT(finding.advice, HasSubstr("journalctl -u nightly-pipeline.service"));
}

TEST(SystemdUnit, WithoutSystemdSomethingElseMustStartTheRun) {
  const Finding finding = judge_unit(sound_timer(), Systemd::is_absent);
  EXPECT_EQ(finding.verdict, Verdict::warn);
  EXPECT_THAT(finding.advice, HasSubstr("orchestrator run"));
}

TEST(SystemdUnits, AreASingleLineWhereThereIsNothingOfThem) {
  const test::TempDir dir;
  const auto findings =
      look_at_systemd({.unit_folders = {dir.path()}, .running_mark = dir.file("no/systemd")}, {});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_THAT(findings[0].found, HasSubstr("no systemd runs here"));
}

TEST(SystemdUnits, ThatAreThereAreLookedForInEveryFolderAndVerifiedBySystemdItself) {
  const test::TempDir dir;
  std::filesystem::create_directories(dir.file("a"));
  std::filesystem::copy(std::string(PIPELINE_SOURCE_DIR) + "/deploy/systemd", dir.file("b"));
  dir.write("a/nightly-pipeline.timer", "[Timer]\nOnCalender=daily\n[Install]\n");
  const auto findings = look_at_systemd(
      {.unit_folders = {dir.file("a"), dir.file("b")}, .running_mark = dir.file("no/systemd")}, {});
  ASSERT_EQ(findings.size(), 5U);
  for (const auto& finding : findings) {
    if (finding.about != "nightly-pipeline.timer") continue;
    EXPECT_THAT(finding.found, HasSubstr("OnCalender"));
    EXPECT_THAT(finding.advice, HasSubstr(dir.file("a/nightly-pipeline.timer")));
  }
}

}  // namespace
}  // namespace pipeline
