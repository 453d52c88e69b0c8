// The state machine that a command runs or checks, judged with pipeline.yaml in mind.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/stage/pipeline_config.h"
#include "orchestrator/asl/definition_reader.h"

namespace pipeline {

struct MachineFile {
  std::string path;
  std::vector<std::string> errors;    // each with its place; a run is refused for any of them
  std::vector<std::string> warnings;  // likewise
  /// nullopt if the definition itself has errors.
  std::optional<asl::Definition> definition;
};

struct MachineFileOptions {
  const PipelineConfig& config;
  std::string program_folder;        // stages that pipeline.yaml does not name lie there
  std::optional<std::string> given;  // a path from the command line; otherwise the configured one
};

/// Throws config_invalid for a file that cannot be read, saying who named it, and for one that is
/// no YAML. Everything else that is wrong is among `errors`.
MachineFile look_at_machine(const MachineFileOptions& options);

/// Throws config_invalid, in one line, if the file has errors.
void require_valid(const MachineFile& file);

}  // namespace pipeline
