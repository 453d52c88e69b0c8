// Which environment variables pipeline.yaml needs: a stage reads the same file and needs them too.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/stage/pipeline_config.h"

namespace pipeline {

/// The names in ${NAME} anywhere in `config_text`, those from which an account's password or a key
/// is taken, those of AWS's tools where the pipeline finds its keys as they do, and those that name
/// proxies where stages reach a bucket or AWS. Each once, sorted.
std::vector<std::string> environment_names(std::string_view config_text,
                                           const PipelineConfig& config);

/// The same, and those of AWS's tools where alert channels alone use AWS: this process sends
/// alerts, but a stage tells a doctor whose keys they are.
std::vector<std::string> doctor_environment_names(std::string_view config_text,
                                                  const PipelineConfig& config);

/// The names in ${NAME} that some value of `config_text` needs outside of alerts,
/// orchestrator.commands and orchestrator.stages: places, hosts, names. What is given to a program
/// may be a secret: `-H "Authorization: ${TOKEN}"`. Throws config_invalid for what is no YAML.
std::set<std::string> names_of_settings(std::string_view config_text);

/// What a person types before a command that reads pipeline.yaml: the name and its value, or "..."
/// for one that only programs get. Left out are variables that are not set, and those of
/// secret_environment_names().
using ValueOf = std::function<const char*(const std::string& name)>;
std::vector<std::pair<std::string, std::string>> typed_variables(std::string_view config_text,
                                                                 const PipelineConfig& config,
                                                                 const ValueOf& value_of);

/// Those of environment_names() whose values nobody may print: passwords and keys, and proxies,
/// whose addresses may hold a login.
std::set<std::string> secret_environment_names(const PipelineConfig& config);

}  // namespace pipeline
