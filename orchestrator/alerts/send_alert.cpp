#include "orchestrator/alerts/send_alert.h"

#include <utility>
#include <variant>

#include <fmt/core.h>

#include "common/base/log.h"
#include "common/base/secret.h"
#include "orchestrator/alerts/channels.h"
#include "orchestrator/alerts/command_channel.h"
#include "orchestrator/alerts/outgoing.h"

namespace pipeline {
namespace {

constexpr std::string_view alert_not_sent = "Alert.NotSent";

AlertReport sent(const AlertChannel& channel, const AlertMessage& message, std::string_view said) {
  Json output = Json::object();
  output.set("channel", channel.name);
  output.set("subject", message.subject);
  AlertReport report;
  report.task.outcome = TaskSuccess{.output = std::move(output)};
  report.said = redact(said);
  return report;
}

AlertReport not_sent(ErrorKind kind, const std::string& cause) {
  AlertReport report;
  report.failure = kind;
  if (kind == ErrorKind::cancelled) {
    report.task.outcome = TaskCancelled{};
    return report;
  }
  log::error("{}", cause);
  report.task.outcome = TaskFailure{.error = std::string(alert_not_sent), .cause = redact(cause)};
  return report;
}

AlertReport by_program(const AlertChannel& channel, const CommandAlert& command,
                       const AlertMessage& message, const AlertOptions& options,
                       const TaskRunner::Started& started, std::stop_token stop) {
  const CommandChannel program{.name = channel.name,
                               .argv = command.argv,
                               .environment = options.environment,
                               .time_limit = options.time_limit,
                               .log_path = options.log_path};
  const CommandEnd ended = run_alert_command(program, message, started, std::move(stop));
  AlertReport report = ended.failure
                           ? not_sent(*ended.failure, ended.cause)
                           : sent(channel, message, command.argv.front() + " ended with 0");
  report.task.exit_code = ended.exit_code;
  report.task.signal = ended.signal;
  return report;
}

struct Send {
  const AlertMessage& message;
  Sending& sending;

  std::string operator()(const WebhookAlert& webhook) const {
    return send_webhook(webhook, message, sending);
  }
  std::string operator()(const MailAlert& mail) const {
    return send_alert_mail(mail, message, sending);
  }
  std::string operator()(const SnsAlert& sns) const { return publish_alert(sns, message, sending); }
  std::string operator()(const CommandAlert&) const {
    require(false, "a program is no channel of this process");
    return {};
  }
};

}  // namespace

AlertReport send_alert(const AlertChannel& channel, const AlertMessage& message,
                       const AlertOptions& options, const TaskRunner::Started& started,
                       std::stop_token stop) {
  if (const auto* command = std::get_if<CommandAlert>(&channel.kind)) {
    return by_program(channel, *command, outgoing(message), options, started, std::move(stop));
  }
  Sending sending(
      {.config = options.config, .time_limit = options.time_limit, .log_path = options.log_path},
      std::move(stop));
  started({.pid = {}, .log_path = options.log_path});
  try {
    const std::string said = std::visit(Send{message, sending}, channel.kind);
    sending.note("sent: " + said);
    return sent(channel, outgoing(message), said);
  } catch (...) {
    const Error error = current_error();
    sending.note("not sent: " + error.message());
    return not_sent(
        error.kind(),
        fmt::format("the alert \"{}\" was not sent by the channel {} ({}): {}",
                    outgoing(message).subject, channel.name, channel.type(), error.message()));
  }
}

}  // namespace pipeline
