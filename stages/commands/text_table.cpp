#include "stages/commands/text_table.h"

#include <algorithm>
#include <cstdint>

#include <fmt/core.h>

namespace pipeline {
namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

// The wide ones of UAX #11 that texts of the source hold: Hangul, kana, CJK, full-width forms.
constexpr Range wide[] = {
    {0x1100, 0x115f}, {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},  {0x4e00, 0x9fff},
    {0xa000, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},  {0xff00, 0xff60},
    {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

bool is_wide(std::uint32_t character) {
  return std::ranges::any_of(wide, [&](const Range& range) {
    return character >= range.first && character <= range.last;
  });
}

}  // namespace

std::size_t shown_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    std::uint32_t character = bytes == 1 ? lead : lead & (0xffU >> (bytes + 1));
    for (std::size_t k = 1; k < bytes && i + k < text.size(); ++k) {
      character = (character << 6U) | (static_cast<unsigned char>(text[i + k]) & 0x3fU);
    }
    width += is_wide(character) ? 2U : 1U;
    i += bytes;
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are control characters too; UTF-8 writes them as 0xc2 and one byte.
    const bool c1 =
        byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte < 0x20 || byte == 0x7f || c1) {
      shown += fmt::format("\\x{:02x}", c1 ? static_cast<unsigned char>(text[++i]) : byte);
    } else {
      shown += text[i];
    }
  }
  return shown;
}

void print_columns(const std::vector<std::vector<std::string>>& lines) {
  std::vector<std::vector<std::string>> shown = lines;
  std::vector<std::size_t> widths;
  for (auto& line : shown) {
    widths.resize(std::max(widths.size(), line.size()));
    for (std::size_t i = 0; i < line.size(); ++i) {
      line[i] = printable(line[i]);
      widths[i] = std::max(widths[i], shown_width(line[i]));
    }
  }
  for (const auto& line : shown) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += line[i];
      if (i + 1 < line.size()) text += std::string(widths[i] - shown_width(line[i]) + 2, ' ');
    }
    fmt::print("{}\n", text.substr(0, text.find_last_not_of(' ') + 1));
  }
}

}  // namespace pipeline
