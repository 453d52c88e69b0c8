// AWS Signature Version 4 as pure functions: from a request to the header that proves who sent it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/aws/credentials.h"

namespace pipeline::aws {

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// The payload is not part of the signature; only where TLS or a length guards it.
inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

/// A request as it will be sent.
struct SignableRequest {
  std::string method;        // upper case
  std::string path;          // as it is sent, percent-encoded once: encode_path()
  Parameters query;          // plain names and values; sent as encode_query() writes them
  Parameters headers;        // those that are signed; "host" must be one
  std::string payload_hash;  // SHA-256 in lower-case hex, or unsigned_payload
};

struct SigningScope {
  std::string region;   // us-east-1
  std::string service;  // s3
};

/// Every byte but A-Z a-z 0-9 - . _ ~ as %XX.
std::string percent_encode(std::string_view text);
/// The same, but slashes stay.
std::string encode_path(std::string_view path);
/// "a=1&b=": encoded and in the order of the encoded names, then values. Names without a value
/// keep their "=".
std::string encode_query(const Parameters& query);

/// "20260131T220000Z"
std::string amz_date(Instant instant);

/// The path is taken as it stands: S3 neither encodes a second time nor joins segments.
std::string canonical_request(const SignableRequest& request);
std::string string_to_sign(std::string_view canonical_request, Instant instant,
                           const SigningScope& scope);
/// Lower-case hex.
std::string signature(const Secret& secret_access_key, std::string_view string_to_sign,
                      Instant instant, const SigningScope& scope);

/// The headers to send: those of the request, x-amz-date, x-amz-content-sha256, with a session
/// token x-amz-security-token, and Authorization. All but the last are signed.
Parameters signed_headers(SignableRequest request, const Credentials& credentials, Instant instant,
                          const SigningScope& scope);

}  // namespace pipeline::aws
