// Proves that each initialiser took effect in the child: one that Boost.Process does not recognise
// is silently not called.
#include "common/process/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

struct Said {
  std::string out;
  std::string err;
  int exit_code = -1;
};

/// Runs `script` under /bin/sh by spawn() and returns what it wrote.
Said run_script(const std::string& script, std::vector<std::string> environment = {}) {
  const test::TempDir dir;
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const UniqueFd out(::open(dir.file("out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const UniqueFd err(::open(dir.file("err").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  auto spawned = spawn({.argv = {"/bin/sh", "-c", script},
                        .environment = std::move(environment),
                        .input = null.get(),
                        .output = out.get(),
                        .errors = err.get()});
  Said said;
  if (std::holds_alternative<SpawnFailure>(spawned)) return said;
  int status = 0;
  ::waitpid(std::get<Spawned>(spawned).pid, &status, 0);
  said.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  said.out = test::read_text_file(dir.file("out"));
  said.err = test::read_text_file(dir.file("err"));
  return said;
}

TEST(Spawn, GivesTheChildAProcessGroupOfItsOwn) {
  // Field 5 of stat is the process group.
  const auto said = run_script(
      "read -r pid name state parent group rest </proc/$$/stat; "
      "echo $(($$ == group))");
  EXPECT_EQ(said.out, "1\n") << said.err;
}

TEST(Spawn, ConnectsTheThreeStandardStreams) {
  const auto said = run_script("readlink /proc/$$/fd/0; echo problem >&2; exit 7");
  EXPECT_EQ(said.out, "/dev/null\n");
  EXPECT_EQ(said.err, "problem\n");
  EXPECT_EQ(said.exit_code, 7);
}

TEST(Spawn, HandsDownNoOtherDescriptor) {
  // Without O_CLOEXEC, one low and one high.
  const UniqueFd low(::open("/dev/null", O_RDONLY));
  const UniqueFd high(::fcntl(low.get(), F_DUPFD, 400));
  ASSERT_TRUE(high);
  const auto said = run_script("ls /proc/$$/fd; true", {"PATH=/usr/bin:/bin"});
  EXPECT_EQ(said.out, "0\n1\n2\n") << said.err;
}

TEST(Spawn, ResetsIgnoredAndBlockedSignals) {
  struct Restore {
    Restore() {
      std::signal(SIGPIPE, SIG_IGN);
      std::signal(SIGHUP, SIG_IGN);
      sigset_t blocked;
      sigemptyset(&blocked);
      sigaddset(&blocked, SIGTERM);
      sigaddset(&blocked, SIGINT);
      ::pthread_sigmask(SIG_BLOCK, &blocked, &mask);
    }
    ~Restore() {
      std::signal(SIGPIPE, SIG_DFL);
      std::signal(SIGHUP, SIG_DFL);
      ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    }
    sigset_t mask{};
  } const restore;
  // No child process: a shell that forks blocks all signals for a moment.
  const auto said = run_script(
      "while read -r line; do case $line in SigBlk*|SigIgn*) echo \"$line\";; esac; done "
      "</proc/$$/status");
  EXPECT_EQ(said.out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n") << said.err;
}

TEST(Spawn, GivesExactlyTheEnvironmentItIsTold) {
  ::setenv("SPAWN_TEST_LEAK", "1", 1);
  const auto said = run_script("tr '\\0' '\\n' </proc/$$/environ", {"A=1", "PATH=/usr/bin:/bin"});
  EXPECT_EQ(said.out, "A=1\nPATH=/usr/bin:/bin\n") << said.err;
  ::unsetenv("SPAWN_TEST_LEAK");
}

TEST(Spawn, ChildGetsSigtermWhenItsParentDies) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t parent = ::fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    auto spawned = spawn({.argv = {"/bin/sleep", "600"},
                          .environment = {},
                          .input = null.get(),
                          .output = null.get(),
                          .errors = null.get()});
    const pid_t child = std::get<Spawned>(spawned).pid;
    static_cast<void>(!::write(ends[1], &child, sizeof child));
    ::pause();
    ::_exit(0);
  }
  pid_t child = 0;
  ASSERT_EQ(::read(ends[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  ASSERT_TRUE(pidfd);
  pollfd watched{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  const bool ended = ::poll(&watched, 1, 10'000) == 1;
  if (!ended) ::kill(child, SIGKILL);
  EXPECT_TRUE(ended) << "the child outlived its parent";
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);  // ours now: we are the subreaper
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

struct FailedStart {
  const char* name;
  std::string program;
  int error_number;
};

TEST(Spawn, SaysWhyAProgramCannotBeStarted) {
  const test::TempDir dir;
  const auto not_executable = dir.write("script", "#!/bin/sh\n");
  const auto bad_interpreter = dir.write("bad", "#!/no/such/interpreter\n");
  ::chmod(bad_interpreter.c_str(), 0700);
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const FailedStart cases[] = {{"absent path", dir.file("absent"), ENOENT},
                               {"absent from PATH", "no-such-program-anywhere", ENOENT},
                               {"not executable", not_executable, EACCES},
                               {"a folder", dir.path(), EACCES},
                               {"absent interpreter", bad_interpreter, ENOENT}};
  for (const auto& [name, program, error_number] : cases) {
    SCOPED_TRACE(name);
    const auto spawned = spawn({.argv = {program},
                                .environment = {},
                                .input = null.get(),
                                .output = null.get(),
                                .errors = null.get()});
    ASSERT_TRUE(std::holds_alternative<SpawnFailure>(spawned));
    EXPECT_EQ(std::get<SpawnFailure>(spawned).error_number, error_number);
    // No zombie is left of it.
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  }
}

TEST(Spawn, FailedChildDoesNotRunOurExitFunctions) {
  const test::TempDir dir;
  const std::string witness = dir.file("witness");
  const pid_t parent = ::fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    static std::string path;
    path = witness;
    std::atexit([] { ::close(::open(path.c_str(), O_CREAT | O_WRONLY, 0600)); });
    const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    static_cast<void>(spawn({.argv = {"/no/such/program"},
                             .environment = {},
                             .input = null.get(),
                             .output = null.get(),
                             .errors = null.get()}));
    ::_exit(0);  // runs no exit function here either
  }
  ::waitpid(parent, nullptr, 0);
  EXPECT_NE(::access(witness.c_str(), F_OK), 0) << "the failed child ran atexit functions";
}

TEST(FindProgram, LooksInPathUnlessTheNameHasASlash) {
  EXPECT_EQ(find_program("./x"), "./x");
  EXPECT_EQ(find_program("no-such-program-anywhere"), "");
  EXPECT_TRUE(find_program("sh").ends_with("/sh"));
}

}  // namespace
}  // namespace pipeline
