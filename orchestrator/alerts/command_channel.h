// Gives an alert to a program of the operator: the message as JSON on its standard input.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "orchestrator/alerts/message.h"
#include "orchestrator/engine/task_runner.h"

namespace pipeline {

struct CommandChannel {
  std::string name;
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::chrono::milliseconds time_limit{30'000};
  std::string log_path;  // both streams of the program
};

struct CommandEnd {
  /// nullopt: exit code 0 within the time limit. Otherwise timed_out, cancelled, or unavailable
  /// for a program that fails or cannot be started.
  std::optional<ErrorKind> failure;
  std::string cause;  // of a failure, for people
  std::optional<int> exit_code;
  std::string signal;
};

/// Runs the program to its end and leaves nothing of it behind. The message is one of outgoing().
CommandEnd run_alert_command(const CommandChannel& channel, const AlertMessage& message,
                             const TaskRunner::Started& started, std::stop_token stop);

}  // namespace pipeline
