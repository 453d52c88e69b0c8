// The systemd units of deploy/systemd, as systemd itself understands them.
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/support/run_program.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

using test::ProgramResult;
using test::run_program;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string folder = std::string(PIPELINE_SOURCE_DIR) + "/deploy/systemd/";
const std::vector<std::string> units{
    "nightly-pipeline.service", "nightly-pipeline.timer", "nightly-pipeline-alert@.service",
    "nightly-pipeline-drill.service", "nightly-pipeline-drill.timer"};

/// The values of "key=" in a unit, in their order.
std::vector<std::string> values_of(const std::string& unit, std::string_view key) {
  std::vector<std::string> values;
  const std::string start = std::string(key) + "=";
  for (const std::string& line : split(test::read_text_file(folder + unit), '\n')) {
    if (line.starts_with(start)) values.push_back(line.substr(start.size()));
  }
  return values;
}

/// What `systemd-analyze verify` says of copies of all units. The copies start a program that
/// exists, since verify asks for it; `from` is replaced by `to` in each copy before that.
ProgramResult verify_copies(const std::string& from = "", const std::string& to = "") {
  const test::TempDir dir;
  std::vector<std::string> argv{"systemd-analyze", "verify"};
  for (const std::string& unit : units) {
    std::string text =
        replace_all(test::read_text_file(folder + unit), "/usr/bin/orchestrator", "/bin/true");
    if (!from.empty()) text = replace_all(text, from, to);
    argv.push_back(dir.write(unit, text));
  }
  return run_program({.argv = argv});
}

TEST(SystemdUnits, AreAcceptedWithoutAWord) {
  const ProgramResult result = verify_copies();
  EXPECT_TRUE(result.ok()) << result.text();
  // For an unknown key systemd says a line and exits with 0.
  EXPECT_THAT(result.err, IsEmpty());
}

TEST(SystemdUnits, WouldNotBeAcceptedWithASlip) {
  const std::pair<std::string, std::string> slips[]{
      {"Persistent=", "Persistant="},
      {"07:00:00 Asia/Tokyo", "07:00:00 Asia/Tokio"},
      {"KillMode=mixed", "KillMode=mixt"},
      {"/bin/true", "/bin/there-is-no-such-program"},
      {"SystemCallFilter=@system-service", "SystemCallFilter=@system-servant"},
  };
  for (const auto& [right, wrong] : slips) {
    SCOPED_TRACE(wrong);
    EXPECT_THAT(verify_copies(right, wrong).err, Not(IsEmpty()));
  }
}

TEST(SystemdUnits, FireAtSevenInTokyoWhateverTheHostsZone) {
  const std::vector<std::string> calendars = values_of("nightly-pipeline.timer", "OnCalendar");
  ASSERT_EQ(calendars.size(), 1U);
  for (const std::string zone : {"UTC", "America/New_York", "Asia/Tokyo"}) {
    SCOPED_TRACE(zone);
    const ProgramResult result =
        run_program({.argv = {"systemd-analyze", "calendar", "--iterations=1",
                              "--base-time=2026-02-01 00:00:00 UTC", calendars.front()},
                     .env = {{"TZ", zone}, {"LC_ALL", "C"}}});
    EXPECT_TRUE(result.ok()) << result.text();
    EXPECT_THAT(result.out, HasSubstr("2026-02-01 22:00:00 UTC"));
  }
  EXPECT_EQ(values_of("nightly-pipeline.timer", "Persistent"), std::vector<std::string>{"true"});
}

TEST(SystemdUnits, DrillEverySundayAtOneInTokyo) {
  const std::vector<std::string> calendars =
      values_of("nightly-pipeline-drill.timer", "OnCalendar");
  ASSERT_EQ(calendars.size(), 1U);
  const ProgramResult result =
      run_program({.argv = {"systemd-analyze", "calendar", "--iterations=2",
                            "--base-time=2026-02-01 04:00:00 UTC", calendars.front()},
                   .env = {{"TZ", "UTC"}, {"LC_ALL", "C"}}});
  EXPECT_TRUE(result.ok()) << result.text();
  EXPECT_THAT(result.out, HasSubstr("Sun 2026-02-08 04:00:00 UTC"));
  EXPECT_THAT(result.out, HasSubstr("Sun 2026-02-15 04:00:00 UTC"));
}

TEST(SystemdUnits, DrillBothLayersAlsoIfOneFails) {
  const std::vector<std::string> commands =
      values_of("nightly-pipeline-drill.service", "ExecStart");
  ASSERT_EQ(commands.size(), 1U);
  const std::size_t first = commands[0].find('\'');
  const std::size_t last = commands[0].rfind('\'');
  ASSERT_LT(first, last);
  const test::TempDir dir;
  for (const std::string program : {"silver_transformer", "gold_transformer"}) {
    const int code = program == "silver_transformer" ? 21 : 0;
    const std::string script =
        "#!/bin/sh\necho \"" + program + " $*\"\nexit " + std::to_string(code) + "\n";
    std::filesystem::permissions(dir.write(program, script), std::filesystem::perms::owner_all);
  }
  // In a unit file $$ is a dollar sign.
  std::string script = replace_all(commands[0].substr(first + 1, last - first - 1), "$$", "$");
  script = replace_all(script, "/usr/bin/", dir.file(""));
  const ProgramResult result = run_program({.argv = {"/bin/sh", "-c", script}});
  EXPECT_EQ(result.exit_code, 21);
  EXPECT_EQ(result.out,
            "silver_transformer --config /etc/nightly-pipeline/pipeline.yaml drill\n"
            "gold_transformer --config /etc/nightly-pipeline/pipeline.yaml drill\n");
}

TEST(SystemdUnits, NameOnlyUnitsThatExist) {
  // Systemd keeps silent about a template that is missing.
  EXPECT_EQ(values_of("nightly-pipeline.timer", "Unit"), std::vector<std::string>{units[0]});
  EXPECT_EQ(values_of(units[4], "Unit"), std::vector<std::string>{units[3]});
  for (const std::string& service : {units[0], units[3]}) {
    EXPECT_EQ(values_of(service, "OnFailure"),
              std::vector<std::string>{"nightly-pipeline-alert@%n.service"});
  }
  for (const std::string& unit : units) EXPECT_TRUE(std::filesystem::exists(folder + unit)) << unit;
}

TEST(SystemdUnits, UseNoKeyThatAOneshotIgnores) {
  for (const std::string& service : {units[0], units[3]}) {
    SCOPED_TRACE(service);
    EXPECT_EQ(values_of(service, "Type"), std::vector<std::string>{"oneshot"});
    EXPECT_THAT(values_of(service, "WatchdogSec"), IsEmpty());
    EXPECT_THAT(values_of(service, "RuntimeMaxSec"), IsEmpty());
    // Without it a oneshot may hang for ever.
    EXPECT_EQ(values_of(service, "TimeoutStartSec").size(), 1U);
  }
}

TEST(SystemdUnits, HandOverThePasswordOfEveryAccountButTheAdministrators) {
  std::string grants =
      test::read_text_file(std::string(PIPELINE_SOURCE_DIR) + "/deploy/sql/grants.sql");
  const std::vector<std::string> credentials = values_of(units[0], "LoadCredential");
  EXPECT_EQ(values_of(units[3], "LoadCredential"), credentials);
  constexpr std::string_view mark = "CREATE USER IF NOT EXISTS '";
  std::size_t accounts = 0;
  for (const std::string& line : split(grants, '\n')) {
    if (!line.starts_with(mark) || line.find("@'localhost'") == std::string::npos) continue;
    const std::string account =
        line.substr(mark.size(), line.find('\'', mark.size()) - mark.size());
    const std::string credential = account + ":/etc/nightly-pipeline/secrets/" + account;
    if (account == "etl_admin") {
      EXPECT_THAT(credentials, Not(Contains(HasSubstr(account))));
    } else {
      EXPECT_THAT(credentials, Contains(credential));
      ++accounts;
    }
  }
  EXPECT_EQ(accounts, credentials.size());
}

TEST(SystemdUnits, LeaveLittleExposed) {
  for (const std::string& service : {units[0], units[3]}) {
    SCOPED_TRACE(service);
    const test::TempDir dir;
    std::filesystem::copy(folder + service, dir.file(service));
    const ProgramResult result =
        run_program({.argv = {"systemd-analyze", "security", "--offline=true", "--threshold=25",
                              dir.file(service)}});
    EXPECT_TRUE(result.ok()) << result.text() << result.out;
  }
}

/// The shell script of the unit that tells of a failure, started as systemd would.
class AlertUnit : public testing::Test {
 protected:
  AlertUnit() {
    const std::vector<std::string> commands = values_of(units[2], "ExecStart");
    const std::string command = commands.size() == 1 ? commands[0] : "";
    const std::size_t first = command.find('\'');
    const std::size_t last = command.rfind('\'');
    if (first >= last) ADD_FAILURE() << "one command with a script between quotes: " << command;
    // In a unit file $$ is a dollar sign.
    script_ = replace_all(command.substr(first + 1, last - first - 1), "$$", "$");
    arguments_ = command.substr(last + 1);
  }

  void make_program(const std::string& name, const std::string& script) const {
    std::filesystem::permissions(dir_.write(name, "#!/bin/sh\n" + script),
                                 std::filesystem::perms::owner_all);
  }
  ProgramResult tell(const std::string& channel) const {
    return run_program({.argv = {"/bin/sh", "-c", script_, "sh", "some.service",
                                 dir_.file("on-failure"), dir_.file("orchestrator"), "/etc/p.yaml"},
                        .env = {{"MONITOR_SERVICE_RESULT", "exit-code"},
                                {"MONITOR_EXIT_STATUS", "21"},
                                {"ALERT_CHANNEL", channel}}});
  }

  static constexpr const char* line = "<2>some.service failed: exit-code, status 21\n";
  std::string script_;
  std::string arguments_;
  test::TempDir dir_;
};

TEST_F(AlertUnit, CallsTheOperatorsProgramWhenTheOrchestratorCannotSpeak) {
  EXPECT_EQ(arguments_,
            " sh %i /etc/nightly-pipeline/on-failure /usr/bin/orchestrator "
            "/etc/nightly-pipeline/pipeline.yaml");
  const ProgramResult without = tell("");
  EXPECT_TRUE(without.ok()) << without.text();
  EXPECT_EQ(without.out, line);

  make_program("on-failure", "echo \"called for $1\"\nexit 3\n");
  const ProgramResult with = tell("");
  EXPECT_EQ(with.out, std::string(line) + "called for some.service\n");
  EXPECT_EQ(with.exit_code, 3) << "a failing alert must not look like one that was sent";
}

TEST_F(AlertUnit, SendsByTheChannelThatItIsGiven) {
  make_program("orchestrator", "for a; do echo \"[$a]\"; done; cat\n");
  const ProgramResult sent = tell("ops");
  EXPECT_TRUE(sent.ok()) << sent.text();
  EXPECT_THAT(sent.out, HasSubstr(std::string(line) +
                                  "[--config]\n[/etc/p.yaml]\n[alert]\n[send]\n[ops]\n[--subject]\n"
                                  "[some.service failed: exit-code, status 21]\n"
                                  "some.service failed: exit-code, status 21, on "));
  EXPECT_THAT(sent.out, HasSubstr("\nWhy: journalctl -u some.service; orchestrator show last\n"));
  make_program("orchestrator", "cat >/dev/null; exit 16\n");
  make_program("on-failure", "echo called\n");
  const ProgramResult failed = tell("ops");
  EXPECT_EQ(failed.exit_code, 16);
  EXPECT_EQ(failed.out, std::string(line) + "called\n") << "the program is called all the same";
}

}  // namespace
}  // namespace pipeline
