// Which process owns a run, named so that a reused process id is not mistaken for it.
#pragma once

#include <cstdint>
#include <string>

namespace pipeline {

struct Owner {
  std::string host;
  std::int64_t pid = 0;
  std::string boot_id;           // of the kernel that ran it
  std::int64_t start_ticks = 0;  // since boot: field 22 of /proc/PID/stat
};

/// Unknown parts stay empty or 0.
Owner this_process();

/// False if the process ended, the machine was booted since, or the id belongs to a younger
/// process. A guess for people who look on; who writes holds the RunLock.
bool is_alive(const Owner& owner);

}  // namespace pipeline
