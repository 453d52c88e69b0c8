// dbt's manifest.json (schema v11): the project as dbt tells other tools about it.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "stages/transform/compile/artifact_metadata.h"
#include "stages/transform/compile/compiler.h"

namespace pipeline::dbt {

/// What a run knows of a node beyond the project; the texts must outlive the call.
struct CompiledNode {
  std::string compiled_path;
  std::string build_path;
  std::string_view code;  // empty: not kept
};

using CompiledNodes = std::map<std::string, CompiledNode, std::less<>>;  // by unique_id

/// Writes the whole document piece by piece. Nodes that are not in `compiled` are described as dbt
/// describes those that it only parsed. Names and types of all keys are those of dbt 1.7; what this
/// project refuses (exposures, metrics ...) is there and empty. Throws what `write` throws.
void write_manifest(const Compiler& compiler, const ArtifactFacts& facts,
                    const CompiledNodes& compiled, const WriteText& write);

}  // namespace pipeline::dbt
