// A server process that dies with the thread of the test that started it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace pipeline::test {

/// The folder under which servers keep their data: $TEST_SERVER_DIR, which may lie in memory, or
/// /tmp. No server of a test outlives the machine.
std::string server_data_parent();

/// Starts argv[0], found in PATH, with both outputs appended to `log_file`. It
/// gets SIGKILL when the thread that called ends.
pid_t start_process(std::vector<std::string> arguments, const std::string& log_file);

/// True once the child has ended; then its number is free again.
bool reap(pid_t pid);

/// SIGKILL, and returns when the child is gone.
void kill_process(pid_t pid);

/// The end of a log, for messages.
std::string tail(const std::string& text);

}  // namespace pipeline::test
