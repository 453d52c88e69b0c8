#include "orchestrator/alerts/command_channel.h"

#include <utility>

#include <fmt/core.h>

#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/process/child_process.h"

namespace pipeline {
namespace {

constexpr std::string_view alert_not_sent = "Alert.NotSent";

std::string what_happened(const ChildResult& ended, const CommandChannel& channel) {
  if (ended.stopped_by == ChildResult::StoppedBy::time_limit) {
    return fmt::format("was stopped after {} s", channel.time_limit.count() / 1000);
  }
  return "ended with " + ended.text();
}

}  // namespace

TaskReport send_alert(const CommandChannel& channel, const AlertMessage& message,
                      const TaskRunner::Started& started, std::stop_token stop) {
  const ChildOptions child{.argv = channel.argv,
                           .environment = channel.environment,
                           .input = redact(message.to_json().dump()) + "\n",
                           .log_path = channel.log_path,
                           .time_limit = channel.time_limit};
  const ChildResult ended = run_child(
      child, [&](pid_t pid) { started({.pid = pid, .log_path = channel.log_path}); },
      std::move(stop));
  TaskReport report;
  if (ended.end == ChildResult::End::exited) report.exit_code = ended.exit_code;
  report.signal = ended.signal;
  if (ended.succeeded() && ended.stopped_by == ChildResult::StoppedBy::nobody) {
    Json output = Json::object();
    output.set("channel", channel.name);
    output.set("subject", message.subject);
    report.outcome = TaskSuccess{.output = std::move(output)};
  } else if (ended.stopped_by == ChildResult::StoppedBy::request) {
    report.outcome = TaskCancelled{};
  } else {
    const std::string cause = fmt::format(
        "the alert \"{}\" was not sent: {} of the channel {} {}; its log: {}", message.subject,
        channel.argv.front(), channel.name, what_happened(ended, channel), channel.log_path);
    log::error("{}", cause);
    report.outcome = TaskFailure{.error = std::string(alert_not_sent), .cause = cause};
  }
  return report;
}

}  // namespace pipeline
