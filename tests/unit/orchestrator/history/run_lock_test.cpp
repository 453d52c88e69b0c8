// One orchestrator a state directory, and how a dead owner is told from a living one.
#include "orchestrator/history/run_lock.h"

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "common/base/error.h"
#include "orchestrator/history/owner.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

TEST(RunLock, IsHeldByOneAtATime) {
  const test::TempDir folder;
  const std::string state_dir = folder.file("state/nested");
  auto first = RunLock::try_acquire(state_dir);
  ASSERT_TRUE(first);
  EXPECT_FALSE(RunLock::try_acquire(state_dir));
  first.reset();
  EXPECT_TRUE(RunLock::try_acquire(state_dir));
}

TEST(RunLock, IsGoneWithTheProcessThatHeldIt) {
  const test::TempDir folder;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = RunLock::try_acquire(folder.path());
    [[maybe_unused]] const auto told = ::write(ready[1], lock ? "y" : "n", 1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_FALSE(RunLock::try_acquire(folder.path()));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(RunLock::try_acquire(folder.path()));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(RunLock, IsNotInheritedByAProgramThatWasStarted) {
  const test::TempDir folder;
  auto lock = RunLock::try_acquire(folder.path());
  ASSERT_TRUE(lock);
  int hold[2];
  ASSERT_EQ(::pipe(hold), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(hold[0], 0);
    ::close(hold[1]);
    ::execl("/bin/cat", "cat", nullptr);
    ::_exit(127);
  }
  ::close(hold[0]);
  // The exec is over when the kernel names the child's program.
  std::string program;
  while (program != "cat") {
    std::ifstream("/proc/" + std::to_string(child) + "/comm") >> program;
  }
  lock.reset();
  EXPECT_TRUE(RunLock::try_acquire(folder.path()));
  ::close(hold[1]);
  ::waitpid(child, nullptr, 0);
}

TEST(RunLock, SaysWhyItCannotBeMade) {
  const test::TempDir folder;
  std::ofstream(folder.file("file")) << "x";
  EXPECT_THROW(RunLock::try_acquire(folder.file("file")), Error);
}

TEST(Owner, ThisProcessIsAlive) {
  const Owner self = this_process();
  EXPECT_EQ(self.pid, ::getpid());
  EXPECT_FALSE(self.boot_id.empty());
  EXPECT_GT(self.start_ticks, 0);
  EXPECT_TRUE(is_alive(self));
}

TEST(Owner, IsDeadAfterABootOrWhenTheIdBelongsToAYoungerProcess) {
  Owner rebooted = this_process();
  rebooted.boot_id = "another boot";
  EXPECT_FALSE(is_alive(rebooted));
  Owner reused = this_process();
  reused.start_ticks -= 1;
  EXPECT_FALSE(is_alive(reused));
  EXPECT_FALSE(is_alive(Owner{}));
}

TEST(Owner, IsDeadWhenTheProcessHasEnded) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  Owner owner = this_process();
  owner.pid = child;
  EXPECT_FALSE(is_alive(owner));
}

}  // namespace
}  // namespace pipeline
