// How a stage reaches the warehouse: an account of pipeline.yaml as options of a session.
#pragma once

#include <string_view>

#include "common/mariadb/connection.h"
#include "common/stage/pipeline_config.h"

namespace pipeline {

/// Endpoint, user and password of `account` ("load", "build", "publish", "vault", "janitor",
/// "admin"), for the known target alone (target.h); the rest at its defaults. Throws config_invalid
/// if pipeline.yaml does not name the account, access_denied if its password cannot be read or is
/// empty.
ConnectionOptions account_options(const PipelineConfig& config, std::string_view account);

}  // namespace pipeline
