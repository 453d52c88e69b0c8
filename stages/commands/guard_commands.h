// The commands of the transformers that look at what guards and vault know: diff, why, vault; and
// what pipeline.yaml says of both.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/config/cli.h"
#include "common/stage/pipeline_config.h"
#include "common/stage/stage_main.h"
#include "stages/transform/run/layer_request.h"

namespace pipeline {

/// Throws config_invalid for a table that is not written as schema.table.
dbt::ProtectOptions protect_options(const PipelineConfig& config);

/// nullopt if pipeline.yaml has no section vault. `program` stands in what people are told to type.
std::optional<dbt::VaultRequest> vault_request(const PipelineConfig& config,
                                               const std::string& program);

/// The text of an option that wants a reason; throws config_invalid for an empty one.
std::string reason_of(const std::string& option, const std::string& text);

/// "silver.t", or "t" of `schema`.
TableName table_named(const std::string& text, const std::string& schema);

/// What a run of the program would be asked to do.
using RequestOf = std::function<dbt::LayerRunRequest(const StageContext&)>;

std::vector<CliCommand> guard_command_lines();
std::vector<std::pair<std::string, StageCommand>> guard_commands(const RequestOf& request_of);

}  // namespace pipeline
