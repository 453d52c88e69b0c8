// What `history` and `show` print for runs that succeeded, failed, were interrupted or go on.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "orchestrator/report/text_report.h"

namespace pipeline {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const BusinessDate date = *BusinessDate::parse("2026-02-02");
const Instant seven = date.instant_at(hours(7));
const Owner living{.host = "etl1", .pid = 4711, .boot_id = "b", .start_ticks = 9};
const Owner dead{.host = "etl1", .pid = 4242, .boot_id = "b", .start_ticks = 3};

ReportOptions options() {
  return {.now = seven + minutes(9),
          .owner_alive = [](const Owner& owner) { return owner.pid == living.pid; }};
}

void expect_golden(const std::string& actual, const std::string& name) {
  const std::string path = PIPELINE_SOURCE_DIR "/tests/golden/report/" + name + ".expected";
  if (std::getenv("PIPELINE_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << actual;
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(actual, expected.str());
}

RunSummary run_of(RunStatus status, const std::string& id) {
  return {.id = id,
          .business_date = date,
          .status = status,
          .started = seven,
          .ended = status == RunStatus::running ? std::optional<Instant>{} : seven + seconds(365),
          .requested_by = "systemd timer",
          .owner = living};
}

AttemptRecord attempt_of(const std::string& state, int number, Instant start) {
  return {.state = state,
          .number = number,
          .resource = "stage:" + state,
          .status = AttemptRecord::Status::succeeded,
          .scheduled = start,
          .started = start + milliseconds(3),
          .ended = start + seconds(42),
          .exit_code = 0,
          .pid = 5000 + number,
          .log_path = "/var/lib/pipeline/logs/" + state + "." + std::to_string(number) + ".log"};
}

RunDetail succeeded_run() {
  RunDetail detail{.run = run_of(RunStatus::succeeded, "20260202-070000-ab12"),
                   .definition_sha256 = "0123456789abcdef"};
  detail.states = {
      {.name = "Staging", .type = "Task", .entered = seven, .exited = seven + seconds(42)},
      {.name = "Done",
       .type = "Succeed",
       .entered = seven + seconds(42),
       .exited = seven + seconds(42)}};
  detail.attempts = {attempt_of("Staging", 1, seven)};
  return detail;
}

RunDetail failed_run() {
  RunDetail detail{.run = run_of(RunStatus::failed, "20260202-070000-cd34"),
                   .definition_sha256 = "0123456789abcdef"};
  detail.run.failed_state = "Silver";
  detail.run.error = "Pipeline.SqlRejected";
  detail.run.cause =
      "model silver.rooms: Unknown column 'x' in 'field list' (1054)\n"
      "models/silver/rooms.sql:12";
  const Instant silver = seven + seconds(42);
  detail.states = {
      {.name = "Staging", .type = "Task", .entered = seven, .exited = silver},
      {.name = "Silver", .type = "Task", .entered = silver, .exited = silver + seconds(190)},
      {.name = "NotifySilverFailed",
       .type = "Task",
       .entered = silver + seconds(190),
       .exited = silver + seconds(191)},
      {.name = "SilverFailed", .type = "Fail", .entered = silver + seconds(191), .exited = {}}};
  AttemptRecord killed = attempt_of("Silver", 1, silver);
  killed.status = AttemptRecord::Status::failed;
  killed.exit_code = {};
  killed.signal = "KILL";
  killed.error = "Process.Signal.KILL";
  killed.cause = "the process was killed";
  AttemptRecord rejected = attempt_of("Silver", 2, silver + seconds(102));
  rejected.status = AttemptRecord::Status::failed;
  rejected.exit_code = 1;
  rejected.error = detail.run.error;
  rejected.cause = detail.run.cause;
  AttemptRecord notify = attempt_of("NotifySilverFailed", 1, silver + seconds(190));
  notify.resource = "notify:ops";
  notify.log_path = "";
  detail.attempts = {attempt_of("Staging", 1, seven), killed, rejected, notify};
  return detail;
}

RunDetail running_run(const Owner& owner) {
  RunDetail detail{.run = run_of(RunStatus::running, "20260202-070000-ef56"),
                   .definition_sha256 = "0123456789abcdef"};
  detail.run.owner = owner;
  detail.states = {{.name = "Staging", .type = "Task", .entered = seven, .exited = {}}};
  AttemptRecord attempt = attempt_of("Staging", 1, seven);
  attempt.status = AttemptRecord::Status::running;
  attempt.ended = {};
  attempt.exit_code = {};
  detail.attempts = {attempt};
  return detail;
}

RunSummary skipped_run() {
  RunSummary run = run_of(RunStatus::aborted, "20260202-070100-0a0b");
  run.started = seven + minutes(1);
  run.ended = run.started;
  run.error = "Pipeline.AlreadyRunning";
  run.cause = "run 20260202-070000-ef56 (process 4711 on etl1) holds the lock";
  return run;
}

TEST(ReportGolden, History) {
  RunSummary rerun = succeeded_run().run;
  rerun.kind = RunKind::rerun;
  rerun.only_state = "Gold";
  const std::vector<RunSummary> runs{
      running_run(living).run, running_run(dead).run, skipped_run(), failed_run().run, rerun,
      succeeded_run().run};
  expect_golden(render_history(runs, options()), "history");
}

TEST(ReportGolden, HistoryWithoutRuns) {
  EXPECT_EQ(render_history({}, options()), "No run is recorded yet.\n");
}

TEST(ReportGolden, RunThatSucceeded) {
  expect_golden(render_run(succeeded_run(), options()), "run_succeeded");
}

TEST(ReportGolden, RunThatFailed) {
  expect_golden(render_run(failed_run(), options()), "run_failed");
}

TEST(ReportGolden, RunThatGoesOn) {
  expect_golden(render_run(running_run(living), options()), "run_running");
}

TEST(ReportGolden, RunWhoseOrchestratorDied) {
  expect_golden(render_run(running_run(dead), options()), "run_dead");
}

TEST(ReportGolden, RunThatWasSkipped) {
  expect_golden(
      render_run({.run = skipped_run(), .definition_sha256 = "0123456789abcdef"}, options()),
      "run_skipped");
}

TEST(Durations, AreShortAndNeverRoundUpToTheNextUnit) {
  EXPECT_EQ(format_duration(milliseconds(-5)), "0ms");
  EXPECT_EQ(format_duration(milliseconds(999)), "999ms");
  EXPECT_EQ(format_duration(milliseconds(59'990)), "59.9s");
  EXPECT_EQ(format_duration(seconds(60)), "1m 00s");
  EXPECT_EQ(format_duration(seconds(3599)), "59m 59s");
  EXPECT_EQ(format_duration(hours(26) + minutes(3)), "26h 03m");
}

}  // namespace
}  // namespace pipeline
