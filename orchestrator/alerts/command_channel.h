// Sends an alert by a program of the operator: the message as JSON on its standard input.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

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

/// Success means exit code 0 within the time limit; everything else is a TaskFailure with
/// Alert.NotSent, which the state machine catches: a dead channel must not change what a run
/// reports. Its output is {"channel","subject"}.
TaskReport send_alert(const CommandChannel& channel, const AlertMessage& message,
                      const TaskRunner::Started& started, std::stop_token stop);

}  // namespace pipeline
