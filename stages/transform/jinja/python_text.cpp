#include "stages/transform/jinja/python_text.h"

#include <charconv>
#include <clocale>
#include <cmath>
#include <cwctype>
#include <utility>

#include <fmt/core.h>

namespace pipeline::jinja::python {

namespace {

// Case and classes of characters come from the C library's own tables for Unicode, whatever the
// locale of the process; without C.UTF-8 only ASCII is known.
locale_t unicode_locale() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

bool in_class(char32_t character, int (*classify)(wint_t, locale_t)) {
  const locale_t locale = unicode_locale();
  return locale != nullptr && classify(static_cast<wint_t>(character), locale) != 0;
}

bool set_holds(std::string_view set, char32_t character) {
  if (set.empty()) return is_space(character);
  while (!set.empty()) {
    if (take_character(set) == character) return true;
  }
  return false;
}

std::string_view last_character(std::string_view text) {
  std::size_t begin = text.size() - 1;
  // A character has at most three continuation bytes.
  for (int steps = 0; steps < 3 && begin > 0; ++steps, --begin) {
    if ((static_cast<unsigned char>(text[begin]) & 0xC0U) != 0x80U) break;
  }
  std::string_view tail = text.substr(begin);
  std::string_view rest = tail;
  take_character(rest);
  return rest.empty() ? tail : text.substr(text.size() - 1);
}

std::string map_characters(std::string_view text, char32_t (*change)(char32_t)) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t character = take_character(text);
    const char32_t changed = change(character);
    if (changed == character) {
      result += before.substr(0, before.size() - text.size());
    } else {
      append_character(result, changed);
    }
  }
  return result;
}

}  // namespace

char32_t take_character(std::string_view& text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  std::size_t size = 1;
  char32_t character = first;
  if (first >= 0xF0U && first < 0xF8U) {
    size = 4;
    character = first & 0x07U;
  } else if (first >= 0xE0U && first < 0xF0U) {
    size = 3;
    character = first & 0x0FU;
  } else if (first >= 0xC2U && first < 0xE0U) {
    size = 2;
    character = first & 0x1FU;
  }
  bool valid = size <= text.size();
  for (std::size_t at = 1; valid && at < size; ++at) {
    valid = (byte(at) & 0xC0U) == 0x80U;
    character = (character << 6U) | (byte(at) & 0x3FU);
  }
  if (!valid) {
    size = 1;
    character = first;
  }
  text.remove_prefix(size);
  return character;
}

void append_character(std::string& text, char32_t character) {
  const auto put = [&](char32_t bits) { text += static_cast<char>(bits); };
  if (character < 0x80) {
    put(character);
  } else if (character < 0x800) {
    put(0xC0U | (character >> 6U));
    put(0x80U | (character & 0x3FU));
  } else if (character < 0x10000) {
    put(0xE0U | (character >> 12U));
    put(0x80U | ((character >> 6U) & 0x3FU));
    put(0x80U | (character & 0x3FU));
  } else {
    put(0xF0U | (character >> 18U));
    put(0x80U | ((character >> 12U) & 0x3FU));
    put(0x80U | ((character >> 6U) & 0x3FU));
    put(0x80U | (character & 0x3FU));
  }
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::string_view before = text;
    take_character(text);
    result.push_back(before.substr(0, before.size() - text.size()));
  }
  return result;
}

std::int64_t length(std::string_view text) {
  std::int64_t count = 0;
  while (!text.empty()) {
    take_character(text);
    ++count;
  }
  return count;
}

int display_width(char32_t character) {
  const bool wide = (character >= 0x1100 && character <= 0x115F) ||
                    (character >= 0x2E80 && character <= 0xA4CF) ||
                    (character >= 0xAC00 && character <= 0xD7A3) ||
                    (character >= 0xF900 && character <= 0xFAFF) ||
                    (character >= 0xFE30 && character <= 0xFE6F) ||
                    (character >= 0xFF00 && character <= 0xFF60) ||
                    (character >= 0xFFE0 && character <= 0xFFE6) ||
                    (character >= 0x1F300 && character <= 0x3FFFD);
  return wide ? 2 : 1;
}

bool is_space(char32_t character) {
  return (character >= 0x09 && character <= 0x0D) || (character >= 0x1C && character <= 0x20) ||
         character == 0x85 || character == 0xA0 || character == 0x1680 ||
         (character >= 0x2000 && character <= 0x200A) || character == 0x2028 ||
         character == 0x2029 || character == 0x202F || character == 0x205F || character == 0x3000;
}

bool is_digit(char32_t character) {
  return character >= '0' && character <= '9';
}

bool is_alphabetic(char32_t character) {
  if (character < 0x80) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
  }
  return in_class(character, iswalpha_l);
}

bool is_upper(char32_t character) {
  return character < 0x80 ? character >= 'A' && character <= 'Z' : in_class(character, iswupper_l);
}

bool is_lower(char32_t character) {
  return character < 0x80 ? character >= 'a' && character <= 'z' : in_class(character, iswlower_l);
}

char32_t to_upper(char32_t character) {
  if (character < 0x80) return is_lower(character) ? character - 32 : character;
  const locale_t locale = unicode_locale();
  if (locale == nullptr) return character;
  return static_cast<char32_t>(towupper_l(static_cast<wint_t>(character), locale));
}

char32_t to_lower(char32_t character) {
  if (character < 0x80) return is_upper(character) ? character + 32 : character;
  const locale_t locale = unicode_locale();
  if (locale == nullptr) return character;
  return static_cast<char32_t>(towlower_l(static_cast<wint_t>(character), locale));
}

std::string upper(std::string_view text) {
  return map_characters(text, to_upper);
}

std::string lower(std::string_view text) {
  return map_characters(text, to_lower);
}

std::string capitalize(std::string_view text) {
  if (text.empty()) return {};
  const std::string_view whole = text;
  take_character(text);
  return upper(whole.substr(0, whole.size() - text.size())) + lower(text);
}

std::string_view strip(std::string_view text, Side side, std::string_view set) {
  while (side != Side::right && !text.empty()) {
    std::string_view rest = text;
    if (!set_holds(set, take_character(rest))) break;
    text = rest;
  }
  while (side != Side::left && !text.empty()) {
    const std::string_view last = last_character(text);
    std::string_view rest = last;
    if (!set_holds(set, take_character(rest))) break;
    text.remove_suffix(last.size());
  }
  return text;
}

std::string repr(std::string_view text) {
  const bool double_quotes =
      text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
  const char quote = double_quotes ? '"' : '\'';
  std::string result(1, quote);
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t character = take_character(text);
    if (character == static_cast<char32_t>(quote) || character == '\\') {
      result += '\\';
      result += static_cast<char>(character);
    } else if (character == '\n') {
      result += "\\n";
    } else if (character == '\t') {
      result += "\\t";
    } else if (character == '\r') {
      result += "\\r";
    } else if (character < 0x20 || (character >= 0x7F && character <= 0xA0) || character == 0xAD) {
      result += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(character));
    } else if (is_space(character) && character != ' ') {
      result += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(character));
    } else {
      result += before.substr(0, before.size() - text.size());
    }
  }
  result += quote;
  return result;
}

std::string repr(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  char buffer[64];
  const auto end =
      std::to_chars(std::begin(buffer), std::end(buffer), number, std::chars_format::scientific);
  std::string text(std::begin(buffer), end.ptr);
  // Python writes 1e-05 and 1e+16 from these exponents on, plain digits between them.
  const std::size_t mark = text.find('e');
  const int exponent = std::stoi(text.substr(mark + 1));
  if (exponent < -4 || exponent >= 16) return text;
  const auto plain =
      std::to_chars(std::begin(buffer), std::end(buffer), number, std::chars_format::fixed);
  text.assign(std::begin(buffer), plain.ptr);
  if (text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string fixed(double number, int precision) {
  return fmt::format("{:.{}f}", number, precision);
}

}  // namespace pipeline::jinja::python
