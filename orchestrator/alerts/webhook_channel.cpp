// The channels of type webhook and slack: a POST of JSON.
#include <fmt/core.h>

#include "common/base/error.h"
#include "common/http/webhook.h"
#include "orchestrator/alerts/channels.h"
#include "orchestrator/alerts/outgoing.h"
#include "orchestrator/alerts/webhook_body.h"

namespace pipeline {

std::string send_webhook(const WebhookAlert& webhook, const AlertMessage& composed,
                         Sending& sending) {
  http::Webhook hook{.url = webhook.url, .ca_file = webhook.ca_file};
  if (webhook.url.empty()) {
    hook.secret_url = sending.fetch(webhook.url_place);
    http::keep_path_secret(hook.secret_url);
  }
  if (webhook.authorization.source != SecretReference::Source::none) {
    hook.authorization = sending.fetch(webhook.authorization);
  }
  const AlertMessage message = outgoing(composed);
  const bool slack = webhook.body == WebhookAlert::Body::slack;
  try {
    return http::post_json(hook, slack ? slack_body(message) : webhook_body(message),
                           {.retry = alert_retry,
                            .clock = &sending.clock(),
                            .check_cancelled = [&] { sending.check(); },
                            .will_retry = [&](const std::string& why) { sending.will_retry(why); },
                            .left = [&] { return sending.left(); },
                            .success = slack ? http::PostOptions::Success::by_status_and_ok
                                             : http::PostOptions::Success::by_status});
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::config_invalid || !webhook.url.empty()) throw;
    throw Error(error.kind(), fmt::format("{}: {}", webhook.url_place.where, error.message()));
  }
}

}  // namespace pipeline
