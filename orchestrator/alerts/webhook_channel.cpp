// The channels of type webhook and slack: a POST of JSON.
#include "common/http/webhook.h"
#include "orchestrator/alerts/channel_check.h"
#include "orchestrator/alerts/channels.h"
#include "orchestrator/alerts/outgoing.h"
#include "orchestrator/alerts/webhook_body.h"

namespace pipeline {

std::string send_webhook(const WebhookAlert& webhook, const AlertMessage& composed,
                         Sending& sending) {
  http::Webhook hook{.url = webhook.url, .ca_file = webhook.ca_file};
  if (webhook.url.empty()) {
    hook.secret_url = sending.fetch(webhook.url_place);
    require_can_post_to(webhook.url_place, hook.secret_url);
    http::keep_path_secret(hook.secret_url);
  }
  if (webhook.authorization.source != SecretReference::Source::none) {
    hook.authorization = sending.fetch(webhook.authorization);
    require_can_post_with(webhook.authorization, hook.authorization);
  }
  const AlertMessage message = outgoing(composed);
  const bool slack = webhook.body == WebhookAlert::Body::slack;
  return http::post_json(hook, slack ? slack_body(message) : webhook_body(message),
                         {.retry = alert_retry,
                          .clock = &sending.clock(),
                          .check_cancelled = [&] { sending.check(); },
                          .will_retry = [&](const std::string& why) { sending.will_retry(why); },
                          .left = [&] { return sending.left(); },
                          .success = slack ? http::PostOptions::Success::by_status_and_ok
                                           : http::PostOptions::Success::by_status});
}

}  // namespace pipeline
