// The login of an account of the warehouse, from whichever place pipeline.yaml names.
#pragma once

#include <string>

#include "common/mariadb/connection.h"
#include "common/stage/pipeline_config.h"

namespace pipeline {

/// The login of `account_name`, which warehouse.accounts has; read once in a process for each
/// pipeline.yaml. Sessions opened with it read the place again when the server refuses the
/// password; of Secrets Manager, the versions AWSCURRENT, AWSPENDING and AWSPREVIOUS are tried
/// then, each read when those before it were refused. Throws access_denied, naming the place and
/// never a value, for what is missing or empty, and for a user beside the password that is another
/// than the one in pipeline.yaml: rights, and the sessions of runs that died, are known by the name
/// of the user. For a minute after nothing there was taken it throws what the last session threw.
Account account_login(const PipelineConfig& config, const std::string& account_name);

}  // namespace pipeline
