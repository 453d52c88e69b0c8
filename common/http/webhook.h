// Posts JSON to a URL that may be a secret, with an authorization that is one.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "common/base/clock.h"
#include "common/base/secret.h"
#include "common/http/retry_delay.h"

namespace pipeline::http {

struct Webhook {
  std::string url;
  Secret secret_url;     // instead of url, if it is not empty
  Secret authorization;  // the value of that header; empty: it is not sent
  std::string ca_file;   // certificate authorities to trust, and no others; empty: the system's
};

struct PostOptions {
  RetryLimits retry;
  Clock* clock = &system_clock();
  std::function<void()> check_cancelled = [] {};  // throws to end the work
  std::function<void(const std::string& why)> will_retry = [](const std::string&) {};
  /// How much time there is; see SmallRequestOptions. Empty: nobody knows.
  std::function<std::chrono::milliseconds()> left = {};
  /// What says that the other side took it: its status alone, or also that the JSON of its answer,
  /// if it is any, does not say {"ok": false}.
  enum class Success { by_status, by_status_and_ok } success = Success::by_status;
};

/// Makes the path of a URL that is a secret known to the redactor too: a server may repeat it
/// alone.
void keep_path_secret(const Secret& url);

/// Throws config_invalid where no request can be made: a URL that endpoint_of() refuses, an
/// authorization with a line break. What is empty is not judged. No message holds a secret.
void require_can_post(const Webhook& webhook);

/// Returns "https://host answers 204" for a 2xx, whose body is not read unless `success` asks for
/// it. Lost connections, 429 and 5xx are tried again. Throws unavailable where that did not help,
/// access_denied for every other answer (a redirect is not followed; "ok": false) and for a
/// certificate that is not to be trusted,
/// config_invalid for a URL that endpoint_of() refuses. Messages show the host and the begin of the
/// answer, and nothing else of the URL.
std::string post_json(const Webhook& webhook, const std::string& body, const PostOptions& options);

}  // namespace pipeline::http
