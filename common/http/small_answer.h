// Requests whose answers are a page of text, sent again while that can help.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "common/base/clock.h"
#include "common/http/http_client.h"
#include "common/http/retry_delay.h"

namespace pipeline::http {

struct SmallAnswer {
  int status = 0;
  std::string body;
  bool succeeded() const { return status >= 200 && status < 300; }
};

struct SmallRequestOptions {
  RetryLimits retry;
  Clock* clock = &system_clock();
  /// Throws to end the work; called while the next attempt is waited for.
  std::function<void()> check_cancelled = [] {};
  /// Whether the body is what was asked for, or only tells why an answer is no 2xx: then the body
  /// of a 2xx is not read, and of others what comes of the first body_bytes_max bytes. `heard` is
  /// what comes of those of a 2xx too.
  enum class Body { needed, for_messages, heard } body = Body::needed;
  std::size_t body_bytes_max = 1U << 20U;
  /// Told why an attempt failed that is made again.
  std::function<void(const std::string& why)> will_retry = [](const std::string&) {};
  /// Refusals that pass, besides 429 and 5xx.
  std::function<bool(const SmallAnswer&)> is_passing = [](const SmallAnswer&) { return false; };
  /// How much time there is for all attempts. Given: a server that asks to come again later (the
  /// header Retry-After) is waited for as long as it asks, or given up at once if that is longer.
  /// Not given: it is waited for as long as `retry` allows.
  std::function<std::chrono::milliseconds()> left = {};
};

/// The whole answer of the last attempt, whatever its status. A lost connection, an answer cut
/// short, 429 and 5xx are tried again after a drawn wait that doubles. Throws what Client::send
/// throws, resource_exhausted for a needed body that is too long, and unavailable for a server that
/// asks to wait longer than there is time.
SmallAnswer send_small(Client& client, const Request& request, const SmallRequestOptions& options);

}  // namespace pipeline::http
