#include "orchestrator/alerts/channel_check.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/http/webhook.h"
#include "common/io/file.h"
#include "common/stage/secrets.h"

namespace pipeline {
namespace {

void require_readable(const std::string& ca_file) {
  if (!ca_file.empty()) static_cast<void>(FileSource(ca_file));
}

/// The value of `judge` for a secret; its errors name the place.
template <typename Judge>
void judge_secret(const SecretReference& place, std::vector<std::string>& not_looked_at,
                  const Judge& judge) {
  if (place.source == SecretReference::Source::none) return;
  if (place.source == SecretReference::Source::secretsmanager) {
    not_looked_at.push_back(fmt::format("{} in {}", place.what, place.text()));
    return;
  }
  const Secret secret = resolve_secret(place);
  try {
    judge(secret);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", place.where, error.message()));
  }
}

struct Look {
  std::vector<std::string>& not_looked_at;

  void operator()(const CommandAlert&) const {}
  void operator()(const SnsAlert&) const {}
  void operator()(const WebhookAlert& webhook) const {
    judge_secret(webhook.url_place, not_looked_at,
                 [](const Secret& url) { http::require_can_post({.secret_url = url}); });
    judge_secret(webhook.authorization, not_looked_at,
                 [](const Secret& value) { http::require_can_post({.authorization = value}); });
    require_readable(webhook.ca_file);
  }
  void operator()(const MailAlert& mail) const {
    judge_secret(mail.password, not_looked_at, [](const Secret&) {});
    require_readable(mail.ca_file);
  }
};

}  // namespace

std::vector<std::string> require_can_send(const AlertChannel& channel) {
  std::vector<std::string> not_looked_at;
  std::visit(Look{not_looked_at}, channel.kind);
  return not_looked_at;
}

}  // namespace pipeline
