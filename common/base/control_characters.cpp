#include "common/base/control_characters.h"

namespace pipeline {

bool is_control(char byte) {
  return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f;
}

std::string blank_controls(std::string_view text, std::string_view kept) {
  std::string result(text);
  for (std::size_t i = 0; i < result.size(); ++i) {
    // UTF-8 writes U+0080 to U+009F as 0xc2 and one byte.
    const auto next = i + 1 < result.size() ? static_cast<unsigned char>(result[i + 1]) : 0U;
    if (static_cast<unsigned char>(result[i]) == 0xc2 && next >= 0x80 && next < 0xa0) {
      result[i] = ' ';
      result[++i] = ' ';
    } else if (is_control(result[i]) && kept.find(result[i]) == std::string_view::npos) {
      result[i] = ' ';
    }
  }
  return result;
}

}  // namespace pipeline
