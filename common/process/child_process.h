// Runs a child process to its end under a time limit, and leaves nothing of its tree behind.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace pipeline {

struct ChildOptions {
  /// argv[0] is a path if it has a slash; otherwise it is looked up in PATH. Everyone on the host
  /// can read a command line: never a secret.
  std::vector<std::string> argv;
  /// The child's whole environment, "NAME=value"; see child_environment().
  std::vector<std::string> environment;
  /// Given: the child reads it from standard input. Otherwise that is /dev/null.
  std::optional<std::string> input;
  /// Standard error, and standard output unless captured, are appended here by the child itself,
  /// so that a crash of ours loses nothing; made with mode 0640. Empty: /dev/null.
  std::string log_path;
  enum class Output { to_log, captured } output = Output::to_log;
  /// Of captured output; the rest is read and thrown away.
  std::size_t captured_bytes_max = 1U << 20U;
  std::optional<std::chrono::milliseconds> time_limit;
  /// Between SIGTERM and SIGKILL.
  std::chrono::milliseconds grace{10'000};
};

struct ChildResult {
  enum class End { exited, signalled, start_failed } end = End::exited;
  int exit_code = 0;        // if it exited
  std::string signal;       // "KILL", if one ended it
  std::string start_error;  // "No such file or directory", if the program could not be started
  /// Why we asked it to end. It may have exited with 0 all the same.
  enum class StoppedBy { nobody, time_limit, request } stopped_by = StoppedBy::nobody;
  std::string output;  // what was captured
  enum class Captured { all, cut } captured = Captured::all;
  /// Processes that outlived the child and were ended.
  int left_behind = 0;

  bool succeeded() const { return end == End::exited && exit_code == 0; }
  /// "exit code 3", "signal KILL", "cannot be started: No such file or directory"
  std::string text() const;
};

using ChildStarted = std::function<void(pid_t)>;

/// Starts the program and blocks until it and everything it started has ended, daemons of new
/// sessions included: this process becomes the subreaper of its descendants. At the time limit, or
/// when `stop` is requested, its process group and every descendant get SIGTERM, and SIGKILL after
/// the grace; what outlives a child that ended by itself is ended the same way. `started` is called
/// once, when the program runs; if it throws, the tree is ended and the exception passes on.
/// The child gets SIGTERM when this process dies.
///
/// One call at a time in a process, a second one waits; other threads must not start processes
/// meanwhile, since those would be taken for the child's. Throws what spawn() throws,
/// resource_exhausted or access_denied if the log cannot be opened, internal if a killed process
/// does not end within 30 s.
ChildResult run_child(const ChildOptions& options, const ChildStarted& started,
                      std::stop_token stop);

/// The variables of this process that a child may see: PATH, HOME, USER, LOGNAME, LANG, LC_*, TZ,
/// TMPDIR, CREDENTIALS_DIRECTORY, PIPELINE_*, and those named in `also`. `added` ("NAME=value")
/// come on top and win.
std::vector<std::string> child_environment(const std::vector<std::string>& also,
                                           const std::vector<std::string>& added);

}  // namespace pipeline
