// dbt's run_results.json (schema v5): how each node of a run ended.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "stages/transform/compile/artifact_metadata.h"
#include "stages/transform/compile/node.h"
#include "stages/transform/run/node_result.h"

namespace pipeline::dbt {

/// A message above this is cut: some servers repeat a whole statement in theirs.
inline constexpr std::size_t message_bytes_max = 64U << 10U;

/// Whether what was built went live. unknown: the run ended in the middle of the publish; the
/// marker tells.
enum class Publishing { not_begun, unknown, done };

struct RunResults {
  ArtifactFacts facts;
  Json args = Json::object();
  std::chrono::milliseconds elapsed{};
  Publishing publishing = Publishing::not_begun;
};

/// One entry of `results`. dbt knows no publish behind the build, so `published` of
/// adapter_response, which is open to adapters, tells of a model or seed whether readers see it:
/// true, false, or null where nobody knew.
Json run_result_json(const Node& node, const NodeResult& result, Publishing publishing);

/// One node and what became of it.
struct RunResultEntry {
  const Node& node;
  const NodeResult& result;
};

/// Writes the whole document piece by piece, in the order of `entries`.
void write_run_results(const RunResults& run, const std::vector<RunResultEntry>& entries,
                       const WriteText& write);

/// {"name", "started_at", "completed_at"}, as in every artifact.
Json timing_json(std::string_view name, const NodeResult::Span& span);

}  // namespace pipeline::dbt
