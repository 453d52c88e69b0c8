// The orchestrator binary with the bundled state machine and stages that are shell scripts.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "tests/support/run_program.h"
#include "tests/support/temp_dir.h"

namespace pipeline::test {
namespace {

/// A stage that keeps its books in files: `live` and `pending` for staging, NAME.date for a layer,
/// `calls` for every start. NAME.script, if there is one, is run before it succeeds.
constexpr std::string_view stage_script = R"sh(#!/bin/sh
cd "$1" || exit 2
name=$2
shift 2
date_json() { if [ -s "$1" ]; then printf '"%s"' "$(cat "$1")"; else printf null; fi; }
if [ "$1" = check ]; then
  [ -e check_fails ] && exit 16
  live=null
  [ -s live ] && live="{\"business_date\":$(date_json live),\"generation\":1}"
  pending=$(sed 's/.*/"&"/' pending | paste -sd, -)
  printf '{"live":%s,"pending":[%s],"missing":[],"layers":[' "$live" "$pending"
  printf '{"name":"silver","schema":"silver","business_date":%s},' "$(date_json silver_transformer.date)"
  printf '{"name":"gold","schema":"gold","business_date":%s}]}\n' "$(date_json gold_transformer.date)"
  exit 0
fi
force=
while [ $# -gt 0 ]; do
  case $1 in
    --business-date) date=$2; shift 2 ;;
    --run-id) run=$2; shift 2 ;;
    --result-file) result=$2; shift 2 ;;
    --config) shift 2 ;;
    --force) force=" force"; shift ;;
    *) echo "unknown option $1"; exit 10 ;;
  esac
done
echo "$name $date$force" >>calls
attempt=$(grep -c "^$name $date" calls)
echo "$name says hello on attempt $attempt"
[ "$PIPELINE_RUN_ID" = "$run" ] || exit 2
[ -e "$result" ] && exit 2
fail() {
  printf '{"schema":1,"status":"failed","error":{"name":"%s","cause":"%s","retryable":false,"context":{}},"output":{}}' \
    "$1" "$2" >"$result"
  exit "$3"
}
if [ -e "$name.script" ]; then . "./$name.script"; fi
books=$name.date
[ "$name" = staging_loader ] && books=live
new=true
[ -z "$force" ] && [ "$(cat "$books")" = "$date" ] && new=false
echo "$date" >"$books"
if [ "$name" = staging_loader ]; then
  grep -v "$date" pending >pending.new
  mv pending.new pending
fi
# The loader and the transformers say in two ways that nothing was new.
said='"nothing_new":true'
[ "$name" = staging_loader ] && said='"outcome":"nothing_new"'
[ $new = true ] && said='"rows":1'
printf '{"schema":1,"status":"succeeded","output":{"stage":"%s",%s}}' "$name" "$said" >"$result"
)sh";

constexpr std::string_view config_text = R"yaml(
source: {store: store}
warehouse:
  server: managed
  socket: mariadbd.sock
  accounts:
    load: {user: l, password: {file: p}}
    build: {user: b, password: {file: p}}
    publish: {user: p, password: {file: p}}
    janitor: {user: j, password: {file: p}}
transform:
  project: dbt
  layers: {silver: {select: "path:silver"}, gold: {select: "path:gold"}}
orchestrator:
  state_machine: state_machine.yaml
  state_dir: state
  stages:
    staging_loader: [/bin/sh, DIR/stage, DIR, staging_loader]
    silver_transformer: [/bin/sh, DIR/stage, DIR, silver_transformer]
    gold_transformer: [/bin/sh, DIR/stage, DIR, gold_transformer]
alerts:
  ops: {type: command, command: [/bin/sh, DIR/alert], timeout_seconds: 5}
)yaml";

class OrchestratorTest : public testing::Test {
 protected:
  OrchestratorTest() {
    dir_.write("stage", stage_script);
    dir_.write("alert", "cat >>" + dir_.file("alerts") + "\n");
    dir_.write("pipeline.yaml", replace_all(config_text, "DIR", dir_.path()));
    dir_.write("pending", "");
    // The bundled machine with its waits cut to the shortest that the language has.
    auto machine = read_text_file(PIPELINE_SOURCE_DIR "/deploy/state_machine.yaml");
    for (const auto* wait : {"IntervalSeconds: 300", "IntervalSeconds: 60"}) {
      machine = replace_all(machine, wait, "IntervalSeconds: 1");
    }
    dir_.write("state_machine.yaml", machine);
  }

  ProgramResult orchestrator(std::vector<std::string> arguments,
                             std::map<std::string, std::string> env = {}) const {
    std::vector<std::string> argv{PIPELINE_BIN_DIR "/orchestrator", "--config",
                                  dir_.file("pipeline.yaml")};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return run_program({.argv = argv, .env = std::move(env)});
  }

  std::future<ProgramResult> start(std::vector<std::string> arguments) const {
    return std::async(std::launch::async, [this, arguments] { return orchestrator(arguments); });
  }

  void all_done_up_to(const std::string& date) const {
    for (const auto* file : {"live", "silver_transformer.date", "gold_transformer.date"}) {
      dir_.write(file, date + "\n");
    }
  }

  std::string text(const std::string& name) const {
    return std::filesystem::exists(dir_.file(name)) ? read_text_file(dir_.file(name)) : "";
  }

  /// What the file says as soon as it says something.
  std::string wait_for(const std::string& name) const {
    for (int look = 0; look < 30'000; ++look) {
      const auto found = text(name);
      if (found.ends_with('\n')) return std::string(trim(found));
      ::usleep(1000);
    }
    throw std::runtime_error(name + " was never written");
  }

  /// Runs, oldest first.
  std::vector<Json> history() const {
    const auto listed = orchestrator({"history", "--json"});
    EXPECT_TRUE(listed.ok()) << listed.text();
    const Json runs = Json::parse(listed.out);
    return {runs.as_array().rbegin(), runs.as_array().rend()};
  }

  /// The only run, or the last.
  Json last_run() const {
    const auto shown = orchestrator({"show", "last", "--json"});
    EXPECT_TRUE(shown.ok()) << shown.text();
    return Json::parse(shown.out);
  }

  /// A process that ended but was not taken out of the table by its parent does not live.
  static bool lives(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/stat";
    if (!std::filesystem::exists(path)) return false;
    const auto stat = read_text_file(path);
    return stat.at(stat.rfind(')') + 2) != 'Z';
  }

  TempDir dir_;
};

TEST_F(OrchestratorTest, RunsEveryPendingDateOldestFirstThenSaysNothingNew) {
  all_done_up_to("2026-01-31");
  dir_.write("pending", "2026-02-01\n2026-02-02\n2026-02-03\n");

  const auto result = orchestrator({"run", "--date", "2026-02-02"});

  EXPECT_TRUE(result.ok()) << result.text();
  EXPECT_EQ(
      text("calls"),
      "staging_loader 2026-02-01\nsilver_transformer 2026-02-01\ngold_transformer 2026-02-01\n"
      "staging_loader 2026-02-02\nsilver_transformer 2026-02-02\n"
      "gold_transformer 2026-02-02\n");
  const auto runs = history();
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].at("business_date").as_string(), "2026-02-01");
  EXPECT_EQ(runs[1].at("business_date").as_string(), "2026-02-02");
  for (const auto& run : runs) EXPECT_EQ(run.at("status").as_string(), "SUCCEEDED");
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(text("alerts"), "");

  const auto again = orchestrator({"run", "--date", "2026-02-02"});
  EXPECT_TRUE(again.ok()) << again.text();
  EXPECT_EQ(again.out, "nothing new\n");
  EXPECT_EQ(history().size(), 3U);
}

TEST_F(OrchestratorTest, DoesNotSayNothingNewIfAStageFoundWork) {
  all_done_up_to("2026-02-01");
  // The check goes by dates; that staging was loaded anew only the stage can see.
  dir_.write("silver_transformer.script", "force=yes\n");
  const auto result = orchestrator({"run", "--date", "2026-02-01"});
  EXPECT_TRUE(result.ok()) << result.text();
  EXPECT_EQ(result.out, "");
}

TEST_F(OrchestratorTest, RetriesALayerUntilItSucceeds) {
  all_done_up_to("2026-01-31");
  dir_.write("pending", "2026-02-01\n");
  dir_.write("silver_transformer.script",
             "if [ $attempt -le 2 ]; then fail Pipeline.LockContention 'metadata lock' 17; fi\n");

  const auto result = orchestrator({"run", "--date", "2026-02-01"});

  EXPECT_TRUE(result.ok()) << result.text();
  const Json run = last_run();
  EXPECT_EQ(run.at("status").as_string(), "SUCCEEDED");
  const auto& attempts = run.at("attempts").as_array();
  ASSERT_EQ(attempts.size(), 5U);
  EXPECT_EQ(attempts[1].at("error").as_string(), "Pipeline.LockContention");
  EXPECT_EQ(attempts[1].at("exit_code").as_int(), 17);
  EXPECT_EQ(attempts[3].at("status").as_string(), "SUCCEEDED");
  EXPECT_EQ(attempts[3].at("result").at("output").at("stage").as_string(), "silver_transformer");
  EXPECT_EQ(text("alerts"), "");

  EXPECT_EQ(orchestrator({"logs", "last", "silver"}).out,
            "silver_transformer says hello on attempt 3\n");
  EXPECT_EQ(orchestrator({"logs", "last", "Silver", "--attempt", "1"}).out,
            "silver_transformer says hello on attempt 1\n");
}

TEST_F(OrchestratorTest, AlertsOnceWhenALayerFailsForGoodAndGoesOnFromThereNextTime) {
  all_done_up_to("2026-01-31");
  dir_.write("pending", "2026-02-01\n2026-02-02\n");
  dir_.write("silver_transformer.script", "fail Pipeline.DataTestFailed '3 rows' 1\n");

  const auto result = orchestrator({"run", "--date", "2026-02-02"});

  EXPECT_EQ(result.exit_code, 1) << result.text();
  // Neither gold nor the next date.
  EXPECT_EQ(text("calls"), "staging_loader 2026-02-01\nsilver_transformer 2026-02-01\n");
  const auto runs = history();
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].at("status").as_string(), "FAILED");
  EXPECT_EQ(runs[0].at("failed_state").as_string(), "Silver");
  EXPECT_EQ(runs[0].at("error").as_string(), "Pipeline.DataTestFailed");

  const Json alert = Json::parse(text("alerts"));  // one document: sent once
  EXPECT_EQ(alert.at("state").as_string(), "Silver");
  EXPECT_EQ(alert.at("error").as_string(), "Pipeline.DataTestFailed");
  EXPECT_EQ(alert.at("cause").as_string(), "3 rows");
  EXPECT_EQ(alert.at("business_date").as_string(), "2026-02-01");
  EXPECT_EQ(alert.at("run_id").as_string(), runs[0].at("id").as_string());
  EXPECT_EQ(alert.at("command").as_string(), PIPELINE_BIN_DIR "/orchestrator --config " +
                                                 dir_.file("pipeline.yaml") +
                                                 " rerun --only silver --date 2026-02-01");

  // What the alert tells to type works and touches that layer alone.
  dir_.write("silver_transformer.script", "");
  dir_.write("calls", "");
  const auto rerun = run_program({.argv = {"/bin/sh", "-c", alert.at("command").as_string()}});
  EXPECT_TRUE(rerun.ok()) << rerun.text();
  EXPECT_EQ(text("calls"), "silver_transformer 2026-02-01 force\n");

  // Gold is still behind: its date comes first, then the one that waited.
  dir_.write("calls", "");
  EXPECT_TRUE(orchestrator({"run", "--date", "2026-02-02"}).ok());
  EXPECT_EQ(
      text("calls"),
      "staging_loader 2026-02-01\nsilver_transformer 2026-02-01\ngold_transformer 2026-02-01\n"
      "staging_loader 2026-02-02\nsilver_transformer 2026-02-02\n"
      "gold_transformer 2026-02-02\n");
}

TEST_F(OrchestratorTest, RerunTakesTheLiveDate) {
  all_done_up_to("2026-01-31");
  const auto result = orchestrator({"rerun", "--only", "SILVER"});
  EXPECT_TRUE(result.ok()) << result.text();
  EXPECT_EQ(text("calls"), "silver_transformer 2026-01-31 force\n");
  const Json run = last_run();
  EXPECT_EQ(run.at("kind").as_string(), "rerun");
  EXPECT_EQ(run.at("only_state").as_string(), "Silver");

  const auto unknown = orchestrator({"rerun", "--only", "bronze"});
  EXPECT_EQ(unknown.exit_code, 10);
  EXPECT_NE(unknown.err.find("staging, silver, gold"), std::string::npos) << unknown.err;
}

struct ExitCodeCase {
  const char* name;
  std::string script;
  int exit_code;
  std::string error;
};

TEST_F(OrchestratorTest, ExitsWithTheCodeOfTheFailedStage) {
  const ExitCodeCase cases[] = {
      {"by result file", "fail Pipeline.GuardRefused 'a guard' 21\n", 21, "Pipeline.GuardRefused"},
      {"by exit code alone", "exit 14\n", 14, "Pipeline.DumpCorrupt"},
      {"an exit code that is not ours", "exit 77\n", 1, "Process.ExitCode.77"},
      {"a signal that is not retried", "kill -ILL $$\n", 2, "Process.Signal.ILL"},
      {"a reserved name", "fail States.Runtime 'no' 1\n", 2, "Pipeline.Internal"},
  };
  for (const auto& [name, script, exit_code, error] : cases) {
    SCOPED_TRACE(name);
    all_done_up_to("2026-01-31");
    dir_.write("pending", "2026-02-01\n");
    dir_.write("staging_loader.script", script);
    const auto result = orchestrator({"run", "--date", "2026-02-01"});
    EXPECT_EQ(result.exit_code, exit_code) << result.text();
    EXPECT_EQ(last_run().at("error").as_string(), error);
  }
}

TEST_F(OrchestratorTest, ReportsAStageThatRanOutOfTime) {
  all_done_up_to("2026-01-31");
  dir_.write("pending", "2026-02-01\n");
  auto machine = replace_all(read_text_file(dir_.file("state_machine.yaml")),
                             "TimeoutSeconds: 7200", "TimeoutSeconds: 1");
  dir_.write("state_machine.yaml", replace_all(machine, "MaxAttempts: 2", "MaxAttempts: 0"));
  dir_.write("staging_loader.script", "exec sleep 600\n");
  EXPECT_EQ(orchestrator({"run", "--date", "2026-02-01"}).exit_code, 20);
  EXPECT_EQ(last_run().at("error").as_string(), "States.Timeout");
  EXPECT_NE(text("alerts").find("after its limit of 1 s"), std::string::npos);
}

TEST_F(OrchestratorTest, ADeadAlertChannelDoesNotChangeTheOutcome) {
  all_done_up_to("2026-01-31");
  dir_.write("pending", "2026-02-01\n");
  dir_.write("alert", "echo no network >&2; exit 7\n");
  dir_.write("gold_transformer.script", "fail Pipeline.SqlRejected 'line 3' 1\n");

  EXPECT_EQ(orchestrator({"run", "--date", "2026-02-01"}).exit_code, 1);

  const Json run = last_run();
  EXPECT_EQ(run.at("status").as_string(), "FAILED");
  EXPECT_EQ(run.at("error").as_string(), "Pipeline.SqlRejected");
  const auto& attempts = run.at("attempts").as_array();
  EXPECT_EQ(attempts.back().at("state").as_string(), "NotifyGoldFailed");
  EXPECT_EQ(attempts.back().at("error").as_string(), "Alert.NotSent");
  EXPECT_EQ(attempts.back().at("exit_code").as_int(), 7);
  EXPECT_EQ(orchestrator({"logs", "last", "NotifyGoldFailed"}).out, "no network\n");
}

TEST_F(OrchestratorTest, RunsTheDateAskedForWhenTheLoaderCannotTellWhatIsPending) {
  all_done_up_to("2026-01-31");
  dir_.write("pending", "2026-02-01\n");
  dir_.write("check_fails", "");
  dir_.write("staging_loader.script", "fail Pipeline.AccessDenied 'wrong password' 15\n");
  EXPECT_EQ(orchestrator({"run", "--date", "2026-02-01"}).exit_code, 15);
  EXPECT_EQ(text("calls"), "staging_loader 2026-02-01\n");
  EXPECT_NE(text("alerts").find("wrong password"), std::string::npos);
}

TEST_F(OrchestratorTest, RunsTodayWhenItsDumpIsMissingSoThatSomebodyHears) {
  all_done_up_to("2026-01-31");
  dir_.write("pending", "2026-02-01\n");
  dir_.write("staging_loader.script",
             "if [ $date = 2026-02-02 ]; then fail Pipeline.DumpNotYet 'no dump' 11; fi\n");
  EXPECT_EQ(orchestrator({"run", "--date", "2026-02-02"}).exit_code, 11);
  EXPECT_EQ(text("live"), "2026-02-01\n");
  EXPECT_NE(text("alerts").find("Pipeline.DumpNotYet"), std::string::npos);
}

// From here on a stage waits; it says the id of its parent, the orchestrator, and its own.
constexpr std::string_view waiting_script =
    "echo $$ >stage_pid; echo $PPID >orchestrator_pid\n"
    "trap 'echo yes >asked_to_stop; exit 130' TERM\n"
    "while ! [ -e go_on ]; do sleep 0.02; done\n";

TEST_F(OrchestratorTest, ASecondStartIsRefusedAndRecorded) {
  all_done_up_to("2026-01-31");
  dir_.write("pending", "2026-02-01\n");
  dir_.write("staging_loader.script", waiting_script);
  auto first = start({"run", "--date", "2026-02-01"});
  wait_for("orchestrator_pid");

  const auto second = orchestrator({"run", "--date", "2026-02-01"});
  EXPECT_EQ(second.exit_code, 18) << second.text();
  dir_.write("go_on", "");
  EXPECT_TRUE(first.get().ok());

  const auto runs = history();
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].at("status").as_string(), "SUCCEEDED");
  EXPECT_EQ(runs[1].at("status").as_string(), "ABORTED");
  EXPECT_EQ(runs[1].at("error").as_string(), "Pipeline.AlreadyRunning");
}

class StopSignalTest : public OrchestratorTest, public testing::WithParamInterface<int> {};

TEST_P(StopSignalTest, StopsTheStageAndRecordsTheRunAsInterrupted) {
  all_done_up_to("2026-01-31");
  dir_.write("pending", "2026-02-01\n");
  dir_.write("staging_loader.script", waiting_script);
  auto run = start({"run", "--date", "2026-02-01"});
  const auto stage = std::stoi((wait_for("orchestrator_pid"), wait_for("stage_pid")));

  ::kill(std::stoi(wait_for("orchestrator_pid")), GetParam());
  const auto result = run.get();

  EXPECT_EQ(result.exit_code, 130) << result.text();
  EXPECT_EQ(text("asked_to_stop"), "yes\n");
  EXPECT_FALSE(lives(stage));
  const auto runs = history();
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].at("status").as_string(), "ABORTED");
  EXPECT_EQ(runs[0].at("error").as_string(), "Pipeline.Interrupted");
  EXPECT_EQ(text("alerts"), "");
}

INSTANTIATE_TEST_SUITE_P(Signals, StopSignalTest, testing::Values(SIGTERM, SIGINT));

TEST_F(OrchestratorTest, StopsDuringTheWaitForARetry) {
  all_done_up_to("2026-01-31");
  dir_.write("pending", "2026-02-01\n");
  dir_.write("state_machine.yaml", replace_all(read_text_file(dir_.file("state_machine.yaml")),
                                               "IntervalSeconds: 1", "IntervalSeconds: 3600"));
  dir_.write("staging_loader.script",
             "echo $PPID >orchestrator_pid; fail Pipeline.Unavailable 'no server' 16\n");
  auto run = start({"run", "--date", "2026-02-01"});
  const auto orchestrator_pid = std::stoi(wait_for("orchestrator_pid"));
  while (last_run().at("attempts").as_array().at(0).at("status").as_string() != "FAILED") {
  }
  ::kill(orchestrator_pid, SIGTERM);
  EXPECT_EQ(run.get().exit_code, 130);
  EXPECT_EQ(last_run().at("error").as_string(), "Pipeline.Interrupted");
}

TEST_F(OrchestratorTest, HoweverItEndsInTheWaitForARetryTheNextRunGoesOnFromThere) {
  all_done_up_to("2026-01-31");
  std::string before = "2026-01-31\n";
  int day = 0;
  for (const std::string ending : {"kill", "term", "error"}) {
    SCOPED_TRACE(ending);
    const std::string date = "2026-02-0" + std::to_string(++day);
    dir_.write("pending", date + "\n");
    dir_.write("silver_transformer.script",
               "if [ $attempt -le 1 ]; then fail Pipeline.LockContention 'metadata lock' 17; fi\n");
    const auto ended = orchestrator({"run", "--date", date},
                                    {{"PIPELINE_FAILPOINT", "engine.retry_wait:" + ending}});
    EXPECT_FALSE(ended.ok());
    EXPECT_EQ(text("silver_transformer.date"), before);

    const auto next = orchestrator({"run", "--date", date});
    EXPECT_TRUE(next.ok()) << next.text();
    const auto runs = history();
    ASSERT_EQ(runs.size(), 2U * static_cast<std::size_t>(day));
    EXPECT_EQ(runs[runs.size() - 2].at("status").as_string(), "ABORTED");
    EXPECT_EQ(runs.back().at("status").as_string(), "SUCCEEDED");
    before = date + "\n";
    EXPECT_EQ(text("gold_transformer.date"), before);
  }
}

// Every kind of state around the stages.
constexpr std::string_view other_machine = R"yaml(
StartAt: Staging
TimeoutSeconds: 600
States:
  Staging: {Type: Task, Resource: "stage:staging_loader", TimeoutSeconds: 60, ResultPath: $.staging, Next: Which}
  Which:
    Type: Choice
    Choices:
      - And:
          - {Variable: $.business_date, StringMatches: "2026-02-*"}
          - {Variable: $.staging.stage, IsPresent: true}
        Next: Pause
    Default: Wrong
  Wrong: {Type: Fail, Error: Wrong}
  Pause: {Type: Wait, Seconds: 1, Next: Build}
  Build:
    Type: Parallel
    Branches:
      - StartAt: Silver
        States: {Silver: {Type: Task, Resource: "stage:silver_transformer", TimeoutSeconds: 60, End: true}}
      - StartAt: Each
        States:
          Each:
            Type: Map
            ItemsPath: "$[?(@.none)]"
            ItemProcessor: {StartAt: Never, States: {Never: {Type: Fail}}}
            End: true
    ResultPath: $.built
    Next: Gold
  Gold: {Type: Task, Resource: "stage:gold_transformer", TimeoutSeconds: 60, End: true}
)yaml";

TEST_F(OrchestratorTest, RunsEveryKindOfStateAndGoesOnAfterADeathInAnyOfThem) {
  dir_.write("state_machine.yaml", other_machine);
  all_done_up_to("2026-01-31");
  int day = 0;
  for (const std::string failpoint :
       {"engine.wait:kill", "engine.wait:term", "engine.branches_started:kill",
        "engine.state_exited:kill@3"}) {
    SCOPED_TRACE(failpoint);
    const std::string date = "2026-02-0" + std::to_string(++day);
    dir_.write("pending", date + "\n");
    const auto ended = orchestrator({"run", "--date", date}, {{"PIPELINE_FAILPOINT", failpoint}});
    EXPECT_FALSE(ended.ok());
    EXPECT_NE(text("gold_transformer.date"), date + "\n");

    const auto next = orchestrator({"run", "--date", date});
    EXPECT_TRUE(next.ok()) << next.text();
    EXPECT_EQ(text("gold_transformer.date"), date + "\n");
    const auto runs = history();
    ASSERT_EQ(runs.size(), 2U * static_cast<std::size_t>(day));
    EXPECT_EQ(runs[runs.size() - 2].at("status").as_string(), "ABORTED");
    EXPECT_EQ(runs.back().at("status").as_string(), "SUCCEEDED");
  }
}

TEST_F(OrchestratorTest, RefusesAHeartbeatInABranchBeforeAnythingIsStarted) {
  const auto machine = replace_all(other_machine, "silver_transformer\", TimeoutSeconds: 60",
                                   "silver_transformer\", TimeoutSeconds: 60, HeartbeatSeconds: 5");
  dir_.write("state_machine.yaml", machine);
  const auto result = orchestrator({"run", "--date", "2026-02-01"});
  EXPECT_EQ(result.exit_code, 10);
  EXPECT_NE(result.err.find("heartbeats are not supported yet"), std::string::npos)
      << result.text();
  EXPECT_EQ(text("calls"), "");
}

TEST_F(OrchestratorTest, SettlesARunWhoseOrchestratorWasKilled) {
  all_done_up_to("2026-01-31");
  dir_.write("pending", "2026-02-01\n");
  // The stage dies with its orchestrator; what it started does not.
  dir_.write("staging_loader.script",
             "setsid sleep 600 >/dev/null 2>&1 &\n"
             "echo $! >left_pid; echo $PPID >orchestrator_pid; wait\n");
  auto run = start({"run", "--date", "2026-02-01"});
  const auto orchestrator_pid = std::stoi(wait_for("orchestrator_pid"));
  const auto left_behind = std::stoi(wait_for("left_pid"));
  ::kill(orchestrator_pid, SIGKILL);
  EXPECT_EQ(run.get().signal, SIGKILL);
  ASSERT_TRUE(lives(left_behind));

  dir_.write("staging_loader.script", "");
  const auto next = orchestrator({"run", "--date", "2026-02-01"});

  EXPECT_TRUE(next.ok()) << next.text();
  EXPECT_FALSE(lives(left_behind)) << "it could still write beside the new run";
  const auto runs = history();
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].at("status").as_string(), "ABORTED");
  EXPECT_EQ(runs[0].at("error").as_string(), "Pipeline.Interrupted");
  EXPECT_EQ(runs[1].at("status").as_string(), "SUCCEEDED");
}

TEST_F(OrchestratorTest, ValidatesTheMachineWithPlacesAndSuggestions) {
  EXPECT_TRUE(orchestrator({"validate"}).ok());
  auto machine = read_text_file(dir_.file("state_machine.yaml"));
  dir_.write("bad.yaml", replace_all(machine, "notify:ops", "notify:opps"));
  const auto result = orchestrator({"validate", dir_.file("bad.yaml")});
  EXPECT_EQ(result.exit_code, 10);
  EXPECT_NE(result.out.find("did you mean \"ops\""), std::string::npos) << result.text();
  // And nothing starts with it.
  const auto run =
      orchestrator({"run", "--date", "2026-02-01", "--machine", dir_.file("bad.yaml")});
  EXPECT_EQ(run.exit_code, 10) << run.text();
  EXPECT_EQ(text("calls"), "");
}

TEST_F(OrchestratorTest, ShowsARunToPeople) {
  all_done_up_to("2026-02-01");
  EXPECT_TRUE(orchestrator({"run", "--date", "2026-02-01"}).ok());
  EXPECT_NE(orchestrator({"history"}).out.find("SUCCEEDED"), std::string::npos);
  EXPECT_NE(orchestrator({"show"}).out.find("gold_transformer"), std::string::npos);
  EXPECT_EQ(orchestrator({"show", "20990101-000000-dead"}).exit_code, 10);
}

}  // namespace
}  // namespace pipeline::test
