// The channel of type smtp: one mail to everybody, over verified TLS.
#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/http/mail_sender.h"
#include "orchestrator/alerts/channels.h"
#include "orchestrator/alerts/mail_text.h"
#include "orchestrator/alerts/outgoing.h"

namespace pipeline {
namespace {

http::MailServer server_of(const MailAlert& alert, Sending& sending) {
  http::MailServer server{
      .host = alert.host, .port = alert.port, .ca_file = alert.ca_file, .username = alert.username};
  switch (alert.tls) {
    case MailAlert::Tls::starttls:
      server.security = http::MailServer::Security::starttls;
      break;
    case MailAlert::Tls::implicit:
      server.security = http::MailServer::Security::implicit_tls;
      break;
    case MailAlert::Tls::insecure_plaintext:
      server.security = http::MailServer::Security::plain;
      break;
  }
  if (!alert.username.empty()) server.password = sending.fetch(alert.password, alert.username);
  return server;
}

/// One for all attempts: a mail that arrives twice is shown once.
std::string message_id(const AlertMessage& message, const std::string& now) {
  return sha256_hex(now + message.run_id + message.subject).substr(0, 32);
}

http::Mail mail_of(const MailAlert& alert, const AlertMessage& message, Clock& clock) {
  const auto now = clock.now();
  http::Mail mail{.from = alert.from.address,
                  .to = {},
                  .text = compose_mail(
                      {.from = alert.from,
                       .to = alert.to,
                       .date = now,
                       .id = message_id(message, std::to_string(now.time_since_epoch().count()))},
                      message)};
  for (const auto& box : alert.to) mail.to.push_back(box.address);
  return mail;
}

}  // namespace

std::string send_alert_mail(const MailAlert& alert, const AlertMessage& composed,
                            Sending& sending) {
  const http::MailServer server = server_of(alert, sending);
  const http::Mail mail = mail_of(alert, outgoing(composed), sending.clock());
  const auto check = [&] { sending.check(); };
  http::MailReceipt receipt;
  for (int attempt = 1;; ++attempt) {
    try {
      receipt = http::send_mail(server, mail, {.check_cancelled = check});
      break;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unavailable || attempt >= alert_retry.attempts_max) throw;
      sending.will_retry(error.message());
    }
    wait_for_retry(alert_retry, attempt, {}, sending.clock(), check);
  }
  std::string said = fmt::format("{}:{} took the mail", server.host, server.port);
  if (!receipt.refusals.empty()) {
    said += fmt::format(", and refused in part: {}", join(receipt.refusals, "; "));
    log::warn("{}", said);
  }
  return said;
}

}  // namespace pipeline
