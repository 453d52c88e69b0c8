// Sends an alert by whichever channel pipeline.yaml names.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/stage/pipeline_config.h"
#include "orchestrator/alerts/message.h"
#include "orchestrator/engine/task_runner.h"

namespace pipeline {

struct AlertOptions {
  const PipelineConfig& config;               // where secrets and the keys of AWS are named
  std::chrono::milliseconds time_limit;       // of the alert, with all its attempts
  std::string log_path;                       // what a program says, or how each attempt ended
  std::vector<std::string> environment = {};  // of a program
};

struct AlertReport {
  TaskReport task;
  std::string said;                  // what the other side said to a success
  std::optional<ErrorKind> failure;  // why a TaskFailure or TaskCancelled
};

/// Success means that the other side took the message: a program by exit code 0, a webhook by 2xx,
/// a mail server for at least one recipient, SNS by a message id; its output is
/// {"channel","subject"}. Everything else is a TaskFailure with Alert.NotSent and a cause without
/// secrets, which the state machine catches: a dead channel must not change what a run reports.
/// TaskCancelled once a stop is requested. `started` is called with the log, and the program if
/// there is one.
AlertReport send_alert(const AlertChannel& channel, const AlertMessage& message,
                       const AlertOptions& options, const TaskRunner::Started& started,
                       std::stop_token stop);

}  // namespace pipeline
