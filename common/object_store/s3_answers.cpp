#include "common/object_store/s3_answers.h"

#include <charconv>

#include <fmt/core.h>

#include "common/aws/xml.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

[[noreturn]] void not_understood(std::string_view what) {
  throw Error(ErrorKind::unavailable,
              fmt::format("the store's answer is not understood: {}", what));
}

int hex_digit(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  return -1;
}

/// As encoding-type=url writes keys: %XX, and a blank as "+" at AWS, as %20 elsewhere.
std::string url_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const int high = at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
    const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
    if (text[at] == '%' && high >= 0 && low >= 0) {
      decoded += static_cast<char>(high * 16 + low);
      at += 2;
    } else if (text[at] == '%') {
      not_understood("a key with a broken %XX");
    } else {
      decoded += text[at] == '+' ? ' ' : text[at];
    }
  }
  return decoded;
}

std::uint64_t number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    not_understood("an object without a size");
  }
  return value;
}

}  // namespace

bool is_whole_xml(std::string_view xml) {
  return aws::parse_xml(xml).has_value();
}

S3ErrorText parse_s3_error(std::string_view xml) {
  const auto document = aws::parse_xml(xml);
  if (!document) return {};
  const aws::XmlElement* error = &*document;
  if (error->name == "ErrorResponse") error = error->child("Error");
  if (error == nullptr || error->name != "Error") return {};
  return {.code = error->text_of("Code"),
          .message = error->text_of("Message"),
          .request_id = error->text_of("RequestId"),
          .server_time = error->text_of("ServerTime")};
}

S3ListPage parse_s3_list(std::string_view xml) {
  const auto root = aws::parse_xml(xml);
  if (!root) not_understood("a list that is not whole");
  if (root->name != "ListBucketResult") not_understood("no list");
  const bool encoded = root->text_of("EncodingType") == "url";
  S3ListPage page;
  for (const auto& entry : root->children) {
    if (entry.name != "Contents") continue;
    const std::string& key = entry.text_of("Key");
    if (key.empty()) not_understood("an object without a key");
    ObjectInfo info{.key = encoded ? url_decoded(key) : key,
                    .size_bytes = number(entry.text_of("Size")),
                    .etag = plain_etag(entry.text_of("ETag"))};
    if (const auto modified = parse_utc(entry.text_of("LastModified"))) info.modified = *modified;
    page.objects.push_back(std::move(info));
  }
  if (root->text_of("IsTruncated") == "true") {
    page.next_token = root->text_of("NextContinuationToken");
    if (page.next_token.empty()) not_understood("a part of a list without the way to the next");
  }
  return page;
}

std::string s3_result_value(std::string_view xml, std::string_view root, std::string_view name) {
  const auto document = aws::parse_xml(xml);
  const aws::XmlElement* value =
      document && document->name == root ? document->child(name) : nullptr;
  if (value == nullptr) not_understood(fmt::format("no {} with {}", root, name));
  return value->text;
}

std::string plain_etag(std::string_view etag) {
  etag = trim(etag);
  if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"')) {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

}  // namespace pipeline
