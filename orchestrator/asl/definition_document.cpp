// The document of a definition: YAML, or JSON with what YAML does not know of it.
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "common/base/text.h"
#include "orchestrator/asl/definition_reader.h"

namespace pipeline::asl {
namespace {

/// The four hexadecimal digits behind "\\u" at `at`; nullopt if there are none.
std::optional<std::uint32_t> escaped_unit(std::string_view text, std::size_t at) {
  if (text.size() < at + 6 || text.substr(at, 2) != "\\u") return {};
  std::uint32_t unit = 0;
  const char* const begin = text.data() + at + 2;
  const auto parsed = std::from_chars(begin, begin + 4, unit, 16);
  if (parsed.ec != std::errc{} || parsed.ptr != begin + 4) return {};
  return unit;
}

// JSON may write a character outside the first plane as two escapes (an emoji is \ud83c\udd97),
// which YAML does not know. Columns behind one on the same line come out too small.
std::string with_joined_surrogates(std::string_view text) {
  std::string joined;
  joined.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      joined += text[at++];
      continue;
    }
    const auto high = escaped_unit(text, at).value_or(0);
    const auto low = escaped_unit(text, at + 6).value_or(0);
    if (high < 0xD800 || high > 0xDBFF || low < 0xDC00 || low > 0xDFFF) {
      joined += text.substr(at, 2);  // with what it escapes: the second of two backslashes too
      at += 2;
      continue;
    }
    const std::uint32_t character = 0x10000U + ((high - 0xD800U) << 10U) + (low - 0xDC00U);
    joined += static_cast<char>(0xF0U | character >> 18U);
    for (const unsigned shift : {12U, 6U, 0U}) {
      joined += static_cast<char>(0x80U | (character >> shift & 0x3FU));
    }
    at += 12;
  }
  return joined;
}

}  // namespace

YamlNode parse_document(std::string_view text, std::string_view file_name) {
  if (!trim(text).starts_with("{")) return YamlNode::parse(text, file_name);
  return YamlNode::parse(with_joined_surrogates(text), file_name);
}

}  // namespace pipeline::asl
