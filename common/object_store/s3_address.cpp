#include "common/object_store/s3_address.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/aws/sigv4.h"
#include "common/base/error.h"
#include "common/http/endpoint.h"
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
  http::Endpoint endpoint = at_aws
                                ? http::Endpoint{.host = fmt::format("s3.{}.amazonaws.com", region)}
                                : http::parse_endpoint(endpoint_text);
  if (addressing == S3Addressing::by_endpoint) {
    addressing = at_aws && address.bucket.find('.') == std::string::npos
                     ? S3Addressing::virtual_host
                     : S3Addressing::path;
  }
  const bool tls = endpoint.security == http::Endpoint::Security::tls;
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
  address.host = endpoint.authority();
  address.origin = endpoint.origin();
  return address;
}

}  // namespace pipeline
