// The command doctor: everything that a run needs as one table.
#pragma once

#include <stop_token>
#include <string>

#include "common/config/cli.h"

namespace pipeline {

struct DoctorContext {
  const CliInvocation& asked;
  std::stop_token stop;
  std::string program;  // the absolute path of the running binary
};

/// Prints the table and returns 0, or the exit code of the first line that failed. What cannot be
/// looked at is a line too; throws cancelled alone.
int doctor_command(const DoctorContext& context);

}  // namespace pipeline
