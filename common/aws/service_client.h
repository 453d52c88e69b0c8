// Signed calls of AWS's services that answer with a page of text: STS, Secrets Manager.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "common/aws/credential_answers.h"
#include "common/aws/credentials.h"
#include "common/aws/variables.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/http/endpoint.h"
#include "common/http/http_client.h"
#include "common/http/small_answer.h"

namespace pipeline::aws {

/// What every call shares.
struct ServiceOptions {
  http::ClientOptions http;
  RetryLimits retry{.attempts_max = 4};
  /// As in SmallRequestOptions; called by the thread that calls the service.
  std::function<void(const std::string& why)> will_retry = [](const std::string&) {};
  std::function<std::chrono::milliseconds()> left = {};
  Clock* clock = &system_clock();
  Variables variables = process_variables();
};

/// One service in one region.
struct Service {
  std::string name;    // "sts": of the signature
  std::string region;  // of the signature
  http::Endpoint endpoint;
};

/// The service at AWS, in the partition of the region, or where AWS_ENDPOINT_URL_STS (of its name)
/// or AWS_ENDPOINT_URL say. Throws config_invalid for a region or an endpoint that is none.
Service service_at(std::string_view name, std::string_view region, const Variables& variables);

struct ServiceCall {
  http::Headers headers;  // Content-Type, X-Amz-Target
  std::string body;
  std::string what;  // "sts:AssumeRole of arn:...", for messages
};

/// Thread-safe; keeps connections.
class ServiceClient {
 public:
  explicit ServiceClient(ServiceOptions options);

  /// The body of a 2xx; the refusal otherwise, of which the caller knows what it means. Lost
  /// connections, 429, 5xx and throttling are tried again. Throws unavailable where that did not
  /// help, else what http::Client throws, with the service's host. nullptr: unsigned.
  struct Reply {
    int status = 0;
    std::string body;  // of a 2xx
    ServiceRefusal refusal;
    bool succeeded() const { return status >= 200 && status < 300; }
  };
  Reply call(const Service& service, const ServiceCall& call, const Credentials* credentials);

  const ServiceOptions& options() const { return options_; }
  http::Client& http() { return http_; }

 private:
  ServiceOptions options_;
  http::Client http_;
};

/// access_denied: "sts:AssumeRole of arn:... is refused: AccessDenied: words of the service".
Error refusal_error(const ServiceCall& call, const ServiceClient::Reply& reply);

}  // namespace pipeline::aws
