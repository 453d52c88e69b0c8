// Which processes run below this one or belong to something, read from /proc.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <set>
#include <string_view>
#include <vector>

namespace pipeline {

struct ProcessInfo {
  pid_t pid = -1;
  pid_t parent = -1;
  pid_t group = -1;
  char state = '?';  // 'Z': ended, not reaped
};

/// Every process that /proc shows. Not a snapshot: what starts or ends meanwhile may be missing.
std::vector<ProcessInfo> list_processes();

/// The processes below `ancestor`, itself not included; nothing below a member of `left_out`, and
/// none of these.
std::vector<ProcessInfo> descendants_of(pid_t ancestor, const std::set<pid_t>& left_out);

/// Processes of this user, this one left out, that were started with `assignment` ("NAME=value")
/// in their environment. Children inherit it, so that it marks a whole tree across the death of
/// whoever started it.
std::vector<pid_t> processes_with_environment(std::string_view assignment);

/// Ends every process that processes_with_environment() finds: SIGTERM, after `grace` SIGKILL.
/// Returns how many there were. Throws internal if some will not die.
int end_processes_with_environment(std::string_view assignment, std::chrono::milliseconds grace);

}  // namespace pipeline
