// Which environment variables pipeline.yaml needs: a stage reads the same file and needs them too.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/stage/pipeline_config.h"

namespace pipeline {

/// The names in ${NAME} anywhere in `config_text`, those from which an account's password or a key
/// is taken, those of AWS's tools where the pipeline finds its keys as they do, and those that name
/// proxies where stages reach a bucket or AWS. Each once, sorted.
std::vector<std::string> environment_names(std::string_view config_text,
                                           const PipelineConfig& config);

/// Those of environment_names() whose values nobody may print: passwords and keys, and proxies,
/// whose addresses may hold a login.
std::set<std::string> secret_environment_names(const PipelineConfig& config);

}  // namespace pipeline
