#include "common/http/webhook.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/http/endpoint.h"
#include "common/http/small_answer.h"

namespace pipeline::http {
namespace {

constexpr std::size_t answer_bytes_max = 4096;
constexpr std::size_t words_bytes_max = 200;

/// Makes the path known to the redactor too, which a server may repeat alone.
void keep_path_secret(const std::string& url) {
  const auto path = url.find('/', url.find("://") + 3);
  if (path != std::string::npos) const Secret known(url.substr(path));
}

std::string one_line(std::string_view text) {
  std::string line(trim(text));
  for (char& byte : line) {
    if (static_cast<unsigned char>(byte) < 0x20) byte = ' ';
  }
  return head(redact(line), words_bytes_max);
}

Error refusal(const std::string& origin, const SmallAnswer& answer) {
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

std::string post_json(const Webhook& webhook, const std::string& body, const PostOptions& options) {
  const bool is_secret = !webhook.secret_url.empty();
  const std::string& url = is_secret ? webhook.secret_url.reveal() : webhook.url;
  const std::string origin = endpoint_of(url).origin();
  if (is_secret) keep_path_secret(url);
  Request request{.method = Method::post,
                  .url = url,
                  .headers = {{"Content-Type", "application/json; charset=utf-8"},
                              {"User-Agent", "nightly-pipeline"}},
                  .body = body};
  if (!webhook.authorization.empty()) {
    request.headers.emplace_back("Authorization", webhook.authorization.reveal());
  }
  Client client({.ca_file = webhook.ca_file, .check_cancelled = options.check_cancelled});
  const SmallAnswer answer = send_small(client, request,
                                        {.retry = options.retry,
                                         .clock = options.clock,
                                         .check_cancelled = options.check_cancelled,
                                         .body = SmallRequestOptions::Body::for_messages,
                                         .body_bytes_max = answer_bytes_max,
                                         .will_retry = options.will_retry});
  if (!answer.succeeded()) throw refusal(origin, answer);
  return fmt::format("{} answers {}", origin, answer.status);
}

}  // namespace pipeline::http
