// Runs the program that a profile names as its credential_process.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "common/aws/credentials.h"

namespace pipeline::aws {

/// Starts the words of `command` without a shell, with this process's environment, and reads what
/// it prints: at most 64 kB, within `time_limit`. What it says on standard error is thrown away,
/// since nobody knows what stands in it. Throws config_invalid for a command that is no list of
/// words, access_denied for a program that does not start, fails or prints something else,
/// timed_out, and cancelled where `stop` is requested before it has ended.
Credentials run_credential_process(const std::string& command, std::chrono::milliseconds time_limit,
                                   std::stop_token stop = {});

}  // namespace pipeline::aws
