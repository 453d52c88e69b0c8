// The channels by which an alert leaves this process; each in a .cpp of its own.
#pragma once

#include "common/stage/alert_config.h"
#include "orchestrator/alerts/message.h"
#include "orchestrator/alerts/sending.h"

namespace pipeline {

/// Each fetches its secrets, which makes them known to the redactor, then sends what outgoing()
/// makes of the message, and returns what the other side said, for the log. Attempts are repeated
/// as far as the time of `sending` goes. Throws unavailable, timed_out, access_denied (a refusal, a
/// certificate, a login, a redirect), config_invalid, cancelled; no message holds a secret.
std::string send_webhook(const WebhookAlert& webhook, const AlertMessage& message,
                         Sending& sending);
std::string send_alert_mail(const MailAlert& alert, const AlertMessage& message, Sending& sending);
std::string publish_alert(const SnsAlert& sns, const AlertMessage& message, Sending& sending);

}  // namespace pipeline
