// Text as Python sees it: characters instead of bytes, case, quoting, and numbers as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pipeline::jinja::python {

/// Takes the first character off `text` (not empty). A byte that is no UTF-8 is a character of its
/// own with the value of the byte.
char32_t take_character(std::string_view& text);
void append_character(std::string& text, char32_t character);
/// One view a character; valid as long as `text`.
std::vector<std::string_view> characters(std::string_view text);
std::int64_t length(std::string_view text);
/// Columns that the character takes on a terminal: 2 for East Asian wide ones.
int display_width(char32_t character);

bool is_space(char32_t character);
bool is_alphabetic(char32_t character);
bool is_digit(char32_t character);
bool is_upper(char32_t character);
bool is_lower(char32_t character);
char32_t to_upper(char32_t character);
char32_t to_lower(char32_t character);

std::string upper(std::string_view text);
std::string lower(std::string_view text);
/// First character upper case, the rest lower.
std::string capitalize(std::string_view text);

enum class Side { left, right, both };
/// Without the characters of `set` at the sides named; an empty set means white space.
std::string_view strip(std::string_view text, Side side, std::string_view set = {});

/// Python's repr of a str: 'it', "it's", escapes for what cannot be printed.
std::string repr(std::string_view text);
/// Python's repr of a float: the shortest text that reads back, 1.0, 1e+16, inf, nan.
std::string repr(double number);
/// "%.<precision>f"
std::string fixed(double number, int precision);

}  // namespace pipeline::jinja::python
