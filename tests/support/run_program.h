// Runs a child program to its end and keeps what it said; for tests only.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pipeline::test {

struct ProgramToRun {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH unless it has a slash
  std::map<std::string, std::string>
      env;  // on top of, or instead of, the variables of this process
  enum class Environment { added, replaced } environment = Environment::added;
  std::string standard_input;
  std::chrono::milliseconds time_limit{60'000};  // then SIGKILL to its process group
};

struct ProgramResult {
  std::optional<int> exit_code;  // when it exited
  std::optional<int> signal;     // when a signal ended it
  enum class Ended { by_itself, by_time_limit } ended = Ended::by_itself;
  std::string out;
  std::string err;
  std::chrono::milliseconds took{0};
  /// The most memory that it held at once, its VmHWM. Never less than what this process held when
  /// it started it.
  std::uint64_t peak_bytes = 0;

  bool ok() const { return exit_code == 0; }
  /// "exit 1", "signal 9 (after the time limit)", with stderr below: for assertion messages.
  std::string text() const;
};

/// Throws Error internal only if the program cannot be started. Reads both outputs to their end, so
/// a grandchild that keeps them open counts as still running.
ProgramResult run_program(const ProgramToRun& program);

}  // namespace pipeline::test
