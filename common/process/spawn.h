// Starts one program in a clean surrounding: own group, given standard streams, default signals.
#pragma once

#include <sys/types.h>

#include <string>
#include <variant>
#include <vector>

#include "common/base/unique_fd.h"

namespace pipeline {

struct SpawnOptions {
  /// argv[0] is a path if it has a slash; otherwise it is looked up in this process's PATH.
  std::vector<std::string> argv;
  /// The whole environment of the child, "NAME=value".
  std::vector<std::string> environment;
  /// Become 0, 1 and 2 of the child. They stay open here.
  int input = -1;
  int output = -1;
  int errors = -1;
};

/// A running child, not yet reaped: its id cannot be reused before waitid() takes it.
struct Spawned {
  pid_t pid = -1;
  UniqueFd pidfd;
};

/// The program was not started; nothing is left of the attempt.
struct SpawnFailure {
  int error_number = 0;  // ENOENT, EACCES ...
};

/// When it returns Spawned the program runs (exec has succeeded). The child leads a process group
/// of its own, inherits no other file descriptor, has every signal at its default and unblocked,
/// and gets SIGTERM when the calling thread ends. Throws resource_exhausted if this process may
/// not make a process or a descriptor.
std::variant<Spawned, SpawnFailure> spawn(const SpawnOptions& options);

/// The file that `name` stands for, by PATH; `name` itself if it has a slash; empty if PATH has no
/// such program.
std::string find_program(const std::string& name);

}  // namespace pipeline
