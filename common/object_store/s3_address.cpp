#include "common/object_store/s3_address.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/core.h>

#include "common/aws/sigv4.h"
#include "common/base/error.h"
#include "common/object_store/object_key.h"

namespace pipeline {
namespace {

constexpr std::string_view scheme = "s3://";

[[noreturn]] void refuse(std::string message) {
  throw Error(ErrorKind::config_invalid, std::move(message));
}

bool is_lower_or_digit(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

bool is_bucket_name(std::string_view name) {
  const auto fits = [](char byte) { return is_lower_or_digit(byte) || byte == '-' || byte == '.'; };
  return name.size() >= 3 && name.size() <= 63 && std::ranges::all_of(name, fits) &&
         is_lower_or_digit(name.front()) && is_lower_or_digit(name.back()) &&
         name.find("..") == std::string_view::npos;
}

bool is_region(std::string_view region) {
  return !region.empty() && std::ranges::all_of(region, [](char byte) {
    return is_lower_or_digit(byte) || byte == '-';
  });
}

struct Endpoint {
  enum class Security { tls, plain } security = Security::tls;
  std::string host;
  int port = 0;  // 0: the scheme's own
};

bool is_loopback(std::string_view host) {
  // 127.0.0.1 and its like; 127.0.0.1.example.org is a name.
  const bool number = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host.ends_with(".localhost") ||
         (number && host.starts_with("127."));
}

Endpoint parse_endpoint(std::string_view text) {
  const std::string shown(text);
  Endpoint endpoint;
  if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    endpoint.security = Endpoint::Security::plain;
    text.remove_prefix(7);
  } else {
    refuse(fmt::format("the endpoint \"{}\" does not begin with https://", shown));
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  const auto colon = text.find(':');
  endpoint.host = text.substr(0, colon);
  const auto fits = [](char byte) {
    return is_lower_or_digit(byte) || (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '.';
  };
  if (endpoint.host.empty() || !std::ranges::all_of(endpoint.host, fits)) {
    refuse(fmt::format("the endpoint \"{}\" is not https://host or https://host:port", shown));
  }
  if (colon != std::string_view::npos) {
    const auto digits = text.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
    if (error != std::errc() || end != digits.data() + digits.size() || endpoint.port < 1 ||
        endpoint.port > 65535) {
      refuse(fmt::format("the endpoint \"{}\" has no port from 1 to 65535 after its colon", shown));
    }
  }
  if (endpoint.security == Endpoint::Security::plain && !is_loopback(endpoint.host)) {
    refuse(fmt::format(
        "the endpoint \"{}\" would be reached in clear text; only a loopback address may be",
        shown));
  }
  return endpoint;
}

}  // namespace

std::string S3Address::path_of(std::string_view full_key) const {
  if (full_key.empty()) return root_path;
  return fmt::format("{}{}{}", root_path, root_path == "/" ? "" : "/", aws::encode_path(full_key));
}

S3Address s3_address(std::string_view url, std::string_view endpoint_text, std::string_view region,
                     S3Addressing addressing) {
  if (!url.starts_with(scheme)) {
    refuse(fmt::format("the store \"{}\" is not s3://bucket or s3://bucket/prefix", url));
  }
  if (!is_region(region)) {
    refuse(fmt::format("the store {} needs its region, such as ap-northeast-1; \"{}\" is none", url,
                       region));
  }
  S3Address address;
  const std::string_view rest = url.substr(scheme.size());
  const auto slash = rest.find('/');
  address.bucket = rest.substr(0, slash);
  if (!is_bucket_name(address.bucket)) {
    refuse(fmt::format("\"{}\" of the store {} is no name of a bucket", address.bucket, url));
  }
  if (slash != std::string_view::npos && slash + 1 < rest.size()) {
    std::string_view prefix = rest.substr(slash + 1);
    if (prefix.ends_with('/')) prefix.remove_suffix(1);
    require_object_key(prefix);
    address.prefix = std::string(prefix) + "/";
  }

  const bool at_aws = endpoint_text.empty();
  Endpoint endpoint = at_aws ? Endpoint{.host = fmt::format("s3.{}.amazonaws.com", region)}
                             : parse_endpoint(endpoint_text);
  if (addressing == S3Addressing::by_endpoint) {
    addressing = at_aws && address.bucket.find('.') == std::string::npos
                     ? S3Addressing::virtual_host
                     : S3Addressing::path;
  }
  const bool tls = endpoint.security == Endpoint::Security::tls;
  if (addressing == S3Addressing::virtual_host) {
    if (tls && address.bucket.find('.') != std::string::npos) {
      refuse(fmt::format(
          "no certificate fits the virtual host of the bucket \"{}\"; use addressing: path",
          address.bucket));
    }
    endpoint.host = address.bucket + "." + endpoint.host;
    address.root_path = "/";
  } else {
    address.root_path = "/" + address.bucket;
  }
  const int own_port = tls ? 443 : 80;
  address.host = endpoint.host;
  if (endpoint.port != 0 && endpoint.port != own_port) {
    address.host += fmt::format(":{}", endpoint.port);
  }
  address.origin = fmt::format("{}://{}", tls ? "https" : "http", address.host);
  return address;
}

}  // namespace pipeline
