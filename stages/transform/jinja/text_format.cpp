#include "stages/transform/jinja/text_format.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <optional>

#include <fmt/format.h>

#include "common/base/error.h"
#include "stages/transform/jinja/operators.h"
#include "stages/transform/jinja/python_text.h"

namespace pipeline::jinja {

namespace {

// Columns that a format may ask for; more is a slip of the pen, not a table.
constexpr std::int64_t width_max = 10'000;

[[noreturn]] void fail(std::string message) {
  throw Error(ErrorKind::config_invalid, std::move(message));
}

// One placeholder, in either notation.
struct Spec {
  std::string fill = " ";
  char align = '\0';  // < > ^ = or none
  char sign = '-';    // + - or space
  bool alternate = false;
  bool zero = false;
  bool thousands = false;
  std::int64_t width = 0;
  std::optional<std::int64_t> precision;
  char type = '\0';
};

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

std::int64_t take_number(std::string_view& text) {
  std::int64_t number = 0;
  while (!text.empty() && is_digit(text[0])) {
    number = number * 10 + (text[0] - '0');
    if (number > width_max) fail(fmt::format("a width above {} in a format", width_max));
    text.remove_prefix(1);
  }
  return number;
}

std::string pad(std::string text, const Spec& spec, char align) {
  const std::int64_t missing = spec.width - python::length(text);
  if (missing <= 0) return text;
  const std::int64_t left = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  std::string result;
  for (std::int64_t at = 0; at < left; ++at) result += spec.fill;
  result += text;
  for (std::int64_t at = left; at < missing; ++at) result += spec.fill;
  return result;
}

std::string with_thousands(std::string digits) {
  const std::size_t point = std::min(digits.find('.'), digits.size());
  for (std::size_t at = point; at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

// `digits` without its sign, padded with zeros between sign and digits where asked for.
std::string signed_number(bool negative, std::string digits, const Spec& spec) {
  if (spec.thousands) digits = with_thousands(std::move(digits));
  std::string sign = negative ? "-" : spec.sign == '+' ? "+" : spec.sign == ' ' ? " " : "";
  if (spec.align == '=' || (spec.zero && spec.align == '\0')) {
    const std::string fill = spec.zero ? "0" : spec.fill;
    const auto used = static_cast<std::int64_t>(sign.size() + digits.size());
    for (std::int64_t at = used; at < spec.width; ++at) sign += fill;
    return sign + digits;
  }
  return pad(sign + digits, spec, spec.align == '\0' ? '>' : spec.align);
}

std::string integer_text(std::int64_t number, const Spec& spec) {
  const auto magnitude =
      number < 0 ? ~static_cast<std::uint64_t>(number) + 1 : static_cast<std::uint64_t>(number);
  std::string digits;
  switch (spec.type) {
    case 'x':
      digits = fmt::format("{}{:x}", spec.alternate ? "0x" : "", magnitude);
      break;
    case 'X':
      digits = fmt::format("{}{:X}", spec.alternate ? "0X" : "", magnitude);
      break;
    case 'o':
      digits = fmt::format("{}{:o}", spec.alternate ? "0o" : "", magnitude);
      break;
    case 'b':
      digits = fmt::format("{}{:b}", spec.alternate ? "0b" : "", magnitude);
      break;
    default:
      digits = std::to_string(magnitude);
  }
  return signed_number(number < 0, std::move(digits), spec);
}

std::string floating_text(double number, const Spec& spec) {
  const double magnitude = std::fabs(number);
  const int precision = static_cast<int>(spec.precision.value_or(6));
  std::string digits;
  switch (spec.type) {
    case 'e':
      digits = fmt::format("{:.{}e}", magnitude, precision);
      break;
    case 'E':
      digits = fmt::format("{:.{}E}", magnitude, precision);
      break;
    case 'g':
    case 'G':
      digits = fmt::format("{:.{}g}", magnitude, precision);
      break;
    case '%':
      digits = fmt::format("{:.{}f}%", magnitude * 100, precision);
      break;
    default:
      digits = fmt::format("{:.{}f}", magnitude, precision);
  }
  return signed_number(std::signbit(number), std::move(digits), spec);
}

std::string text_of(std::string text, const Spec& spec) {
  if (spec.precision) {
    const auto characters = python::characters(text);
    const auto kept = static_cast<std::size_t>(*spec.precision);
    if (kept < characters.size()) {
      text.resize(static_cast<std::size_t>(characters[kept].data() - text.data()));
    }
  }
  return pad(std::move(text), spec, spec.align == '\0' ? '<' : spec.align);
}

bool is_floating_type(char type) {
  return std::string_view("eEfFgG%").find(type) != std::string_view::npos;
}

class Printf {
 public:
  explicit Printf(const Value& values) : values_(values) {}

  std::string run(std::string_view format) {
    std::string result;
    while (!format.empty()) {
      const std::size_t mark = std::min(format.find('%'), format.size());
      result += format.substr(0, mark);
      format.remove_prefix(mark);
      if (format.empty()) break;
      format.remove_prefix(1);
      result += placeholder(format);
    }
    const bool left_over =
        values_.is_tuple() ? used_ < values_.as_items().size() : used_ == 0 && !values_.is_dict();
    if (left_over) fail("not all arguments were used in formatting a string with '%'");
    return result;
  }

 private:
  std::string placeholder(std::string_view& format) {
    if (format.empty()) fail("a format ends with '%'");
    if (format[0] == '%') {
      format.remove_prefix(1);
      return "%";
    }
    std::optional<Value> named;
    if (format[0] == '(') {
      const std::size_t end = format.find(')');
      if (end == std::string_view::npos) fail("')' is missing in a format");
      named = member(format.substr(1, end - 1));
      format.remove_prefix(end + 1);
    }
    Spec spec = take_spec(format);
    const Value value = named ? *named : take_value();
    return convert(value, spec);
  }

  Spec take_spec(std::string_view& format) {
    Spec spec;
    for (; !format.empty(); format.remove_prefix(1)) {
      if (format[0] == '-')
        spec.align = '<';
      else if (format[0] == '+')
        spec.sign = '+';
      else if (format[0] == ' ')
        spec.sign = spec.sign == '+' ? '+' : ' ';
      else if (format[0] == '0')
        spec.zero = true;
      else if (format[0] == '#')
        spec.alternate = true;
      else
        break;
    }
    spec.width = take_number(format);
    if (!format.empty() && format[0] == '.') {
      format.remove_prefix(1);
      spec.precision = take_number(format);
    }
    if (format.empty()) fail("a format ends inside a '%' placeholder");
    spec.type = format[0];
    format.remove_prefix(1);
    return spec;
  }

  Value member(std::string_view name) const {
    if (!values_.is_dict()) fail("a format with names needs a dict");
    const Value* found = values_.as_dict().find(Value(name));
    if (found == nullptr) fail(fmt::format("the format names '{}', which is not there", name));
    return *found;
  }

  Value take_value() {
    if (!values_.is_tuple()) {
      if (used_++ > 0) fail("not enough arguments for a format string");
      return values_;
    }
    if (used_ >= values_.as_items().size()) fail("not enough arguments for a format string");
    return values_.as_items()[used_++];
  }

  static std::string convert(const Value& value, Spec& spec) {
    switch (spec.type) {
      case 's':
      case 'r': {
        const char align = spec.align == '\0' ? '>' : spec.align;
        spec.align = align;
        return text_of(spec.type == 's' ? value.str() : value.repr(), spec);
      }
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o':
        if (!value.is_number()) fail_number(value, spec);
        return integer_text(
            value.is_float() ? static_cast<std::int64_t>(value.as_double()) : value.as_int(), spec);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        if (!value.is_number()) fail_number(value, spec);
        return floating_text(value.as_double(), spec);
      default:
        fail(fmt::format("'%{}' is no format", spec.type));
    }
  }

  [[noreturn]] static void fail_number(const Value& value, const Spec& spec) {
    if (value.is_undefined()) fail(value.undefined_description());
    fail(fmt::format("'%{}' needs a number, not {}", spec.type, value.type_name()));
  }

  const Value& values_;
  std::size_t used_ = 0;
};

class Braces {
 public:
  explicit Braces(const Arguments& arguments) : arguments_(arguments) {}

  std::string run(std::string_view format) {
    std::string result;
    while (!format.empty()) {
      const char byte = format[0];
      if ((byte == '{' || byte == '}') && format.size() > 1 && format[1] == byte) {
        result += byte;
        format.remove_prefix(2);
      } else if (byte == '{') {
        result += field(format);
      } else if (byte == '}') {
        fail("a single '}' in a format string");
      } else {
        result += byte;
        format.remove_prefix(1);
      }
    }
    return result;
  }

 private:
  std::string field(std::string_view& format) {
    const std::size_t end = format.find('}');
    if (end == std::string_view::npos) fail("'}' is missing in a format string");
    std::string_view inner = format.substr(1, end - 1);
    format.remove_prefix(end + 1);
    std::string_view spec_text;
    if (const std::size_t colon = inner.find(':'); colon != std::string_view::npos) {
      spec_text = inner.substr(colon + 1);
      inner = inner.substr(0, colon);
    }
    char conversion = '\0';
    if (inner.size() >= 2 && inner[inner.size() - 2] == '!') {
      conversion = inner.back();
      inner.remove_suffix(2);
    }
    Value value = lookup(inner);
    if (conversion == 'r') value = Value(value.repr());
    if (conversion == 's') value = Value(value.str());
    return convert(value, parse_spec(spec_text));
  }

  Value lookup(std::string_view path) {
    const std::size_t end = std::min(path.find_first_of(".["), path.size());
    Value value = argument(path.substr(0, end));
    path.remove_prefix(end);
    while (!path.empty()) value = step(value, path);
    return value;
  }

  Value argument(std::string_view name) {
    const bool number = !name.empty() && std::all_of(name.begin(), name.end(), is_digit);
    if (name.empty() || number) {
      std::size_t at = next_;
      if (number) {
        at = static_cast<std::size_t>(take_number(name));
      } else {
        ++next_;
      }
      if (at >= arguments_.positional.size()) fail("not enough arguments for a format string");
      return arguments_.positional[at];
    }
    const Value* found = arguments_.find_keyword(name);
    if (found == nullptr) fail(fmt::format("the format names '{}', which is not passed", name));
    return *found;
  }

  static Value step(const Value& value, std::string_view& path) {
    if (path[0] == '.') {
      path.remove_prefix(1);
      const std::size_t end = std::min(path.find_first_of(".["), path.size());
      Value result = get_attribute(value, path.substr(0, end), UndefinedPolicy::strict);
      path.remove_prefix(end);
      return result;
    }
    const std::size_t end = path.find(']');
    if (end == std::string_view::npos) fail("']' is missing in a format string");
    std::string_view key = path.substr(1, end - 1);
    const bool number = !key.empty() && std::all_of(key.begin(), key.end(), is_digit);
    const Value key_value = number ? Value(take_number(key)) : Value(key);
    path.remove_prefix(end + 1);
    return get_item(value, key_value, UndefinedPolicy::strict);
  }

  static bool is_align(char byte) {
    return byte == '<' || byte == '>' || byte == '^' || byte == '=';
  }

  static Spec parse_spec(std::string_view text) {
    Spec spec;
    if (!text.empty()) {
      std::string_view rest = text;
      python::take_character(rest);
      if (!rest.empty() && is_align(rest[0])) {
        spec.fill = std::string(text.substr(0, text.size() - rest.size()));
        spec.align = rest[0];
        text = rest.substr(1);
      } else if (is_align(text[0])) {
        spec.align = text[0];
        text.remove_prefix(1);
      }
    }
    const auto take_if = [&](char byte) {
      if (text.empty() || text[0] != byte) return false;
      text.remove_prefix(1);
      return true;
    };
    for (const char sign : {'+', '-', ' '}) {
      if (take_if(sign)) spec.sign = sign;
    }
    spec.alternate = take_if('#');
    spec.zero = take_if('0');
    spec.width = take_number(text);
    spec.thousands = take_if(',');
    if (take_if('.')) spec.precision = take_number(text);
    if (!text.empty()) {
      spec.type = text[0];
      text.remove_prefix(1);
    }
    if (!text.empty()) fail("a format that is not known after ':'");
    return spec;
  }

  static std::string convert(const Value& value, Spec spec) {
    if (value.is_undefined()) fail(value.undefined_description());
    const bool plain_bool = value.is_bool() && spec.type == '\0';
    if (value.is_number() && !plain_bool && spec.type != 's') {
      if (is_floating_type(spec.type)) return floating_text(value.as_double(), spec);
      if (!value.is_float()) return integer_text(value.as_int(), spec);
      if (spec.type != '\0') fail(fmt::format("format '{}' needs an int", spec.type));
      if (spec.precision) {
        spec.type = 'g';
        return floating_text(value.as_double(), spec);
      }
      const std::string digits = python::repr(std::fabs(value.as_double()));
      return signed_number(std::signbit(value.as_double()), digits, spec);
    }
    if (spec.type != '\0' && spec.type != 's') {
      fail(fmt::format("format '{}' does not fit {}", spec.type, value.type_name()));
    }
    return text_of(value.str(), spec);
  }

  const Arguments& arguments_;
  std::size_t next_ = 0;
};

}  // namespace

std::string printf_format(std::string_view format, const Value& values) {
  std::string result = Printf(values).run(format);
  check_size(result.size());
  return result;
}

std::string brace_format(std::string_view format, const Arguments& arguments) {
  std::string result = Braces(arguments).run(format);
  check_size(result.size());
  return result;
}

}  // namespace pipeline::jinja
