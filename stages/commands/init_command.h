// The command init: what a fresh server lacks before the first run, printed or made.
#pragma once

#include <string>
#include <vector>

#include "common/config/cli.h"
#include "common/mariadb/connection.h"
#include "common/stage/stage_main.h"
#include "stages/publish/account_rights.h"

namespace pipeline {

CliCommand init_command_line();

/// A schema of the pipeline; its shadow belongs to it.
struct SchemaToSetUp {
  std::string name;
  publish::SchemaClass where = publish::SchemaClass::live;
};

/// Tells the warehouse's fingerprint, and makes it the known one with --accept-target. Makes sure
/// that the schemas and their shadows stand and that every account of pipeline.yaml has its rights
/// there. What is missing is printed as SQL for an administrator, or run as
/// warehouse.accounts.admin with --apply. Returns whether something is missing still. The schemas
/// of deploy/sql/grants.sql need nothing. Throws wrong_database if the pipeline's records are
/// missing, which deploy/sql/pipeline.sql makes; config_invalid for --apply without that account.
bool set_up_schemas(const StageContext& context, const std::vector<SchemaToSetUp>& schemas);

}  // namespace pipeline
