// Kills an orchestrator before and after each of its records and looks at what is left.
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "orchestrator/asl/definition_reader.h"
#include "orchestrator/engine/interpreter.h"
#include "orchestrator/history/run_lock.h"
#include "orchestrator/history/run_store.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/orchestrator/engine/fakes.h"

namespace pipeline {
namespace {

const Instant seven = BusinessDate::parse("2026-02-02")->instant_at(std::chrono::hours(7));

// Tasks alone, in a branch and in an iteration; the first fails once and is retried. Between them a
// wait.
constexpr std::string_view definition_text = R"(
StartAt: Load
States:
  Load:
    Type: Task
    Resource: stage:load
    TimeoutSeconds: 5
    Retry: [{ErrorEquals: [A]}]
    Next: Pause
  Pause: {Type: Wait, Seconds: 60, Next: Both}
  Both:
    Type: Parallel
    Branches:
      - StartAt: Left
        States: {Left: {Type: Task, Resource: "stage:left", TimeoutSeconds: 5, End: true}}
      - {StartAt: Right, States: {Right: {Type: Pass, Result: [1], End: true}}}
    ResultSelector: {list.$: "$[1]"}
    Next: Each
  Each:
    Type: Map
    ItemsPath: $.list
    ItemProcessor:
      StartAt: One
      States: {One: {Type: Task, Resource: "stage:one", TimeoutSeconds: 5, End: true}}
    Next: Build
  Build: {Type: Task, Resource: "stage:build", TimeoutSeconds: 5, End: true}
)";

enum class Moment { before_record, after_record };

class Crash {
 public:
  /// Runs the machine; the n-th record (from 1) kills this process before or after it is made.
  /// Every task appends "STATE ATTEMPT" to effects.log while it runs.
  void run(int fatal_record, Moment moment) {
    const auto lock = RunLock::try_acquire(folder_.path());
    RunStore store(history());
    store.settle_interrupted(seven);
    const std::string id = store.begin(
        {.business_date = date_, .definition_text = machine_.text, .definition_sha256 = "x"},
        seven);
    int records = 0;
    RecordingSink sink;
    sink.on_record = [&](const HistoryEvent& event) {
      const bool fatal = ++records == fatal_record;
      if (fatal && moment == Moment::before_record) ::kill(::getpid(), SIGKILL);
      store.record(event);
      if (fatal) ::kill(::getpid(), SIGKILL);
    };
    ScriptedRunner tasks;
    tasks.fail("Load", "A");
    tasks.succeed("Load");
    tasks.while_running = [&](const TaskRequest& request) {
      std::ofstream(effects_path(), std::ios::app)
          << request.state << " " << request.attempt << std::endl;
    };
    FakeClock clock;
    result = run_machine(machine_.machine, {.tasks = tasks, .history = sink, .clock = clock},
                         {.run_id = id, .business_date = date_}, {});
    records_made = records;
  }

  std::vector<std::string> effects() const {
    std::vector<std::string> lines;
    std::ifstream file(effects_path());
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  std::string history() const { return folder_.file("history.sqlite"); }
  const test::TempDir& folder() const { return folder_; }

  RunResult result;
  int records_made = 0;

 private:
  std::string effects_path() const { return folder_.file("effects.log"); }

  test::TempDir folder_;
  BusinessDate date_ = *BusinessDate::parse("2026-02-02");
  asl::Definition machine_ = asl::parse_definition(definition_text, "m.yaml");
};

int records_of_a_whole_run() {
  Crash whole;
  whole.run(0, Moment::after_record);
  EXPECT_EQ(whole.result.status, RunStatus::succeeded);
  return whole.records_made;
}

/// The state it is said to have died in was entered and not left; if none was open, none is named.
void expect_failed_state_is_open(const RunDetail& run) {
  const bool any_open =
      std::ranges::any_of(run.states, [](const StateRecord& state) { return !state.exited; });
  EXPECT_EQ(any_open, !run.run.failed_state.empty());
  for (const auto& state : run.states) {
    if (state.name != run.run.failed_state) continue;
    EXPECT_FALSE(state.exited) << state.name;
  }
}

TEST(CrashedRun, LeavesNoEffectWithoutARecordAndIsSettledByTheNextStart) {
  const int records = records_of_a_whole_run();
  ASSERT_GT(records, 30);
  for (int fatal = 1; fatal <= records; ++fatal) {
    for (const Moment moment : {Moment::before_record, Moment::after_record}) {
      SCOPED_TRACE(testing::Message() << "record " << fatal
                                      << (moment == Moment::before_record ? " before" : " after"));
      Crash crash;
      const pid_t child = ::fork();
      if (child == 0) {
        crash.run(fatal, moment);
        ::_exit(0);
      }
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      ASSERT_TRUE(WIFSIGNALED(status));

      ASSERT_TRUE(RunLock::try_acquire(crash.folder().path())) << "the lock outlived its owner";
      RunStore store(crash.history());
      const auto before = store.find("latest");
      ASSERT_TRUE(before);
      EXPECT_FALSE(is_alive(before->run.owner));
      std::vector<std::string> started;
      for (const auto& event : store.events(before->run.id)) {
        if (event.type == "TaskStarted") {
          started.push_back(event.state + " " +
                            std::to_string(event.details.at("attempt").as_int()));
        }
      }
      for (const auto& effect : crash.effects()) {
        EXPECT_THAT(started, testing::Contains(effect)) << "an effect without a record";
      }
      EXPECT_LE(started.size(), crash.effects().size() + 1);

      store.settle_interrupted(seven);
      const auto after = store.find("latest");
      const bool ended = fatal == records && moment == Moment::after_record;
      EXPECT_EQ(after->run.status, ended ? RunStatus::succeeded : RunStatus::aborted);
      for (const auto& attempt : after->attempts) EXPECT_TRUE(attempt.ended);
      if (!ended && !after->states.empty()) expect_failed_state_is_open(*after);
      EXPECT_TRUE(store.open_runs().empty());
    }
  }
}

TEST(CrashedRun, DoesNotKeepTheNextRunFromItsEnd) {
  Crash crash;
  const pid_t child = ::fork();
  if (child == 0) {
    crash.run(5, Moment::after_record);
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  crash.run(0, Moment::after_record);
  EXPECT_EQ(crash.result.status, RunStatus::succeeded);
  const auto runs = RunStore(crash.history()).list(10);
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].status, RunStatus::succeeded);
  EXPECT_EQ(runs[1].status, RunStatus::aborted);
}

}  // namespace
}  // namespace pipeline
