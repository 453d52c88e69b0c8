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

void require_can_post(const SecretReference& place, const http::Webhook& webhook) {
  try {
    http::require_can_post(webhook);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", place.where, error.message()));
  }
}

using Judge = void (*)(const SecretReference& place, const Secret& secret);

void judge_secret(const SecretReference& place, std::vector<std::string>& not_looked_at,
                  Judge judge) {
  if (place.source == SecretReference::Source::none) return;
  if (place.source == SecretReference::Source::secretsmanager) {
    not_looked_at.push_back(fmt::format("{} in {}", place.what, place.text()));
    return;
  }
  judge(place, resolve_secret(place));
}

struct Look {
  std::vector<std::string>& not_looked_at;

  void operator()(const CommandAlert&) const {}
  void operator()(const SnsAlert&) const {}
  void operator()(const WebhookAlert& webhook) const {
    judge_secret(webhook.url_place, not_looked_at, require_can_post_to);
    judge_secret(webhook.authorization, not_looked_at, require_can_post_with);
    require_readable(webhook.ca_file);
  }
  void operator()(const MailAlert& mail) const {
    judge_secret(mail.password, not_looked_at, [](const SecretReference&, const Secret&) {});
    require_readable(mail.ca_file);
  }
};

}  // namespace

void require_can_post_to(const SecretReference& place, const Secret& url) {
  require_can_post(place, {.secret_url = url});
}

void require_can_post_with(const SecretReference& place, const Secret& authorization) {
  require_can_post(place, {.authorization = authorization});
}

std::vector<std::string> require_can_send(const AlertChannel& channel) {
  std::vector<std::string> not_looked_at;
  std::visit(Look{not_looked_at}, channel.kind);
  return not_looked_at;
}

}  // namespace pipeline
