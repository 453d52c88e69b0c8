// Processes are found by descent and by a mark in their environment.
#include "common/process/process_tree.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include <gtest/gtest.h>

#include "common/process/child_process.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

bool contains(const std::vector<ProcessInfo>& processes, pid_t pid) {
  return std::any_of(processes.begin(), processes.end(),
                     [&](const auto& info) { return info.pid == pid; });
}

TEST(ProcessTree, KnowsParentGroupAndState) {
  const auto processes = list_processes();
  const auto self = std::find_if(processes.begin(), processes.end(),
                                 [](const auto& info) { return info.pid == ::getpid(); });
  ASSERT_NE(self, processes.end());
  EXPECT_EQ(self->parent, ::getppid());
  EXPECT_EQ(self->group, ::getpgrp());
  EXPECT_EQ(self->state, 'R');
}

TEST(ProcessTree, FindsDescendantsAndLeavesOutWhatItIsTold) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  EXPECT_TRUE(contains(descendants_of(::getpid(), {}), child));
  EXPECT_FALSE(contains(descendants_of(::getpid(), {child}), child));
  EXPECT_FALSE(contains(descendants_of(child, {}), child));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(ProcessTree, EndsAMarkedTreeAndNothingElse) {
  // The stage is started by a program that dies and so leaves it to itself.
  const test::TempDir dir;
  const std::string marked = "PROCESS_TREE_TEST=" + dir.path();
  // Deaf to the SIGTERM that it gets when its starter dies; says when it is.
  const std::string ready = dir.file("ready");
  const std::string script = "trap '' TERM; sleep 600 & echo >" + ready + "; exec sleep 601";
  const pid_t starter = ::fork();
  ASSERT_GE(starter, 0);
  if (starter == 0) {
    const auto die_when_ready = [&](pid_t) {
      while (::access(ready.c_str(), F_OK) != 0) ::usleep(1000);
      ::raise(SIGKILL);
    };
    static_cast<void>(run_child({.argv = {"/bin/sh", "-c", script}, .environment = {marked}},
                                die_when_ready, {}));
    ::_exit(0);
  }
  ::waitpid(starter, nullptr, 0);
  EXPECT_EQ(end_processes_with_environment(marked + "x", std::chrono::milliseconds(1)), 0);
  EXPECT_EQ(end_processes_with_environment(marked, std::chrono::milliseconds(100)), 2);
  EXPECT_TRUE(processes_with_environment(marked).empty());
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

}  // namespace
}  // namespace pipeline
