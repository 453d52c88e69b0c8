// How an attempt ended, as a table of what it left.
#include "orchestrator/tasks/task_outcome.h"

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/stage/stage_result.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

const AttemptFacts facts{.program = "/opt/silver_transformer",
                         .log_path = "/srv/runs/r/Silver-1.log",
                         .time_limit = std::chrono::seconds(60)};

ChildResult exited(int code) {
  return {.end = ChildResult::End::exited, .exit_code = code};
}
ChildResult killed(const std::string& signal) {
  return {.end = ChildResult::End::signalled, .signal = signal};
}
ChildResult stopped(ChildResult child, ChildResult::StoppedBy by) {
  child.stopped_by = by;
  return child;
}

ResultFile succeeded() {
  StageResult result;
  result.output.set("rows", 7);
  return result.to_json();
}
ResultFile failed(const std::string& name) {
  StageResult result{.status = StageResult::Status::failed};
  result.error = StageResult::Failure{.name = name, .cause = "the cause"};
  return result.to_json();
}

/// "success", "timeout", "cancelled" or the error's name.
std::string said(const TaskReport& report) {
  if (std::holds_alternative<TaskSuccess>(report.outcome)) return "success";
  if (std::holds_alternative<TaskTimeout>(report.outcome)) return "timeout";
  if (std::holds_alternative<TaskCancelled>(report.outcome)) return "cancelled";
  return std::get<TaskFailure>(report.outcome).error;
}

struct Case {
  const char* name;
  ChildResult child;
  ResultFile file;
  std::string said;
};

TEST(JudgeStage, BelievesInOrder) {
  using By = ChildResult::StoppedBy;
  const ResultFile none = NoResultFile{};
  const ResultFile broken = UnreadableResultFile{.why = "byte 3"};
  const Case cases[] = {
      {"success", exited(0), succeeded(), "success"},
      {"success without a file", exited(0), none, "success"},
      {"success with a broken file", exited(0), broken, "Pipeline.Internal"},
      {"file tells the name", exited(1), failed("Pipeline.HookFailed"), "Pipeline.HookFailed"},
      {"a failure told is believed against exit code 0", exited(0), failed("Pipeline.HookFailed"),
       "Pipeline.HookFailed"},
      {"a failure told is believed against a signal", killed("ABRT"),
       failed("Pipeline.SqlRejected"), "Pipeline.SqlRejected"},
      {"names of others pass", exited(1), failed("Custom.Error"), "Custom.Error"},
      {"first name of a shared exit code", exited(1), none, "Pipeline.SqlRejected"},
      {"exit code of ours", exited(16), none, "Pipeline.Unavailable"},
      {"exit code with a broken file", exited(16), broken, "Pipeline.Unavailable"},
      {"success told but exit code", exited(17), succeeded(), "Pipeline.LockContention"},
      {"exit code of others", exited(126), none, "Process.ExitCode.126"},
      {"cancelled by somebody else", exited(130), none, "Pipeline.Cancelled"},
      {"signal", killed("KILL"), none, "Process.Signal.KILL"},
      {"success told but signal", killed("SEGV"), succeeded(), "Process.Signal.SEGV"},
      {"not started",
       {.end = ChildResult::End::start_failed, .start_error = "No such file or directory"},
       none,
       "Process.StartFailed"},
      {"a name of the engine", exited(1), failed("States.Timeout"), "Pipeline.Internal"},
      {"a name of the engine with exit code 0", exited(0), failed("States.ALL"),
       "Pipeline.Internal"},
      {"no name", exited(1), failed(""), "Pipeline.Internal"},
      {"time limit", stopped(killed("KILL"), By::time_limit), none, "timeout"},
      {"time limit, whatever it told", stopped(exited(0), By::time_limit), succeeded(), "timeout"},
      {"stopped", stopped(exited(130), By::request), failed("Pipeline.Cancelled"), "cancelled"},
      {"stopped by force", stopped(killed("KILL"), By::request), none, "cancelled"},
      {"stopped too late", stopped(exited(0), By::request), succeeded(), "success"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    EXPECT_EQ(said(judge_stage(one.child, one.file, facts)), one.said);
  }
}

TEST(JudgeStage, PassesOnOutputCauseAndFacts) {
  const auto success = judge_stage(exited(0), succeeded(), facts);
  EXPECT_EQ(std::get<TaskSuccess>(success.outcome).output.at("rows").as_int(), 7);
  EXPECT_EQ(success.exit_code, 0);

  const auto told = judge_stage(exited(1), failed("Pipeline.HookFailed"), facts);
  EXPECT_EQ(std::get<TaskFailure>(told.outcome).cause, "the cause");
  EXPECT_EQ(told.exit_code, 1);
  EXPECT_EQ(told.result.at("status").as_string(), "failed");

  const auto signalled = judge_stage(killed("SEGV"), NoResultFile{}, facts);
  EXPECT_EQ(signalled.exit_code, std::nullopt);
  EXPECT_EQ(signalled.signal, "SEGV");
  EXPECT_EQ(std::get<TaskFailure>(signalled.outcome).cause,
            "/opt/silver_transformer was ended by signal SEGV; its log: /srv/runs/r/Silver-1.log");

  const auto late = judge_stage(stopped(killed("TERM"), ChildResult::StoppedBy::time_limit),
                                NoResultFile{}, facts);
  EXPECT_EQ(std::get<TaskTimeout>(late.outcome).cause,
            "/opt/silver_transformer was stopped after its limit of 60 s; its log: "
            "/srv/runs/r/Silver-1.log");
}

TEST(JudgeStage, AWordOnEveryTableOfThousandsDoesNotFillTheRunsDocument) {
  StageResult result;
  result.output.set("rows", 7);
  Json tables = Json::array();
  for (int i = 0; i < 3'000; ++i)
    tables.push_back("a_table_with_a_longer_name_" + std::to_string(i));
  result.output.set("tables", tables);
  const TaskReport report = judge_stage(exited(0), result.to_json(), facts);
  EXPECT_EQ(std::get<TaskSuccess>(report.outcome).output.dump(),
            R"({"rows":7,"left_out":["tables"]})");
  EXPECT_EQ(report.result.at("output").at("tables"), tables) << "the history has them";
}

TEST(JudgeCommand, TakesStandardOutputAsTheResult) {
  ChildResult child = exited(0);
  child.output = " {\"a\": 1}\n";
  EXPECT_EQ(std::get<TaskSuccess>(judge_command(child, facts).outcome).output.at("a").as_int(), 1);
  child.output = "\n";
  EXPECT_EQ(std::get<TaskSuccess>(judge_command(child, facts).outcome).output, Json::object());
  child.output = "done";
  EXPECT_EQ(said(judge_command(child, facts)), "Process.OutputInvalid");
  child.output = "{}";
  child.captured = ChildResult::Captured::cut;
  EXPECT_EQ(said(judge_command(child, facts)), "Process.OutputInvalid");
}

TEST(JudgeCommand, HasExitCodesOfItsOwn) {
  EXPECT_EQ(said(judge_command(exited(16), facts)), "Process.ExitCode.16");
  EXPECT_EQ(said(judge_command(killed("KILL"), facts)), "Process.Signal.KILL");
}

TEST(ReadResultFile, TellsAbsentBrokenAndWhole) {
  const test::TempDir dir;
  EXPECT_TRUE(std::holds_alternative<NoResultFile>(read_result_file(dir.file("absent"))));
  const auto broken = dir.write("broken", "{\"schema\":1,\"sta");
  EXPECT_TRUE(std::holds_alternative<UnreadableResultFile>(read_result_file(broken)));
  const auto future = dir.write("future", R"({"schema":2,"status":"succeeded","output":{}})");
  EXPECT_TRUE(std::holds_alternative<UnreadableResultFile>(read_result_file(future)));
  const auto strange = dir.write("strange", R"({"schema":1,"status":7,"output":{}})");
  EXPECT_TRUE(std::holds_alternative<UnreadableResultFile>(read_result_file(strange)));
  write_stage_result(dir.file("whole"), {});
  EXPECT_TRUE(std::holds_alternative<Json>(read_result_file(dir.file("whole"))));
}

}  // namespace
}  // namespace pipeline
