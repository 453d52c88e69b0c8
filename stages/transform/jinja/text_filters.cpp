// Filters over text and numbers.
#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/transform/jinja/builtins.h"
#include "stages/transform/jinja/json_text.h"
#include "stages/transform/jinja/methods.h"
#include "stages/transform/jinja/operators.h"
#include "stages/transform/jinja/python_text.h"
#include "stages/transform/jinja/text_format.h"

namespace pipeline::jinja {

namespace {

[[noreturn]] void fail(std::string message) {
  throw Error(ErrorKind::config_invalid, std::move(message));
}

template <std::string (*change)(std::string_view)>
Value changed(CallContext&, const Arguments& arguments) {
  return change(Bound("filter", arguments, {"value"}).value("value").str());
}

std::string same(std::string_view text) {
  return std::string(text);
}

// Upper case after white space, hyphens and opening brackets, lower case elsewhere.
std::string title(std::string_view text) {
  std::string result;
  bool begins = true;
  while (!text.empty()) {
    const char32_t character = python::take_character(text);
    python::append_character(result,
                             begins ? python::to_upper(character) : python::to_lower(character));
    begins = python::is_space(character) || character == '-' || character == '(' ||
             character == '{' || character == '[' || character == '<';
  }
  return result;
}

std::string escape(std::string_view text) {
  std::string result;
  for (const char byte : text) {
    switch (byte) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '\'':
        result += "&#39;";
        break;
      case '"':
        result += "&#34;";
        break;
      default:
        result += byte;
    }
  }
  return result;
}

std::string urlencode(std::string_view text) {
  static constexpr std::string_view unescaped_marks = "_.-~/";
  std::string result;
  for (const char byte : text) {
    const bool alphanumeric = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                              (byte >= 'A' && byte <= 'Z');
    if (alphanumeric || unescaped_marks.find(byte) != std::string_view::npos) {
      result += byte;
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(byte));
    }
  }
  return result;
}

Value trim_filter(CallContext&, const Arguments& arguments) {
  const Bound bound("trim", arguments, {"value", "chars"});
  const std::string text = bound.value("value").str();
  const Value set = bound.value_or("chars", {});
  if (set.is_none()) return python::strip(text, python::Side::both);
  if (set.as_string().empty()) return text;
  return python::strip(text, python::Side::both, set.as_string());
}

Value replace(CallContext&, const Arguments& arguments) {
  const Bound bound("replace", arguments, {"value", "old", "new", "count"});
  Arguments rest;
  rest.positional = {bound.value("old").str(), bound.value("new").str()};
  const Value count = bound.value_or("count", {});
  if (!count.is_none()) rest.positional.push_back(count);
  return find_method(Kind::string, "replace")(bound.value("value").str(), rest);
}

Value indent(CallContext&, const Arguments& arguments) {
  const Bound bound("indent", arguments, {"value", "width", "first", "blank"});
  const Value width = bound.value_or("width", 4);
  std::string margin;
  if (width.is_string()) {
    margin = width.as_string();
  } else {
    const auto columns = static_cast<std::size_t>(std::max<std::int64_t>(width.as_int(), 0));
    check_size(columns);
    margin.assign(columns, ' ');
  }
  const bool blank = bound.value_or("blank", false).truth();
  // The added line end makes an empty text one line, as Jinja has it.
  const Value lines =
      find_method(Kind::string, "splitlines")(bound.value("value").str() + "\n", {});
  std::string text;
  bool is_first = true;
  for (const Value& line : lines.as_items()) {
    if (!is_first) {
      text += '\n';
      if (blank || !line.as_string().empty()) text += margin;
    }
    text += line.as_string();
    check_size(text.size());
    is_first = false;
  }
  return bound.value_or("first", false).truth() ? margin + text : text;
}

std::string first_characters(std::string_view text, std::int64_t count) {
  return get_slice(Value(text), {}, count, {}).as_string();
}

Value truncate(CallContext&, const Arguments& arguments) {
  const Bound bound("truncate", arguments, {"value", "length", "killwords", "end", "leeway"});
  const std::string text = bound.value("value").str();
  const std::int64_t length = bound.integer_or("length", 255);
  const std::string end = bound.string_or("end", "...");
  const Value leeway = bound.value_or("leeway", {});
  const std::int64_t room = length - python::length(end);
  if (room < 0) fail("truncate: the length is shorter than the end mark");
  if (python::length(text) <= length + (leeway.is_none() ? 5 : leeway.as_int())) return text;
  std::string kept = first_characters(text, room);
  if (!bound.value_or("killwords", false).truth()) {
    const std::size_t space = kept.rfind(' ');
    if (space != std::string::npos) kept.resize(space);
  }
  return kept + end;
}

Value center(CallContext&, const Arguments& arguments) {
  const Bound bound("center", arguments, {"value", "width"});
  Arguments rest;
  rest.positional = {bound.integer_or("width", 80)};
  return find_method(Kind::string, "center")(bound.value("value").str(), rest);
}

Value wordcount(CallContext&, const Arguments& arguments) {
  const std::string text = Bound("wordcount", arguments, {"value"}).value("value").str();
  std::int64_t count = 0;
  bool in_word = false;
  for (std::string_view rest = text; !rest.empty();) {
    const char32_t character = python::take_character(rest);
    const bool word_part =
        character == '_' || python::is_digit(character) || python::is_alphabetic(character);
    if (word_part && !in_word) ++count;
    in_word = word_part;
  }
  return count;
}

Value format(CallContext&, const Arguments& arguments) {
  if (arguments.positional.empty()) fail("format needs a value");
  const std::string text = arguments.positional[0].str();
  if (!arguments.keyword.empty()) {
    if (arguments.positional.size() > 1) {
      fail("format takes positional or keyword arguments, not both");
    }
    Dict named;
    for (const auto& [name, value] : arguments.keyword) named.set(name, value);
    return printf_format(text, Value::dict(std::move(named)));
  }
  return printf_format(
      text, Value::tuple({arguments.positional.begin() + 1, arguments.positional.end()}));
}

// --- numbers

std::optional<std::int64_t> parse_integer(std::string_view text, int base) {
  text = python::strip(text, python::Side::both);
  std::string digits;
  for (const char byte : text) {
    if (byte != '_') digits += byte;
  }
  bool negative = false;
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) {
    negative = digits[0] == '-';
    digits.erase(0, 1);
  }
  const std::string prefix = to_lower(digits.substr(0, 2));
  const bool prefixed = (base == 16 && prefix == "0x") || (base == 8 && prefix == "0o") ||
                        (base == 2 && prefix == "0b");
  if (prefixed) digits.erase(0, 2);
  if (negative) digits.insert(0, "-");
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, value, base);
  if (result.ec != std::errc() || result.ptr != end || digits.empty()) return std::nullopt;
  return value;
}

std::optional<double> parse_double(std::string_view text) {
  text = python::strip(text, python::Side::both);
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> whole_part(double number) {
  // Beyond these a double does not fit into 64 bits.
  constexpr double magnitude_limit = 9.2e18;
  if (!(std::fabs(number) < magnitude_limit)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

Value int_filter(CallContext&, const Arguments& arguments) {
  const Bound bound("int", arguments, {"value", "default", "base"});
  const Value& value = bound.value("value");
  const Value fallback = bound.value_or("default", 0);
  const std::int64_t base = bound.integer_or("base", 10);
  if (base < 2 || base > 36) fail("int: the base must be from 2 to 36");
  if (value.is_int() || value.is_bool()) return value.as_int();
  std::optional<std::int64_t> found;
  if (value.is_float()) {
    found = whole_part(value.as_double());
  } else if (value.is_string()) {
    found = parse_integer(value.as_string(), static_cast<int>(base));
    if (!found) {
      if (const auto number = parse_double(value.as_string())) found = whole_part(*number);
    }
  }
  return found ? Value(*found) : fallback;
}

Value float_filter(CallContext&, const Arguments& arguments) {
  const Bound bound("float", arguments, {"value", "default"});
  const Value& value = bound.value("value");
  if (value.is_number()) return value.as_double();
  if (value.is_string()) {
    if (const auto number = parse_double(value.as_string())) return *number;
  }
  return bound.value_or("default", 0.0);
}

Value abs_filter(CallContext&, const Arguments& arguments) {
  const Value& value = Bound("abs", arguments, {"value"}).value("value");
  if (value.is_float()) return std::fabs(value.as_double());
  return less(value, 0) ? negate(value) : positive(value);
}

Value round(CallContext&, const Arguments& arguments) {
  const Bound bound("round", arguments, {"value", "precision", "method"});
  const Value& value = bound.value("value");
  const std::int64_t precision = bound.integer_or("precision", 0);
  const std::string method = bound.string_or("method", "common");
  if (std::abs(precision) > 300) fail("round: the precision is out of range");
  const double scale = std::pow(10.0, static_cast<double>(precision));
  if (method == "ceil") return std::ceil(value.as_double() * scale) / scale;
  if (method == "floor") return std::floor(value.as_double() * scale) / scale;
  if (method != "common") fail("round: the method is common, ceil or floor");
  if (value.is_int() && precision >= 0) return value;
  const double number = value.as_double();
  if (!std::isfinite(number)) return number;
  if (precision < 0) {
    const double rounded = std::nearbyint(number * scale) / scale;
    return value.is_int() ? Value(static_cast<std::int64_t>(rounded)) : Value(rounded);
  }
  // Text has the exact digits, so halves round to even as they are and not as scaling makes them.
  return *parse_double(python::fixed(number, static_cast<int>(precision)));
}

Value tojson(CallContext&, const Arguments& arguments) {
  const Bound bound("tojson", arguments, {"value", "indent"});
  const Value indent_value = bound.value_or("indent", {});
  const std::int64_t columns = indent_value.is_none() ? 0 : indent_value.as_int();
  if (columns < 0 || columns > 100) fail("tojson: indent must be from 0 to 100");
  return json_text(bound.value("value"), {.keys = JsonKeys::sorted,
                                          .characters = JsonCharacters::safe_in_html,
                                          .indent_columns = static_cast<std::size_t>(columns)});
}

constexpr Builtin text_filters[] = {
    {"abs", abs_filter},
    {"capitalize", changed<python::capitalize>},
    {"center", center},
    {"e", changed<escape>},
    {"escape", changed<escape>},
    {"float", float_filter},
    {"format", format},
    {"indent", indent},
    {"int", int_filter},
    {"lower", changed<python::lower>},
    {"replace", replace},
    {"round", round},
    {"safe", changed<same>},
    {"string", changed<same>},
    {"title", changed<title>},
    {"tojson", tojson},
    {"trim", trim_filter},
    {"truncate", truncate},
    {"upper", changed<python::upper>},
    {"urlencode", changed<urlencode>},
    {"wordcount", wordcount},
};

}  // namespace

std::span<const Builtin> builtin_text_filters() {
  return text_filters;
}

}  // namespace pipeline::jinja
