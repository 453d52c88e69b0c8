#include "common/http/webhook.h"

#include <optional>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/json.h"
#include "common/http/endpoint.h"
#include "common/http/said.h"
#include "common/http/small_answer.h"

namespace pipeline::http {
namespace {

constexpr std::size_t answer_bytes_max = 4096;
constexpr std::size_t words_bytes_max = 200;

Error refusal(const std::string& origin, const SmallAnswer& answer) {
  if (answer.status >= 300 && answer.status < 400) {
    return Error(
        ErrorKind::access_denied,
        fmt::format("{} answers {}: a redirect, which is not followed", origin, answer.status));
  }
  const bool passing = answer.status == 429 || answer.status >= 500;
  const std::string words = said_in_one_line(answer.body, words_bytes_max);
  return Error(
      passing ? ErrorKind::unavailable : ErrorKind::access_denied,
      fmt::format("{} answers {}{}{}", origin, answer.status, words.empty() ? "" : ": ", words));
}

/// What the answer says of itself; empty unless that is no.
std::optional<std::string> refusal_in(const std::string& body) {
  try {
    const Json answer = Json::parse(body);
    const Json* ok = answer.is_object() ? answer.find("ok") : nullptr;
    if (ok == nullptr || !ok->is_bool() || ok->as_bool()) return {};
    const Json* error = answer.find("error");
    return said_in_one_line(error == nullptr ? body : error->dump(), words_bytes_max);
  } catch (const Error&) {  // no JSON: Slack's own answer is "ok"
    return {};
  }
}

}  // namespace

void keep_path_secret(const Secret& url) {
  const std::string& text = url.reveal();
  const auto path = text.find('/', text.find("://") + 3);
  if (path != std::string::npos) const Secret known(text.substr(path));
}

void require_can_post(const Webhook& webhook) {
  const std::string& url = webhook.secret_url.empty() ? webhook.url : webhook.secret_url.reveal();
  if (!url.empty()) static_cast<void>(endpoint_of(url));
  require_header("Authorization", webhook.authorization.reveal());
}

std::string post_json(const Webhook& webhook, const std::string& body, const PostOptions& options) {
  const bool is_secret = !webhook.secret_url.empty();
  const std::string& url = is_secret ? webhook.secret_url.reveal() : webhook.url;
  const std::string origin = endpoint_of(url).origin();
  if (is_secret) keep_path_secret(webhook.secret_url);
  Request request{.method = Method::post,
                  .url = url,
                  .headers = {{"Content-Type", "application/json; charset=utf-8"},
                              {"User-Agent", "nightly-pipeline"}},
                  .body = body};
  if (!webhook.authorization.empty()) {
    request.headers.emplace_back("Authorization", webhook.authorization.reveal());
  }
  Client client({.ca_file = webhook.ca_file, .check_cancelled = options.check_cancelled});
  const bool by_ok = options.success == PostOptions::Success::by_status_and_ok;
  const SmallAnswer answer = send_small(
      client, request,
      {.retry = options.retry,
       .clock = options.clock,
       .check_cancelled = options.check_cancelled,
       .body = by_ok ? SmallRequestOptions::Body::heard : SmallRequestOptions::Body::for_messages,
       .body_bytes_max = answer_bytes_max,
       .will_retry = options.will_retry,
       .left = options.left});
  if (!answer.succeeded()) throw refusal(origin, answer);
  if (const auto no = by_ok ? refusal_in(answer.body) : std::nullopt) {
    throw Error(ErrorKind::access_denied, fmt::format("{} answers {}, but with \"ok\": false: {}",
                                                      origin, answer.status, *no));
  }
  return fmt::format("{} answers {}", origin, answer.status);
}

}  // namespace pipeline::http
