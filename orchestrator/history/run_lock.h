// The lock that lets exactly one orchestrator work on a state directory.
#pragma once

#include <optional>
#include <string>

#include "common/base/unique_fd.h"

namespace pipeline {

/// An flock on state_dir/run.lock, held for the object's life; the kernel drops it when the
/// process dies, however it dies. Children do not inherit it.
class RunLock {
 public:
  /// nullopt if another process holds it. Makes the directory if it is absent. Throws
  /// access_denied or resource_exhausted if the file cannot be made.
  static std::optional<RunLock> try_acquire(const std::string& state_dir);

 private:
  explicit RunLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace pipeline
