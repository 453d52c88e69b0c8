#include "orchestrator/alerts/command_channel.h"

#include <utility>

#include <fmt/core.h>

#include "common/process/child_process.h"

namespace pipeline {
namespace {

std::string what_happened(const ChildResult& ended, const CommandChannel& channel) {
  if (ended.stopped_by == ChildResult::StoppedBy::time_limit) {
    return fmt::format("was stopped after {} s", channel.time_limit.count() / 1000);
  }
  return "ended with " + ended.text();
}

std::optional<ErrorKind> failure_of(const ChildResult& ended) {
  switch (ended.stopped_by) {
    case ChildResult::StoppedBy::nobody:
      if (ended.succeeded()) return {};
      return ErrorKind::unavailable;
    case ChildResult::StoppedBy::time_limit:
      return ErrorKind::timed_out;
    case ChildResult::StoppedBy::request:
      return ErrorKind::cancelled;
  }
  return ErrorKind::unavailable;
}

}  // namespace

CommandEnd run_alert_command(const CommandChannel& channel, const AlertMessage& message,
                             const TaskRunner::Started& started, std::stop_token stop) {
  const ChildOptions child{.argv = channel.argv,
                           .environment = channel.environment,
                           .input = message.to_json().dump() + "\n",
                           .log_path = channel.log_path,
                           .time_limit = channel.time_limit};
  const ChildResult ended = run_child(
      child, [&](pid_t pid) { started({.pid = pid, .log_path = channel.log_path}); },
      std::move(stop));
  CommandEnd end{
      .failure = failure_of(ended), .cause = {}, .exit_code = {}, .signal = ended.signal};
  if (ended.end == ChildResult::End::exited) end.exit_code = ended.exit_code;
  if (end.failure) {
    end.cause = fmt::format("the alert \"{}\" was not sent: {} of the channel {} {}; its log: {}",
                            message.subject, channel.argv.front(), channel.name,
                            what_happened(ended, channel), channel.log_path);
  }
  return end;
}

}  // namespace pipeline
