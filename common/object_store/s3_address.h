// Which bucket a URL means, and how its objects are addressed.
#pragma once

#include <string>
#include <string_view>

namespace pipeline {

/// Where a request for an object goes: what stands in its URL and in its Host header.
struct S3Address {
  std::string bucket;
  std::string prefix;     // before every key; empty or with a slash at its end
  std::string origin;     // "https://host:9000", for virtual hosts with the bucket in it
  std::string host;       // "host:9000"; without the port where it is the scheme's own
  std::string root_path;  // "/" or "/bucket", not encoded: bucket names need no encoding

  /// "/bucket/dumps/a%20b"; root_path for the bucket itself (an empty key).
  std::string path_of(std::string_view full_key) const;
};

enum class S3Addressing {
  by_endpoint,   // virtual hosts at AWS, paths at an endpoint of one's own
  path,          // https://host/bucket/key
  virtual_host,  // https://bucket.host/key
};

/// `url` is "s3://bucket" or "s3://bucket/prefix". `endpoint` is "https://host" or
/// "https://host:port", empty for AWS in that region; plain http is taken for loopback addresses
/// alone. Throws config_invalid for anything else, and for a bucket with a dot in its name as a
/// virtual host under TLS, which no certificate fits.
S3Address s3_address(std::string_view url, std::string_view endpoint, std::string_view region,
                     S3Addressing addressing);

}  // namespace pipeline
