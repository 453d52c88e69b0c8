// What the history keeps: every event, at every moment, through kills, full disks and old files.
#include "orchestrator/history/run_store.h"

#include <sys/resource.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "common/base/error.h"
#include "common/base/secret.h"
#include "orchestrator/asl/definition_reader.h"
#include "orchestrator/engine/interpreter.h"
#include "orchestrator/history/sqlite.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/orchestrator/engine/fakes.h"

namespace pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

const Instant seven = BusinessDate::parse("2026-02-02")->instant_at(std::chrono::hours(7));

constexpr std::string_view definition_text = R"(
StartAt: Load
States:
  Load:
    Type: Task
    Resource: stage:load
    TimeoutSeconds: 5
    Retry: [{ErrorEquals: [A], MaxAttempts: 1}]
    Catch: [{ErrorEquals: [States.ALL], ResultPath: $.error, Next: Failed}]
    Next: Done
  Done: {Type: Succeed}
  Failed: {Type: Fail, ErrorPath: $.error.Error, CausePath: $.error.Cause}
)";

class RunStoreTest : public testing::Test {
 protected:
  std::string path() const { return history_path(folder.path()); }

  NewRun new_run() const {
    return {.business_date = *BusinessDate::parse("2026-02-02"),
            .definition_text = definition.text,
            .definition_sha256 = definition.sha256,
            .requested_by = "test"};
  }

  /// Runs the machine; everything goes into `sink` under the id.
  RunResult run(HistorySink& sink, const std::string& id) {
    return run_machine(definition.machine, {.tasks = tasks, .history = sink, .clock = clock},
                       {.run_id = id, .business_date = *BusinessDate::parse("2026-02-02")}, {});
  }

  test::TempDir folder;
  asl::Definition definition = asl::parse_definition(definition_text, "m.yaml");
  ScriptedRunner tasks;
  FakeClock clock;
};

std::vector<std::string> types_of(const std::vector<EventRecord>& events) {
  std::vector<std::string> types;
  for (const auto& event : events) types.push_back(event.type);
  return types;
}

ErrorKind kind_thrown(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorKind::internal;
}

TEST_F(RunStoreTest, NamesARunByDateStartAndChance) {
  RunStore store(path());
  EXPECT_THAT(store.begin(new_run(), seven), MatchesRegex("20260202-070000-[0-9a-f]{4}"));
}

TEST_F(RunStoreTest, ReadsBackARunThatSucceeded) {
  RunStore store(path());
  tasks.fail("Load", "A");
  Json result = Json::object();
  result.set("rows", 12);
  tasks.script["Load"].first.push_back(
      {.outcome = TaskSuccess{.output = result}, .exit_code = 0, .result = result});
  const std::string id = store.begin(new_run(), clock.now());
  run(store, id);

  const auto detail = RunStore(path()).find(id);
  ASSERT_TRUE(detail);
  EXPECT_EQ(detail->run.status, RunStatus::succeeded);
  EXPECT_EQ(detail->run.requested_by, "test");
  EXPECT_EQ(detail->run.owner.pid, ::getpid());
  EXPECT_EQ(detail->definition_text, definition.text);
  EXPECT_EQ(detail->definition_sha256, definition.sha256);
  ASSERT_EQ(detail->states.size(), 2U);
  EXPECT_EQ(detail->states[0].name, "Load");
  EXPECT_EQ(detail->states[0].type, "Task");
  EXPECT_TRUE(detail->states[0].exited);
  ASSERT_EQ(detail->attempts.size(), 2U);
  EXPECT_EQ(detail->attempts[0].status, AttemptRecord::Status::failed);
  EXPECT_EQ(detail->attempts[0].error, "A");
  EXPECT_EQ(detail->attempts[0].cause, "because of A");
  EXPECT_EQ(detail->attempts[0].pid, 4711);
  EXPECT_EQ(detail->attempts[0].log_path, "logs/Load");
  EXPECT_FALSE(detail->attempts[0].exit_code);
  EXPECT_EQ(detail->attempts[1].number, 2);
  EXPECT_EQ(detail->attempts[1].status, AttemptRecord::Status::succeeded);
  EXPECT_EQ(detail->attempts[1].exit_code, 0);
  EXPECT_EQ(detail->attempts[1].result, result);
  EXPECT_EQ(*detail->attempts[1].started - *detail->attempts[0].started, std::chrono::seconds(1));
}

TEST_F(RunStoreTest, KeepsTheResultOfAFailedStageToo) {
  RunStore store(path());
  tasks.script["Load"].first.push_back({.outcome = TaskFailure{.error = "B", .cause = "why"},
                                        .exit_code = 1,
                                        .result = Json::parse(R"({"counts":{"rows":3}})")});
  const std::string id = store.begin(new_run(), clock.now());
  const auto result = run(store, id);
  EXPECT_EQ(result.error, "B");
  const auto detail = store.find(id);
  EXPECT_EQ(detail->run.failed_state, "Load");
  EXPECT_EQ(detail->run.error, "B");
  EXPECT_EQ(detail->run.cause, "why");
  EXPECT_EQ(detail->attempts.at(0).exit_code, 1);
  EXPECT_EQ(detail->attempts.at(0).result.at("counts").at("rows").as_int(), 3);
}

TEST_F(RunStoreTest, NumbersTheEventsOfARunFromOneWithStepFunctionsNames) {
  RunStore store(path());
  tasks.answer("Load", TaskTimeout{.cause = "5 s"});
  const std::string id = store.begin(new_run(), clock.now());
  run(store, id);
  const auto events = store.events(id);
  EXPECT_THAT(types_of(events), ElementsAre("ExecutionStarted", "TaskStateEntered", "TaskScheduled",
                                            "TaskStarted", "TaskTimedOut", "TaskStateExited",
                                            "FailStateEntered", "ExecutionFailed"));
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].number, static_cast<std::int64_t>(i + 1));
  }
  EXPECT_EQ(events[2].state, "Load");
  EXPECT_EQ(
      events[2].details.dump(),
      R"({"attempt":1,"resourceType":"process","resource":"stage:load","timeoutInSeconds":5})");
  EXPECT_EQ(events[3].details.dump(), R"({"attempt":1,"pid":4711,"logPath":"logs/Load"})");
  EXPECT_EQ(events[4].details.dump(), R"({"attempt":1,"error":"States.Timeout","cause":"5 s"})");
}

TEST_F(RunStoreTest, ListsTheNewestFirstAndFindsTheLatest) {
  RunStore store(path());
  std::vector<std::string> ids;
  for (int day = 0; day < 3; ++day) {
    NewRun next = new_run();
    next.business_date = next.business_date.plus_days(day);
    ids.push_back(store.begin(next, clock.now()));
    run(store, ids.back());
    clock.sleep_for(std::chrono::hours(24));
  }
  const auto runs = store.list(2);
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].id, ids[2]);
  EXPECT_EQ(runs[1].id, ids[1]);
  EXPECT_EQ(store.find("latest")->run.id, ids[2]);
  EXPECT_EQ(store.last_run(*BusinessDate::parse("2026-02-03"))->id, ids[1]);
  EXPECT_FALSE(store.last_run(*BusinessDate::parse("2026-02-09")));
  EXPECT_FALSE(store.find("20260202-070000-zzzz"));
}

TEST_F(RunStoreTest, AnEmptyHistoryHasNoRuns) {
  const RunStore store(path());
  EXPECT_THAT(store.list(10), IsEmpty());
  EXPECT_FALSE(store.find("latest"));
  EXPECT_THAT(store.open_runs(), IsEmpty());
}

TEST_F(RunStoreTest, RefusesASecondRunBesideOneThatHasNotEnded) {
  RunStore store(path());
  store.begin(new_run(), seven);
  EXPECT_EQ(kind_thrown([&] { store.begin(new_run(), seven); }), ErrorKind::already_running);
  EXPECT_EQ(store.list(10).size(), 1U);
}

TEST_F(RunStoreTest, RecordsAStartThatFoundTheLockTaken) {
  RunStore store(path());
  const std::string holder = store.begin(new_run(), seven);
  const std::string id = store.record_already_running(new_run(), seven + std::chrono::minutes(1));
  const auto skipped = store.find(id);
  EXPECT_EQ(skipped->run.status, RunStatus::aborted);
  EXPECT_EQ(skipped->run.error, "Pipeline.AlreadyRunning");
  EXPECT_THAT(skipped->run.cause, HasSubstr(holder));
  EXPECT_THAT(types_of(store.events(id)), ElementsAre("ExecutionStarted", "ExecutionAborted"));
  EXPECT_EQ(store.last_run(*BusinessDate::parse("2026-02-02"))->id, holder)
      << "a skipped start says nothing about the date";
}

TEST_F(RunStoreTest, SettlesARunThatItsOrchestratorLeftRunning) {
  std::string id;
  {
    RunStore store(path());
    id = store.begin(new_run(), clock.now());
    struct Killed {};
    RecordingSink dies;
    dies.on_record = [&](const HistoryEvent& event) {
      if (event_type(event.body) == "TaskSucceeded") throw Killed{};
      store.record(event);
    };
    EXPECT_THROW(run(dies, id), Killed);
  }
  RunStore store(path());
  const auto open = store.open_runs();
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].attempts.at(0).pid, 4711);
  EXPECT_EQ(open[0].attempts.at(0).status, AttemptRecord::Status::running);

  const auto settled = store.settle_interrupted(seven + std::chrono::hours(24));
  ASSERT_EQ(settled.size(), 1U);
  EXPECT_EQ(settled[0].id, id);
  EXPECT_EQ(settled[0].status, RunStatus::aborted);
  EXPECT_EQ(settled[0].error, "Pipeline.Interrupted");
  EXPECT_EQ(settled[0].failed_state, "Load");
  EXPECT_EQ(settled[0].ended, seven) << "the last sign of life, not the time of settling";
  const auto detail = store.find(id);
  EXPECT_EQ(detail->attempts.at(0).status, AttemptRecord::Status::aborted);
  EXPECT_EQ(detail->attempts.at(0).error, "Pipeline.Interrupted");
  EXPECT_THAT(types_of(store.events(id)),
              ElementsAre("ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted",
                          "TaskStateAborted", "ExecutionAborted"));
  EXPECT_THAT(store.settle_interrupted(seven), IsEmpty());
  EXPECT_NO_THROW(store.begin(new_run(), seven));
}

/// Copies database and log as a power cut would leave them.
std::string copy_files(const std::string& path, const std::string& to) {
  std::filesystem::create_directories(to);
  for (const std::string suffix : {"", "-wal"}) {
    std::filesystem::copy_file(path + suffix, to + "/history.sqlite" + suffix,
                               std::filesystem::copy_options::overwrite_existing);
  }
  return to + "/history.sqlite";
}

void expect_intact(const std::string& path) {
  const SqliteDatabase database(path);
  auto check = database.prepare("PRAGMA integrity_check");
  ASSERT_TRUE(check.step());
  EXPECT_EQ(check.text(0), "ok");
}

TEST_F(RunStoreTest, EveryEventIsOnTheDiskWhenRecordReturns) {
  RunStore store(path());
  tasks.fail("Load", "A");
  const std::string id = store.begin(new_run(), clock.now());
  RecordingSink copies;
  std::vector<std::string> so_far;
  copies.on_record = [&](const HistoryEvent& event) {
    store.record(event);
    so_far.push_back(event_type(event.body));
    const std::string copy = copy_files(path(), folder.file("copy"));
    RunStore reopened(copy);
    EXPECT_EQ(types_of(reopened.events(id)), so_far);
    expect_intact(copy);
    const bool ended = so_far.back().starts_with("Execution") && so_far.size() > 1;
    EXPECT_EQ(reopened.open_runs().empty(), ended);
    reopened.settle_interrupted(seven);
    EXPECT_THAT(reopened.open_runs(), IsEmpty());
    std::filesystem::remove_all(folder.file("copy"));
  };
  run(copies, id);
  EXPECT_EQ(so_far.back(), "ExecutionFailed");
}

TEST_F(RunStoreTest, ATornLogIsAPrefixOfWhatHappened) {
  RunStore store(path());
  tasks.fail("Load", "A");
  const std::string id = store.begin(new_run(), clock.now());
  run(store, id);
  const auto all = types_of(store.events(id));
  const std::string copy = copy_files(path(), folder.file("torn"));
  const auto whole = std::filesystem::file_size(copy + "-wal");
  // The file format's figures: a header of 32 bytes, then frames of 24 bytes and one page.
  constexpr std::uintmax_t header = 32;
  constexpr std::uintmax_t frame = 24 + 4096;
  ASSERT_EQ((whole - header) % frame, 0U);
  std::size_t most = 0;
  for (std::uintmax_t cut = header; cut <= whole; cut += frame / 2) {
    copy_files(path(), folder.file("torn"));
    std::filesystem::remove(copy + "-shm");
    std::filesystem::resize_file(copy + "-wal", cut);
    expect_intact(copy);
    const SqliteDatabase database(copy);
    if (database.query_integer("SELECT count(*) FROM sqlite_schema") == 0) continue;
    const RunStore reopened(copy);
    const auto found = types_of(reopened.events(id));
    ASSERT_LE(found.size(), all.size());
    EXPECT_TRUE(std::equal(found.begin(), found.end(), all.begin()));
    EXPECT_GE(found.size(), most) << "a longer log must not know less";
    most = found.size();
    // No attempt without its event, and no effect without a record of it.
    const auto detail = reopened.find(id);
    const auto scheduled = std::count(found.begin(), found.end(), "TaskScheduled");
    if (!detail) continue;
    EXPECT_EQ(static_cast<std::ptrdiff_t>(detail->attempts.size()), scheduled);
  }
  EXPECT_EQ(most, all.size());
}

TEST_F(RunStoreTest, AFullDiskIsResourceExhaustedAndHistoryStaysWhole) {
  RunStore store(path());
  const std::string id = store.begin(new_run(), clock.now());
  store.record({.run_id = id, .at = seven, .body = event::ExecutionStarted{}});

  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* const old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit tight = before;
  tight.rlim_cur = std::filesystem::file_size(path() + "-wal");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const HistoryEvent next{
      .run_id = id,
      .at = seven,
      .body = event::StateEntered{.state = "Load", .type = "Task", .input = {}}};
  const ErrorKind kind = kind_thrown([&] { store.record(next); });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old_handler);

  EXPECT_EQ(kind, ErrorKind::resource_exhausted);
  EXPECT_THAT(types_of(RunStore(path()).events(id)), ElementsAre("ExecutionStarted"));
  store.record(next);
  EXPECT_THAT(types_of(store.events(id)), ElementsAre("ExecutionStarted", "TaskStateEntered"));
}

TEST_F(RunStoreTest, RefusesAFileThatIsNoHistory) {
  std::ofstream(path()) << std::string(5000, 'x');
  EXPECT_EQ(kind_thrown([&] { RunStore store(path()); }), ErrorKind::config_invalid);
  const std::string other = folder.file("other.sqlite");
  SqliteDatabase(other).execute("CREATE TABLE t (a INTEGER)");
  EXPECT_EQ(kind_thrown([&] { RunStore store(other); }), ErrorKind::config_invalid);
}

TEST_F(RunStoreTest, RefusesAHistoryOfANewerProgramAndLeavesItAlone) {
  { RunStore store(path()); }
  SqliteDatabase(path()).execute("PRAGMA user_version = 99");
  EXPECT_EQ(kind_thrown([&] { RunStore store(path()); }), ErrorKind::config_invalid);
  EXPECT_EQ(SqliteDatabase(path()).query_integer("PRAGMA user_version"), 99);
}

TEST_F(RunStoreTest, RefusesAPathWithoutAFolder) {
  EXPECT_EQ(kind_thrown([&] { RunStore store(folder.file("absent/history.sqlite")); }),
            ErrorKind::access_denied);
}

TEST_F(RunStoreTest, UsesALogAndSyncsEveryCommit) {
  const SqliteDatabase database(path());
  auto mode = database.prepare("PRAGMA journal_mode");
  ASSERT_TRUE(mode.step());
  EXPECT_EQ(mode.text(0), "wal");
  EXPECT_EQ(database.query_integer("PRAGMA synchronous"), 2);
  EXPECT_EQ(database.query_integer("PRAGMA foreign_keys"), 1);
}

TEST_F(RunStoreTest, ReadersSeeARunWhileItIsWritten) {
  RunStore store(path());
  const std::string id = store.begin(new_run(), clock.now());
  std::size_t seen = 0;
  tasks.while_running = [&](const TaskRequest&) { seen = RunStore(path()).events(id).size(); };
  run(store, id);
  EXPECT_EQ(seen, 4U);
}

TEST_F(RunStoreTest, RedactsSecretsAndBoundsCauses) {
  const Secret secret("hunter2-hunter2");
  RunStore store(path());
  tasks.answer(
      "Load",
      TaskFailure{.error = "B", .cause = "password hunter2-hunter2 " + std::string(100'000, 'x')});
  const std::string id = store.begin(new_run(), clock.now());
  run(store, id);
  const auto detail = store.find(id);
  EXPECT_THAT(detail->run.cause, HasSubstr("password ***"));
  EXPECT_LE(detail->run.cause.size(), 32U * 1024U + 3U);
  for (const auto& event : store.events(id)) {
    EXPECT_THAT(event.details.dump(), testing::Not(HasSubstr("hunter2")));
  }
}

TEST_F(RunStoreTest, RedactsSecretsThatJsonWritesOtherwise) {
  const Secret secret("quo\"ted\\swordfish");
  RunStore store(path());
  Json output = Json::object();
  output.set("key", secret.reveal());
  tasks.answer("Load", TaskSuccess{.output = output});
  NewRun asked = new_run();
  asked.input.set("key", secret.reveal());
  asked.definition_text = asked.input.dump();
  const std::string id = store.begin(asked, clock.now());
  run(store, id);
  const auto detail = store.find(id);
  EXPECT_EQ(detail->input.at("key"), Json("***"));
  EXPECT_EQ(Json::parse(detail->definition_text).at("key"), Json("***"));
  for (const auto& event : store.events(id)) {
    EXPECT_THAT(event.details.dump(), testing::Not(HasSubstr("swordfish"))) << event.type;
  }
}

TEST_F(RunStoreTest, KeepsADefinitionWithoutSecretsAsItWasWritten) {
  RunStore store(path());
  NewRun asked = new_run();
  asked.definition_text = "{ \"StartAt\" :\t\"A\" }\n";
  EXPECT_EQ(store.find(store.begin(asked, clock.now()))->definition_text, asked.definition_text);
}

TEST_F(RunStoreTest, ClosesAParallelBehindTheStatesOfItsBranches) {
  RunStore store(path());
  definition = asl::parse_definition(R"(
StartAt: Both
States:
  Both:
    Type: Parallel
    Branches: [{StartAt: One, States: {One: {Type: Pass, End: true}}}]
    Next: Done
  Done: {Type: Fail}
)",
                                     "m.yaml");
  const std::string id = store.begin(new_run(), clock.now());
  run(store, id);
  const auto detail = store.find(id);
  ASSERT_EQ(detail->states.size(), 3U);
  EXPECT_EQ(detail->states[0].name, "Both");
  EXPECT_TRUE(detail->states[0].exited);
  EXPECT_EQ(detail->states[1].name, "One");
  EXPECT_TRUE(detail->states[1].exited);
  EXPECT_FALSE(detail->states[2].exited) << "a Fail is never left";
}

}  // namespace
}  // namespace pipeline
