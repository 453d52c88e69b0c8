#include "common/http/small_answer.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/http/endpoint.h"
#include "common/io/file.h"

namespace pipeline::http {
namespace {

std::optional<std::chrono::seconds> seconds_of(const std::string& text) {
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return std::chrono::seconds(seconds);
}

std::string body_of(Answer& answer, const SmallRequestOptions& options) {
  if (options.body == SmallRequestOptions::Body::needed) {
    return read_all(answer, options.body_bytes_max);
  }
  std::string body;
  const bool success = answer.status() >= 200 && answer.status() < 300;
  if (success && options.body == SmallRequestOptions::Body::for_messages) return body;
  body.resize(options.body_bytes_max);
  std::size_t size = 0;
  try {
    while (size < body.size()) {
      const std::size_t count = answer.read(std::span(body).subspan(size));
      if (count == 0) break;
      size += count;
      options.check_cancelled();
    }
  } catch (const Error& error) {
    // A success that was heard stays one, however long its words are waited for.
    const bool in_time = error.kind() != ErrorKind::timed_out || !success;
    if (error.kind() != ErrorKind::unavailable && in_time) throw;
  }
  body.resize(size);
  return body;
}

/// The limits of one wait, in which the server is heard if there is time for it.
RetryLimits limits_of_wait(const SmallRequestOptions& options, const Request& request, int status,
                           std::optional<std::chrono::seconds> server_asks) {
  RetryLimits limits = options.retry;
  if (!server_asks || !options.left) return limits;
  // In seconds: an absurd number of them must not overflow.
  if (*server_asks > std::chrono::duration_cast<std::chrono::seconds>(options.left())) {
    throw Error(
        ErrorKind::unavailable,
        fmt::format("{} answers {} and asks to come again after {} s, when the time is over",
                    endpoint_of(request.url).origin(), status, server_asks->count()));
  }
  limits.delay_max = std::max<std::chrono::milliseconds>(limits.delay_max, *server_asks);
  return limits;
}

}  // namespace

SmallAnswer send_small(Client& client, const Request& request, const SmallRequestOptions& options) {
  for (int attempt = 1;; ++attempt) {
    const bool last = attempt >= options.retry.attempts_max;
    std::optional<std::chrono::seconds> server_asks;
    int status = 0;
    try {
      const auto answer = client.send(request);
      SmallAnswer small{.status = answer->status(), .body = body_of(*answer, options)};
      const bool passing = small.status == 429 || small.status >= 500 || options.is_passing(small);
      if (!passing || last) return small;
      server_asks = seconds_of(answer->header("retry-after"));
      status = small.status;
      log::debug("attempt {} was answered with {}, trying again", attempt, small.status);
      options.will_retry(fmt::format("answered with {}", small.status));
    } catch (const Error& error) {
      if (last || error.kind() != ErrorKind::unavailable) throw;
      log::debug("attempt {} failed, trying again: {}", attempt, error.what());
      options.will_retry(error.message());
    }
    wait_for_retry(limits_of_wait(options, request, status, server_asks), attempt, server_asks,
                   *options.clock, options.check_cancelled);
  }
}

}  // namespace pipeline::http
