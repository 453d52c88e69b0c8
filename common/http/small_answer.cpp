#include "common/http/small_answer.h"

#include <charconv>
#include <span>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
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
  if (answer.status() >= 200 && answer.status() < 300) return body;
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
    if (error.kind() != ErrorKind::unavailable) throw;
  }
  body.resize(size);
  return body;
}

}  // namespace

SmallAnswer send_small(Client& client, const Request& request, const SmallRequestOptions& options) {
  for (int attempt = 1;; ++attempt) {
    const bool last = attempt >= options.retry.attempts_max;
    std::optional<std::chrono::seconds> server_asks;
    try {
      const auto answer = client.send(request);
      SmallAnswer small{.status = answer->status(), .body = body_of(*answer, options)};
      const bool passing = small.status == 429 || small.status >= 500 || options.is_passing(small);
      if (!passing || last) return small;
      server_asks = seconds_of(answer->header("retry-after"));
      log::debug("attempt {} was answered with {}, trying again", attempt, small.status);
      options.will_retry(fmt::format("answered with {}", small.status));
    } catch (const Error& error) {
      if (last || error.kind() != ErrorKind::unavailable) throw;
      log::debug("attempt {} failed, trying again: {}", attempt, error.what());
      options.will_retry(error.message());
    }
    wait_for_retry(options.retry, attempt, server_asks, *options.clock, options.check_cancelled);
  }
}

}  // namespace pipeline::http
