// How one node of a run ended.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/base/error.h"
#include "common/base/json.h"
#include "stages/transform/compile/compiler.h"

namespace pipeline::dbt {

/// dbt's words: models and seeds are success, error or skipped, tests pass, warn or fail.
enum class NodeStatus { success, error, skipped, pass, warn, fail };

struct NodeResult {
  std::string unique_id;
  NodeStatus status = NodeStatus::success;
  std::optional<std::uint64_t> rows;  // written; of a test: failing rows
  std::chrono::milliseconds took{};
  std::string message;
  std::optional<Error> error;  // of NodeStatus::error
  std::string compiled_path;   // below target/
  std::string compiled_code;   // with live names; empty: it did not come to that
  /// Number of the worker; nullopt: the node was never begun.
  std::optional<std::size_t> worker;
  struct Span {
    std::chrono::system_clock::time_point begin;
    std::chrono::system_clock::time_point end;
  };
  std::optional<Span> compiling;
  std::optional<Span> executing;
  /// Whether hooks of the node have begun: what they did elsewhere stays, and would be done twice.
  enum class Hooks { not_begun, begun } hooks = Hooks::not_begun;
};

std::string_view word_of(NodeStatus status);
/// {"unique_id", "status", "rows", "seconds", "message"}; rows of a test are "failures".
Json to_json(const NodeResult& result);
/// As on-run-end hooks see it.
NodeOutcome outcome_of(const NodeResult& result);
/// dbt's name of the worker: "Thread-1"; empty if the node was never begun.
std::string thread_of(const NodeResult& result);

}  // namespace pipeline::dbt
