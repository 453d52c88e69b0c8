// Both sides write the request in one canonical form, hash it, and sign the hash with a key that is
// good for one day, region and service. Each rule of the form (what is encoded, sorted, trimmed)
// must be followed to the byte, or the service answers SignatureDoesNotMatch. What is sent is
// therefore made by the same functions as what is signed.
#include "common/aws/sigv4.h"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "common/base/clock.h"
#include "common/base/text.h"

namespace pipeline::aws {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

bool is_unreserved(char byte) {
  return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
         (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

std::string encode(std::string_view text, std::string_view kept) {
  std::string encoded;
  encoded.reserve(text.size());
  for (const char byte : text) {
    if (is_unreserved(byte) || kept.find(byte) != std::string_view::npos) {
      encoded += byte;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(byte));
    }
  }
  return encoded;
}

/// Without blanks at the ends, inner runs of blanks as one.
std::string normalized_value(std::string_view value) {
  std::string normalized;
  for (const char byte : trim(value)) {
    const char shown = byte == '\t' || byte == '\n' ? ' ' : byte;
    if (shown == ' ' && normalized.ends_with(' ')) continue;
    normalized += shown;
  }
  return normalized;
}

/// Lower-case name -> values joined by commas in their order; a map keeps the names sorted.
std::map<std::string, std::string> canonical_headers(const Parameters& headers) {
  std::map<std::string, std::string> canonical;
  for (const auto& [name, value] : headers) {
    const auto [at, first] = canonical.try_emplace(to_lower(name), normalized_value(value));
    if (!first) at->second += "," + normalized_value(value);
  }
  return canonical;
}

std::string header_names(const std::map<std::string, std::string>& headers) {
  std::string names;
  for (const auto& [name, value] : headers) names += (names.empty() ? "" : ";") + name;
  return names;
}

std::string scope_text(Instant instant, const SigningScope& scope) {
  return fmt::format("{}/{}/{}/aws4_request", amz_date(instant).substr(0, 8), scope.region,
                     scope.service);
}

}  // namespace

std::string percent_encode(std::string_view text) {
  return encode(text, "");
}

std::string encode_path(std::string_view path) {
  return encode(path, "/");
}

std::string encode_query(const Parameters& query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [name, value] : query) {
    encoded.emplace_back(percent_encode(name), percent_encode(value));
  }
  std::ranges::sort(encoded);
  std::string text;
  for (const auto& [name, value] : encoded) {
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
  }
  return text;
}

std::string amz_date(Instant instant) {
  const std::string iso = format_utc(instant).substr(0, 19);  // 2026-01-31T22:00:00
  return replace_all(replace_all(iso, "-", ""), ":", "") + "Z";
}

std::string canonical_request(const SignableRequest& request) {
  const auto headers = canonical_headers(request.headers);
  std::string text =
      fmt::format("{}\n{}\n{}\n", request.method, request.path, encode_query(request.query));
  for (const auto& [name, value] : headers) text += fmt::format("{}:{}\n", name, value);
  return text + fmt::format("\n{}\n{}", header_names(headers), request.payload_hash);
}

std::string string_to_sign(std::string_view canonical_request, Instant instant,
                           const SigningScope& scope) {
  return fmt::format("{}\n{}\n{}\n{}", algorithm, amz_date(instant), scope_text(instant, scope),
                     sha256_hex(canonical_request));
}

std::string signature(const Secret& secret_access_key, std::string_view string_to_sign,
                      Instant instant, const SigningScope& scope) {
  std::string key = "AWS4" + secret_access_key.reveal();
  for (const std::string& part :
       {amz_date(instant).substr(0, 8), scope.region, scope.service, std::string("aws4_request")}) {
    key = hmac_sha256(key, part);
  }
  const std::string code = hmac_sha256(key, string_to_sign);
  return hex({reinterpret_cast<const unsigned char*>(code.data()), code.size()});
}

Parameters signed_headers(SignableRequest request, const Credentials& credentials, Instant instant,
                          const SigningScope& scope) {
  request.headers.emplace_back("x-amz-date", amz_date(instant));
  request.headers.emplace_back("x-amz-content-sha256", request.payload_hash);
  if (!credentials.session_token.empty()) {
    request.headers.emplace_back("x-amz-security-token", credentials.session_token.reveal());
  }
  const std::string to_sign = string_to_sign(canonical_request(request), instant, scope);
  request.headers.emplace_back(
      "Authorization",
      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm,
                  credentials.access_key_id.reveal(), scope_text(instant, scope),
                  header_names(canonical_headers(request.headers)),
                  signature(credentials.secret_access_key, to_sign, instant, scope)));
  return std::move(request.headers);
}

}  // namespace pipeline::aws
