// Which environment variables pipeline.yaml needs: a stage reads the same file and needs them too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/stage/pipeline_config.h"

namespace pipeline {

/// The names in ${NAME} anywhere in `config_text`, and those from which an account's password is
/// taken. Each once, sorted.
std::vector<std::string> environment_names(std::string_view config_text,
                                           const PipelineConfig& config);

}  // namespace pipeline
