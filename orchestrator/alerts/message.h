// Composes the alert about a run: a pure function of what the history holds.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/base/json.h"
#include "orchestrator/history/run_store.h"

namespace pipeline {

/// Written for someone who was woken: what failed and why, what is done and safe, what to type.
struct AlertMessage {
  std::string subject;
  std::string text;
  std::string run_id;
  BusinessDate business_date;
  std::string state;  // that failed
  std::string error;  // "Pipeline.SqlRejected"
  std::string cause;
  std::string command;  // reruns the failed layer alone; empty if nothing failed
  std::string log_path;

  /// {"subject","text","run_id","business_date","state","error","cause","command","log"}
  Json to_json() const;
};

struct MessageOptions {
  std::string program;      // "orchestrator"
  std::string config_path;  // for the command line
  /// What pipeline.yaml takes from the environment, by name; it stands before the commands, since
  /// the shell in which they are typed has not got it. Never a secret.
  std::vector<std::pair<std::string, std::string>> variables = {};
};

/// About the state whose attempt failed last in the run so far; notify tasks themselves do not
/// count. A run in which none failed gives a message that says so.
AlertMessage compose_message(const RunDetail& run, const MessageOptions& options);

}  // namespace pipeline
