#include "common/aws/metadata_credentials.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/core.h>

#include "common/aws/credential_answers.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/http/endpoint.h"
#include "common/http/small_answer.h"
#include "common/io/file.h"

namespace pipeline::aws {
namespace {

constexpr std::size_t token_bytes_max = 64U << 10U;
constexpr std::string_view roles_path = "/latest/meta-data/iam/security-credentials/";

/// Of the whole URL: the part between "//" and the path, without a port.
std::string host_of(std::string_view url) {
  const auto begin = url.find("://") + 3;
  std::string_view authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  if (authority.starts_with('[')) return std::string(authority.substr(1, authority.find(']') - 1));
  return std::string(authority.substr(0, authority.find(':')));
}

/// Besides loopback: link-local addresses that ECS and EKS answer at.
bool may_be_asked_in_clear_text(std::string_view host) {
  static constexpr std::array<std::string_view, 3> container_hosts = {
      "169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
  return http::is_loopback(host) ||
         std::ranges::find(container_hosts, host) != container_hosts.end();
}

std::optional<Secret> container_token(const Variables& variables) {
  std::string token;
  if (const auto path = variables("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    try {
      token = trim(read_file(*path, token_bytes_max));
    } catch (const Error& error) {
      throw Error(ErrorKind::access_denied,
                  fmt::format("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {}", error.message()));
    }
    if (token.empty()) {
      throw Error(ErrorKind::access_denied,
                  fmt::format("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {} is empty", *path));
    }
  } else if (const auto value = variables("AWS_CONTAINER_AUTHORIZATION_TOKEN")) {
    token = *value;
  } else {
    return {};
  }
  if (token.find_first_of("\r\n") != std::string::npos) {
    throw Error(ErrorKind::access_denied, "the authorization token holds a line break");
  }
  return Secret(std::move(token));
}

int number_of(const Variables& variables, const std::string& name, int least, int otherwise) {
  const auto text = variables(name);
  if (!text) return otherwise;
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < least || value > 3600) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("{} is no number from {} to 3600", name, least));
  }
  return value;
}

std::string instance_origin(const MetadataOptions& options) {
  auto given = options.variables("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (!given) return options.hosts.instance_origin;
  while (given->ends_with('/')) given->pop_back();
  if (!given->starts_with("http://") && !given->starts_with("https://")) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("AWS_EC2_METADATA_SERVICE_ENDPOINT is \"{}\", not http://host",
                            head(*given, 100)));
  }
  return *given;
}

Error refused(std::string_view what, int status) {
  return Error(status >= 500 || status == 429 ? ErrorKind::unavailable : ErrorKind::access_denied,
               fmt::format("{} is answered with {}", what, status));
}

}  // namespace

std::optional<std::string> container_url(const MetadataHosts& hosts, const Variables& variables) {
  if (const auto path = variables("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
    if (!path->starts_with('/')) {
      throw Error(ErrorKind::config_invalid,
                  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash");
    }
    return hosts.container_origin + *path;
  }
  auto url = variables("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!url) return {};
  if (url->starts_with("https://")) return url;
  if (!url->starts_with("http://")) {
    throw Error(ErrorKind::config_invalid,
                "AWS_CONTAINER_CREDENTIALS_FULL_URI begins with neither https:// nor http://");
  }
  // "http://localhost@elsewhere/" reads like this host and is another one.
  const auto path_begin = url->find_first_of("/?#", 7);
  if (url->substr(0, path_begin).find('@') != std::string::npos ||
      !may_be_asked_in_clear_text(host_of(*url))) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("AWS_CONTAINER_CREDENTIALS_FULL_URI would be asked in clear text at "
                            "{}; only a loopback address, 169.254.170.2 and 169.254.170.23 may be",
                            host_of(*url)));
  }
  return url;
}

Credentials fetch_container_credentials(const std::string& url, const MetadataOptions& options) {
  http::Request request{.method = http::Method::get, .url = url, .headers = {}, .body = {}};
  request.headers.emplace_back("Accept", "application/json");
  if (const auto token = container_token(options.variables)) {
    request.headers.emplace_back("Authorization", token->reveal());
  }
  http::ClientOptions limits = options.http;
  limits.connect_limit = std::chrono::seconds(2);
  limits.silence_limit = std::chrono::seconds(5);
  http::Client client(limits);
  const auto answer = http::send_small(client, request,
                                       {.retry = {.attempts_max = 3},
                                        .clock = options.clock,
                                        .check_cancelled = options.http.check_cancelled});
  if (!answer.succeeded()) throw refused("the request for the container's keys", answer.status);
  return parse_json_credentials(answer.body, JsonAnswer::container);
}

Credentials fetch_instance_credentials(const MetadataOptions& options) {
  const std::string origin = instance_origin(options);
  http::ClientOptions limits = options.http;
  limits.connect_limit =
      std::chrono::seconds(number_of(options.variables, "AWS_METADATA_SERVICE_TIMEOUT", 1, 1));
  limits.silence_limit = limits.connect_limit;
  http::Client client(limits);
  const http::SmallRequestOptions retries{
      .retry = {.attempts_max =
                    number_of(options.variables, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", 1, 2)},
      .clock = options.clock,
      .check_cancelled = options.http.check_cancelled};
  const auto token =
      http::send_small(client,
                       {.method = http::Method::put,
                        .url = origin + "/latest/api/token",
                        .headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}},
                        .body = {}},
                       retries);
  if (!token.succeeded() || token.body.empty()) {
    throw refused("the request for a token of IMDSv2", token.status);
  }
  const Secret header{std::string(trim(token.body))};
  const auto ask = [&](const std::string& path) {
    return http::send_small(client,
                            {.method = http::Method::get,
                             .url = origin + path,
                             .headers = {{"x-aws-ec2-metadata-token", header.reveal()}},
                             .body = {}},
                            retries);
  };
  const auto roles = ask(std::string(roles_path));
  const std::string role(trim(std::string_view(roles.body).substr(0, roles.body.find('\n'))));
  if (roles.status == 404 || (roles.succeeded() && role.empty())) {
    throw Error(ErrorKind::access_denied, "the instance has no role");
  }
  if (!roles.succeeded()) throw refused("the request for the instance's role", roles.status);
  if (role.find_first_of("/?# ") != std::string::npos) {
    throw Error(ErrorKind::access_denied, "the instance's role has no name that can be asked for");
  }
  const auto keys = ask(std::string(roles_path) + role);
  if (!keys.succeeded()) throw refused("the request for the role's keys", keys.status);
  return parse_json_credentials(keys.body, JsonAnswer::instance);
}

InstanceMetadata instance_metadata(const Variables& variables) {
  const auto value = variables("AWS_EC2_METADATA_DISABLED");
  return value && to_lower(*value) == "true" ? InstanceMetadata::disabled
                                             : InstanceMetadata::enabled;
}

}  // namespace pipeline::aws
