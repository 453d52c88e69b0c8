#include "common/object_store/object_key.h"

#include <algorithm>
#include <string>

#include <fmt/core.h>

#include "common/base/control_characters.h"
#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

constexpr std::size_t key_bytes_max = 1024;  // as S3 has it

std::string printable(std::string_view key) {
  std::string text(head(key, 200));
  std::ranges::replace_if(text, is_control, '?');
  return text;
}

}  // namespace

bool is_object_key(std::string_view key) {
  if (key.empty() || key.size() > key_bytes_max || std::ranges::any_of(key, is_control))
    return false;
  const auto segments = split(key, '/');
  return std::ranges::none_of(segments, [](const std::string& segment) {
    return segment.empty() || segment == "." || segment == "..";
  });
}

void require_object_key(std::string_view key) {
  if (is_object_key(key)) return;
  throw Error(ErrorKind::config_invalid,
              fmt::format("\"{}\" is no object key: keys have no leading slash, no empty, \".\" or "
                          "\"..\" part and no control characters",
                          printable(key)));
}

}  // namespace pipeline
