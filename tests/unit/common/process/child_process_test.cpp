// A child ends in time and leaves nothing of its tree behind, whatever it does.
#include "common/process/child_process.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/process/process_tree.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

using std::chrono::milliseconds;
using End = ChildResult::End;
using StoppedBy = ChildResult::StoppedBy;

/// Long enough for any machine; a test that needs it has failed.
constexpr milliseconds plenty{20'000};

ChildOptions shell(const std::string& script) {
  return {.argv = {"/bin/sh", "-c", script},
          .environment = {"PATH=/usr/bin:/bin"},
          .output = ChildOptions::Output::captured,
          .time_limit = plenty};
}

ChildResult run(const ChildOptions& options) {
  return run_child(options, {}, {});
}

/// The process ids that a script wrote, one a line; waits for as many as asked.
std::vector<pid_t> pids_in(const std::string& path, std::size_t count) {
  for (int look = 0; look < 20'000; ++look) {
    std::vector<pid_t> pids;
    if (::access(path.c_str(), F_OK) == 0) {
      const auto text = test::read_text_file(path);
      if (text.ends_with('\n')) {
        for (const auto& line : split(trim(text), '\n')) pids.push_back(std::stoi(line));
      }
    }
    if (pids.size() >= count) return pids;
    ::usleep(1000);
  }
  throw std::runtime_error("the script did not write its process ids");
}

bool lives(pid_t pid) {
  const auto processes = list_processes();
  return std::any_of(processes.begin(), processes.end(),
                     [&](const auto& info) { return info.pid == pid && info.state != 'Z'; });
}

TEST(RunChild, ReportsTheExitCodeAndTheOutput) {
  const auto result = run(shell("echo hello; exit 3"));
  EXPECT_EQ(result.end, End::exited);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.output, "hello\n");
  EXPECT_EQ(result.stopped_by, StoppedBy::nobody);
  EXPECT_EQ(result.text(), "exit code 3");
  EXPECT_FALSE(result.succeeded());
}

TEST(RunChild, ReportsTheSignalByName) {
  const auto result = run(shell("kill -SEGV $$"));
  EXPECT_EQ(result.end, End::signalled);
  EXPECT_EQ(result.signal, "SEGV");
}

TEST(RunChild, ReportsWhyAProgramWasNotStarted) {
  int started = 0;
  const auto result = run_child({.argv = {"/no/such/program"}}, [&](pid_t) { ++started; }, {});
  EXPECT_EQ(result.end, End::start_failed);
  EXPECT_EQ(result.text(), "cannot be started: No such file or directory");
  EXPECT_EQ(started, 0);
}

TEST(RunChild, TellsTheProcessIdOnceItRuns) {
  pid_t told = 0;
  const auto result = run_child(shell("echo $$"), [&](pid_t pid) { told = pid; }, {});
  EXPECT_EQ(result.output, std::to_string(told) + "\n");
}

TEST(RunChild, GivesInputLargerThanAPipeHolds) {
  auto options = shell("wc -c");
  options.input = std::string(1'000'000, 'x');
  EXPECT_EQ(trim(run(options).output), "1000000");
}

TEST(RunChild, WritesBothStreamsToTheLogAndKeepsWhatIsThere) {
  const test::TempDir dir;
  auto options = shell("echo out; echo err >&2");
  options.output = ChildOptions::Output::to_log;
  options.log_path = dir.write("log", "before\n");
  EXPECT_TRUE(run(options).succeeded());
  EXPECT_EQ(test::read_text_file(options.log_path), "before\nout\nerr\n");
}

TEST(RunChild, BoundsWhatItKeepsOfAFlood) {
  auto options = shell("head -c 50000000 /dev/zero; exit 4");
  options.captured_bytes_max = 1000;
  const auto result = run(options);
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_EQ(result.output.size(), 1000U);
  EXPECT_EQ(result.captured, ChildResult::Captured::cut);
}

TEST(RunChild, EndsAFloodAtTheTimeLimit) {
  auto options = shell("exec cat /dev/zero");
  options.time_limit = milliseconds(200);
  const auto result = run(options);
  EXPECT_EQ(result.stopped_by, StoppedBy::time_limit);
  EXPECT_EQ(result.signal, "TERM");
}

TEST(RunChild, AsksWithSigtermAtTheTimeLimit) {
  auto options =
      shell("trap 'echo goodbye; exit 0' TERM; echo ready; while :; do sleep 0.01; done");
  options.time_limit = milliseconds(300);
  const auto result = run(options);
  EXPECT_EQ(result.stopped_by, StoppedBy::time_limit);
  EXPECT_EQ(result.output, "ready\ngoodbye\n");
  EXPECT_TRUE(result.succeeded());
}

TEST(RunChild, KillsATreeThatIgnoresSigterm) {
  const test::TempDir dir;
  auto options =
      shell("trap '' TERM; sleep 600 & echo $! >" + dir.file("pid") + "; wait; sleep 600");
  options.time_limit = milliseconds(300);
  options.grace = milliseconds(100);
  const auto begun = std::chrono::steady_clock::now();
  const auto result = run(options);
  EXPECT_EQ(result.stopped_by, StoppedBy::time_limit);
  EXPECT_EQ(result.signal, "KILL");
  EXPECT_GE(std::chrono::steady_clock::now() - begun, milliseconds(400));
  EXPECT_FALSE(lives(pids_in(dir.file("pid"), 1).front()));
}

TEST(RunChild, EndsAGrandchildOfANewSessionAtTheTimeLimit) {
  const test::TempDir dir;
  const std::string pid_file = dir.file("pid");
  // Out of the group and the session, its parent dead, and deaf to SIGTERM.
  auto options = shell("setsid sh -c 'trap \"\" TERM; echo $$ >" + pid_file +
                       "; while :; do sleep 0.05; done' & sleep 600");
  options.time_limit = milliseconds(500);
  options.grace = milliseconds(100);
  EXPECT_EQ(run(options).stopped_by, StoppedBy::time_limit);
  EXPECT_FALSE(lives(pids_in(pid_file, 1).front()));
}

TEST(RunChild, EndsADaemonThatOutlivesASuccessfulChild) {
  const test::TempDir dir;
  const std::string pid_file = dir.file("pid");
  // The daemon holds the output open, too: waiting for its end would hang.
  auto options = shell("setsid sh -c 'echo $$ >" + pid_file + "; exec sleep 600' & " +
                       "while ! [ -s " + pid_file + " ]; do sleep 0.01; done; echo done");
  const auto result = run(options);
  EXPECT_TRUE(result.succeeded());
  EXPECT_EQ(result.stopped_by, StoppedBy::nobody);
  EXPECT_EQ(result.output, "done\n");
  EXPECT_EQ(result.left_behind, 1);
  EXPECT_FALSE(lives(pids_in(pid_file, 1).front()));
}

TEST(RunChild, StopsOnRequest) {
  std::stop_source stop;
  const auto result = run_child(
      shell("sleep 600"), [&](pid_t) { stop.request_stop(); }, stop.get_token());
  EXPECT_EQ(result.stopped_by, StoppedBy::request);
  EXPECT_EQ(result.signal, "TERM");
}

TEST(RunChild, EndsTheTreeWhenTheStartCannotBeRecorded) {
  pid_t told = 0;
  EXPECT_THROW(run_child(shell("sleep 600"),
                         [&](pid_t pid) {
                           told = pid;
                           throw std::runtime_error("disk full");
                         },
                         {}),
               std::runtime_error);
  EXPECT_FALSE(lives(told));
}

TEST(RunChild, LeavesItsCallersOtherChildrenAlone) {
  const pid_t bystander = ::fork();
  ASSERT_GE(bystander, 0);
  if (bystander == 0) {
    ::pause();
    ::_exit(0);
  }
  EXPECT_EQ(run(shell("sleep 600 & exit 0")).left_behind, 1);
  EXPECT_TRUE(lives(bystander));
  ::kill(bystander, SIGKILL);
  ::waitpid(bystander, nullptr, 0);
}

TEST(RunChild, ThrowsWhenTheLogCannotBeOpened) {
  auto options = shell("true");
  options.log_path = "/no/such/folder/log";
  try {
    run(options);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::resource_exhausted);
    EXPECT_NE(error.message().find("/no/such/folder/log"), std::string::npos);
  }
}

TEST(ChildEnvironment, LetsOnlyNamedVariablesThrough) {
  ::setenv("PIPELINE_VAR", "/srv", 1);
  ::setenv("LC_TIME", "C", 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", "hidden", 1);
  ::setenv("NOTIFY_SOCKET", "/run/notify", 1);
  ::setenv("WAREHOUSE_HOST", "db1", 1);
  const auto variables = child_environment({"WAREHOUSE_HOST"}, {"PIPELINE_RUN_ID=7"});
  const auto has = [&](std::string_view assignment) {
    return std::find(variables.begin(), variables.end(), assignment) != variables.end();
  };
  EXPECT_TRUE(has("PIPELINE_VAR=/srv"));
  EXPECT_TRUE(has("LC_TIME=C"));
  EXPECT_TRUE(has("WAREHOUSE_HOST=db1"));
  EXPECT_TRUE(has("PIPELINE_RUN_ID=7"));
  EXPECT_TRUE(has(std::string("PATH=") + std::getenv("PATH")));
  EXPECT_FALSE(has("AWS_SECRET_ACCESS_KEY=hidden"));
  EXPECT_FALSE(has("NOTIFY_SOCKET=/run/notify"));
}

TEST(ChildEnvironment, LetsWhatIsAddedWin) {
  ::setenv("PIPELINE_RUN_ID", "outer", 1);
  const auto variables = child_environment({}, {"PIPELINE_RUN_ID=inner"});
  EXPECT_EQ(std::count_if(variables.begin(), variables.end(),
                          [](const auto& v) { return v.starts_with("PIPELINE_RUN_ID="); }),
            1);
  EXPECT_EQ(variables.back(), "PIPELINE_RUN_ID=inner");
}

}  // namespace
}  // namespace pipeline
