#include "common/aws/service_client.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "common/aws/sigv4.h"
#include "common/base/text.h"

namespace pipeline::aws {
namespace {

constexpr std::size_t words_bytes_max = 300;

/// Codes of a 400 that pass.
bool is_throttling(std::string_view code) {
  static constexpr std::array<std::string_view, 5> codes = {
      "Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded",
      "IDPCommunicationError"};
  return std::ranges::find(codes, code) != codes.end();
}

bool is_region(std::string_view region) {
  return !region.empty() && std::ranges::all_of(region, [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-';
  });
}

/// SECRETS_MANAGER of "secretsmanager", as AWS names the variables.
std::string variable_name(std::string_view service) {
  if (service == "secretsmanager") return "SECRETS_MANAGER";
  std::string name(service);
  std::ranges::transform(name, name.begin(), [](char byte) {
    return byte >= 'a' && byte <= 'z' ? static_cast<char>(byte - 'a' + 'A') : byte;
  });
  return name;
}

}  // namespace

Service service_at(std::string_view name, std::string_view region, const Variables& variables) {
  if (!is_region(region)) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("\"{}\" is no region of AWS, such as ap-northeast-1", region));
  }
  Service service{.name = std::string(name), .region = std::string(region), .endpoint = {}};
  const std::string own = "AWS_ENDPOINT_URL_" + variable_name(name);
  for (const auto& variable : {own, std::string("AWS_ENDPOINT_URL")}) {
    const auto url = variables(variable);
    if (!url) continue;
    try {
      service.endpoint = http::parse_endpoint(*url);
    } catch (const Error& error) {
      throw Error(error.kind(), fmt::format("{}: {}", variable, error.message()));
    }
    return service;
  }
  service.endpoint.host =
      fmt::format("{}.{}.amazonaws.com{}", name, region, region.starts_with("cn-") ? ".cn" : "");
  return service;
}

ServiceClient::ServiceClient(ServiceOptions options)
    : options_(std::move(options)), http_(options_.http) {}

ServiceClient::Reply ServiceClient::call(const Service& service, const ServiceCall& call,
                                         const Credentials* credentials) {
  http::Request request{.method = http::Method::post,
                        .url = service.endpoint.origin() + "/",
                        .headers = call.headers,
                        .body = call.body};
  if (credentials != nullptr) {
    SignableRequest to_sign{.method = "POST",
                            .path = "/",
                            .query = {},
                            .headers = call.headers,
                            .payload_hash = sha256_hex(call.body)};
    to_sign.headers.emplace_back("Host", service.endpoint.authority());
    request.headers = signed_headers(std::move(to_sign), *credentials, options_.clock->now(),
                                     {.region = service.region, .service = service.name});
  }
  const http::SmallRequestOptions limits{
      .retry = options_.retry,
      .clock = options_.clock,
      .check_cancelled = options_.http.check_cancelled,
      .will_retry = options_.will_retry,
      .is_passing =
          [](const http::SmallAnswer& answer) {
            return !answer.succeeded() && is_throttling(parse_refusal(answer.body).code);
          },
      .left = options_.left};
  http::SmallAnswer answer;
  try {
    answer = http::send_small(http_, request, limits);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", call.what, error.message()));
  }
  Reply reply{.status = answer.status, .body = {}, .refusal = {}};
  if (reply.succeeded()) {
    reply.body = std::move(answer.body);
    return reply;
  }
  reply.refusal = parse_refusal(answer.body);
  if (answer.status == 429 || answer.status >= 500 || is_throttling(reply.refusal.code)) {
    throw Error(ErrorKind::unavailable,
                fmt::format("{}: {} answers {} {}", call.what, service.endpoint.origin(),
                            answer.status, head(reply.refusal.code, 60)));
  }
  return reply;
}

Error refusal_error(const ServiceCall& call, const ServiceClient::Reply& reply) {
  const auto& [code, message, request_id] = reply.refusal;
  std::string words = fmt::format("{} is refused with {}", call.what, reply.status);
  if (!code.empty()) words = fmt::format("{} is refused: {}", call.what, head(code, 60));
  if (!message.empty()) words += fmt::format(": {}", head(message, words_bytes_max));
  Error error(ErrorKind::access_denied, std::move(words));
  return request_id.empty() ? error : std::move(error).with("request_id", head(request_id, 60));
}

}  // namespace pipeline::aws
