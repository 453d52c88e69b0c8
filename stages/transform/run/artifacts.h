// Writes files below target/: what was compiled and executed, and dbt's JSON documents.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "stages/transform/compile/artifact_metadata.h"

namespace pipeline::dbt {

/// Compiled SQL that a run keeps for manifest.json and run_results.json, all nodes together. What
/// comes above it stands in target/compiled alone.
inline constexpr std::uint64_t kept_code_bytes_max = 64U << 20U;

/// A folder that cannot be written (a project on a read-only disk) is said once and then left
/// alone: the files are for people and their tools, the run does not need them. Thread-safe for
/// different paths.
class Artifacts {
 public:
  explicit Artifacts(std::string target_dir) : target_dir_(std::move(target_dir)) {}
  /// `path` counts from the target folder. Throws resource_exhausted if the disk is full: the next
  /// thing to fill it would be the run's own record.
  void write(const std::string& path, std::string_view text);
  /// Makes what `fill` writes the content of the file, whole or not at all: a reader, or a crash at
  /// any moment, sees the old file or the new one. Throws as write().
  using Fill = std::function<void(const WriteText&)>;
  void replace(const std::string& path, const Fill& fill);
  /// The same for a file that is what was asked for: every failure is thrown.
  void replace_or_throw(const std::string& path, const Fill& fill);
  std::string absolute(const std::string& path) const { return target_dir_ + "/" + path; }

  /// Empties a compiled text that would be above kept_code_bytes_max.
  void bound(std::string& code);

 private:
  void tell_and_give_up(const Error& error);

  std::string target_dir_;
  std::atomic<bool> given_up_ = false;
  std::atomic<std::uint64_t> kept_bytes_ = 0;
};

}  // namespace pipeline::dbt
