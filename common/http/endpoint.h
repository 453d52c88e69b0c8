// Where a service is reached: an endpoint as people write it, taken apart and judged.
#pragma once

#include <string>
#include <string_view>

namespace pipeline::http {

struct Endpoint {
  enum class Security { tls, plain } security = Security::tls;
  std::string host;
  int port = 0;  // 0: the scheme's own

  /// "host:9000"; without the port where it is the scheme's own. What a Host header says.
  std::string authority() const;
  /// "https://host:9000"
  std::string origin() const;
};

/// "localhost", names below it, 127.0.0.0/8 as a number, and ::1.
bool is_loopback(std::string_view host);

/// Reads "https://host" or "https://host:port", with or without a slash at the end. Throws
/// config_invalid for anything else, and for http:// to a host that is not this one: credentials
/// must not travel in clear text.
Endpoint parse_endpoint(std::string_view text);

/// The endpoint of a whole URL, "https://host:port/path?query". Throws as parse_endpoint(), and
/// for a user or password before the host and bytes that a URL does not have. What stands behind
/// the host may be a secret: no message shows it.
Endpoint endpoint_of(std::string_view url);

}  // namespace pipeline::http
