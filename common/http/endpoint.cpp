#include "common/http/endpoint.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "common/base/error.h"

namespace pipeline::http {
namespace {

[[noreturn]] void refuse(std::string message) {
  throw Error(ErrorKind::config_invalid, std::move(message));
}

bool is_host_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '-' || byte == '.';
}

}  // namespace

std::string Endpoint::authority() const {
  const int own_port = security == Security::tls ? 443 : 80;
  return port == 0 || port == own_port ? host : fmt::format("{}:{}", host, port);
}

std::string Endpoint::origin() const {
  return fmt::format("{}://{}", security == Security::tls ? "https" : "http", authority());
}

bool is_loopback(std::string_view host) {
  // 127.0.0.1 and its like; 127.0.0.1.example.org is a name.
  const bool number = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "::1" || host.ends_with(".localhost") ||
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
  if (endpoint.host.empty() || !std::ranges::all_of(endpoint.host, is_host_byte)) {
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

Endpoint endpoint_of(std::string_view url) {
  const bool printable =
      std::ranges::all_of(url, [](char byte) { return byte > 0x20 && byte < 0x7f; });
  if (!printable) refuse("the URL holds a blank, a line break or a byte that is not ASCII");
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) refuse("the URL does not begin with https://");
  const auto origin = url.substr(0, url.find_first_of("/?#", scheme_end + 3));
  if (origin.find('@') != std::string_view::npos) {
    refuse("the URL holds a user or a password before its host; name an authorization instead");
  }
  return parse_endpoint(origin);
}

}  // namespace pipeline::http
