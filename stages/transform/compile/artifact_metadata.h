// What every artifact says of itself: which of dbt's schemas it follows, when and for whom it was
// made.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "common/base/json.h"
#include "stages/transform/project/dbt_version.h"

namespace pipeline::dbt {

/// The dbt-core whose artifacts ours are: manifest v11, run-results v5, sources v3.

struct ArtifactFacts {
  std::string invocation_id;
  std::chrono::system_clock::time_point generated_at;
  /// What the environment holds under DBT_ENV_CUSTOM_ENV_, without that prefix.
  std::map<std::string, std::string> env;
};

/// Takes the next piece of a text. Artifacts are written node by node, so that no project is held
/// a second time in memory.
using WriteText = std::function<void(std::string_view)>;

/// `schema` is "manifest/v11", "run-results/v5" or "sources/v3".
Json artifact_metadata(const ArtifactFacts& facts, std::string_view schema);

}  // namespace pipeline::dbt
