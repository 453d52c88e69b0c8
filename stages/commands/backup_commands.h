// The commands of the transformers that keep old rows and bring them back: backups, backup,
// restore, rollback, holds.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/config/cli.h"
#include "common/stage/stage_main.h"

namespace pipeline {

/// Their command lines.
std::vector<CliCommand> backup_command_lines();

/// Their code, for the program `program`, whose layer is `layer` unless --layer names another.
/// Every one that changes something takes the locks of a run, settles what an earlier start left
/// open, and fills the output: command, schema, tables, missing, replay, reason and more, see
/// docs/reference/transformers.md.
std::vector<std::pair<std::string, StageCommand>> backup_commands(const std::string& program,
                                                                  const std::string& layer);

}  // namespace pipeline
