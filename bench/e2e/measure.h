// Runs one command and tells what it cost: time, CPU of client and server, memory.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace pipeline::bench {

struct Cost {
  double wall_s = 0;
  double client_cpu_s = 0;            // user and system, of the command and all its children
  double server_cpu_s = 0;            // of the server process meanwhile
  std::uint64_t client_peak_kib = 0;  // resident, of the largest process of the command
};

/// Runs `command` through bash with pipefail and waits for its end; its output goes to `log_file`.
/// Throws Error internal, with the end of that file, if the command does not exit with 0.
Cost measure(const std::string& command, pid_t server, const std::string& log_file);

}  // namespace pipeline::bench
