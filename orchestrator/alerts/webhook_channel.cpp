#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/http/endpoint.h"
#include "common/http/small_answer.h"
#include "orchestrator/alerts/channels.h"
#include "orchestrator/alerts/webhook_body.h"

namespace pipeline {
namespace {

constexpr std::size_t answer_bytes_max = 4096;
constexpr std::size_t words_bytes_max = 200;

struct Address {
  std::string url;
  std::string origin;  // all of it that a message may show
};

Address address_of(const WebhookAlert& webhook, Sending& sending) {
  if (!webhook.url.empty()) {
    return {.url = webhook.url, .origin = http::endpoint_of(webhook.url).origin()};
  }
  const Secret url = sending.fetch(webhook.url_place);
  const auto& text = url.reveal();
  std::string origin;
  try {
    origin = http::endpoint_of(text).origin();
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", webhook.url_place.where, error.message()));
  }
  // What a server says may have the path alone.
  const auto path = text.find('/', text.find("://") + 3);
  if (path != std::string::npos) const Secret known(text.substr(path));
  return {.url = text, .origin = std::move(origin)};
}

std::string one_line(std::string_view text) {
  std::string line(trim(text));
  for (char& byte : line) {
    if (static_cast<unsigned char>(byte) < 0x20) byte = ' ';
  }
  return head(line, words_bytes_max);
}

Error refusal(const std::string& origin, const http::SmallAnswer& answer) {
  if (answer.status >= 300 && answer.status < 400) {
    return Error(
        ErrorKind::access_denied,
        fmt::format("{} answers {}: a redirect, which is not followed", origin, answer.status));
  }
  const bool passing = answer.status == 429 || answer.status >= 500;
  const std::string words = one_line(answer.body);
  return Error(
      passing ? ErrorKind::unavailable : ErrorKind::access_denied,
      fmt::format("{} answers {}{}{}", origin, answer.status, words.empty() ? "" : ": ", words));
}

}  // namespace

std::string send_webhook(const WebhookAlert& webhook, const AlertMessage& message,
                         Sending& sending) {
  const Address address = address_of(webhook, sending);
  http::Request request{.method = http::Method::post,
                        .url = address.url,
                        .headers = {{"Content-Type", "application/json; charset=utf-8"},
                                    {"User-Agent", "nightly-pipeline"}},
                        .body = webhook.body == WebhookAlert::Body::slack ? slack_body(message)
                                                                          : webhook_body(message)};
  if (webhook.authorization.source != SecretReference::Source::none) {
    request.headers.emplace_back("Authorization", sending.fetch(webhook.authorization).reveal());
  }
  const auto check = [&] { sending.check(); };
  http::Client client({.ca_file = webhook.ca_file, .check_cancelled = check});
  const auto answer =
      http::send_small(client, request,
                       {.retry = alert_retry,
                        .clock = &sending.clock(),
                        .check_cancelled = check,
                        .body = http::SmallRequestOptions::Body::for_messages,
                        .body_bytes_max = answer_bytes_max,
                        .will_retry = [&](const std::string& why) { sending.will_retry(why); }});
  if (!answer.succeeded()) throw refusal(address.origin, answer);
  return fmt::format("{} answers {}", address.origin, answer.status);
}

}  // namespace pipeline
