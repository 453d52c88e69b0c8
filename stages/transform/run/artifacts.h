// Writes what was compiled and what was executed below target/, as dbt does.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

namespace pipeline::dbt {

/// A folder that cannot be written (a project on a read-only disk) is said once and then left
/// alone: the files are for people, the run does not need them. Thread-safe for different paths.
class Artifacts {
 public:
  explicit Artifacts(std::string target_dir) : target_dir_(std::move(target_dir)) {}
  /// `path` counts from the target folder. Throws resource_exhausted if the disk is full: the next
  /// thing to fill it would be the run's own record.
  void write(const std::string& path, std::string_view text);
  std::string absolute(const std::string& path) const { return target_dir_ + "/" + path; }

 private:
  std::string target_dir_;
  std::atomic<bool> given_up_ = false;
};

}  // namespace pipeline::dbt
