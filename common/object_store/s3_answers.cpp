#include "common/object_store/s3_answers.h"

#include <charconv>
#include <cstring>

#include <fmt/core.h>
#include <pugixml.hpp>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

/// Neither DOCTYPE nor entities of its own are read, so a document cannot grow beyond its text.
bool load(pugi::xml_document& document, std::string_view xml) {
  return static_cast<bool>(
      document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8));
}

[[noreturn]] void not_understood(std::string_view what) {
  throw Error(ErrorKind::unavailable,
              fmt::format("the store's answer is not understood: {}", what));
}

std::string child(const pugi::xml_node& node, const char* name) {
  return node.child_value(name);
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
  pugi::xml_document document;
  return load(document, xml) && document.document_element();
}

S3ErrorText parse_s3_error(std::string_view xml) {
  pugi::xml_document document;
  if (!load(document, xml)) return {};
  pugi::xml_node root = document.document_element();
  if (std::strcmp(root.name(), "ErrorResponse") == 0) root = root.child("Error");
  if (std::strcmp(root.name(), "Error") != 0) return {};
  return {.code = child(root, "Code"),
          .message = child(root, "Message"),
          .request_id = child(root, "RequestId"),
          .server_time = child(root, "ServerTime")};
}

S3ListPage parse_s3_list(std::string_view xml) {
  pugi::xml_document document;
  if (!load(document, xml)) not_understood("a list that is not whole");
  const pugi::xml_node root = document.document_element();
  if (std::strcmp(root.name(), "ListBucketResult") != 0) not_understood("no list");
  const bool encoded = child(root, "EncodingType") == "url";
  S3ListPage page;
  for (const auto& entry : root.children("Contents")) {
    const std::string key = child(entry, "Key");
    if (key.empty()) not_understood("an object without a key");
    ObjectInfo info{.key = encoded ? url_decoded(key) : key,
                    .size_bytes = number(child(entry, "Size")),
                    .etag = plain_etag(child(entry, "ETag"))};
    if (const auto modified = parse_utc(child(entry, "LastModified"))) info.modified = *modified;
    page.objects.push_back(std::move(info));
  }
  if (child(root, "IsTruncated") == "true") {
    page.next_token = child(root, "NextContinuationToken");
    if (page.next_token.empty()) not_understood("a part of a list without the way to the next");
  }
  return page;
}

std::string s3_result_value(std::string_view xml, std::string_view root, std::string_view name) {
  pugi::xml_document document;
  const bool whole = load(document, xml);
  const pugi::xml_node found = document.document_element();
  const pugi::xml_node value = found.child(std::string(name).c_str());
  if (!whole || root != found.name() || !value) {
    not_understood(fmt::format("no {} with {}", root, name));
  }
  return value.child_value();
}

std::string plain_etag(std::string_view etag) {
  etag = trim(etag);
  if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"')) {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

}  // namespace pipeline
