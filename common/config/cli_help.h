// What --help prints.
#pragma once

#include <string>

#include "common/config/cli.h"

namespace pipeline {

/// The program's commands and common options.
std::string program_help(const CliSpec& spec);
/// One command's arguments and options, then the common ones.
std::string command_help(const CliSpec& spec, const CliCommand& command);
/// The table of exit codes.
std::string exit_code_help();

}  // namespace pipeline
