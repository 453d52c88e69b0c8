#include "stages/transform/jinja/json_text.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "common/base/error.h"
#include "stages/transform/jinja/operators.h"
#include "stages/transform/jinja/python_text.h"

namespace pipeline::jinja {
namespace {

[[noreturn]] void fail(std::string message) {
  throw Error(ErrorKind::config_invalid, std::move(message));
}

class JsonWriter {
 public:
  explicit JsonWriter(const JsonTextOptions& options)
      : options_(options), margin_(options.indent_columns, ' ') {}

  std::string text;

  void write(const Value& value, int depth) {
    if (depth > value_depth_max) fail("tojson: the value nests too deep");
    switch (value.kind()) {
      case Kind::none:
        text += "null";
        return;
      case Kind::boolean:
        text += value.as_bool() ? "true" : "false";
        return;
      case Kind::integer:
        text += value.str();
        return;
      case Kind::floating:
        number(value.as_double());
        return;
      case Kind::string:
        string(value.as_string());
        return;
      case Kind::list:
      case Kind::tuple:
        array(value.as_items(), depth);
        return;
      case Kind::dict:
        object(value.as_dict(), depth);
        return;
      case Kind::undefined:
        fail(value.undefined_description());
      case Kind::object:
        fail(fmt::format("tojson: '{}' cannot be written as JSON", value.type_name()));
    }
  }

 private:
  void number(double value) {
    if (std::isnan(value)) {
      text += "NaN";
    } else if (std::isinf(value)) {
      text += value > 0 ? "Infinity" : "-Infinity";
    } else {
      text += python::repr(value);
    }
  }

  void unit(std::uint32_t code) { text += fmt::format("\\u{:04x}", code); }

  bool is_unsafe(char character) const {
    return options_.characters == JsonCharacters::safe_in_html &&
           std::string_view("<>&'").find(character) != std::string_view::npos;
  }

  void string(std::string_view value) {
    text += '"';
    while (!value.empty()) {
      const auto character = static_cast<std::uint32_t>(python::take_character(value));
      static constexpr std::string_view with_short_escape = "\"\\\n\r\t\b\f";
      static constexpr std::string_view short_escape_letters = "\"\\nrtbf";
      const std::size_t at = character < 0x80 ? with_short_escape.find(static_cast<char>(character))
                                              : std::string_view::npos;
      if (at != std::string_view::npos) {
        text += '\\';
        text += short_escape_letters[at];
      } else if ((character < 0x80 && is_unsafe(static_cast<char>(character))) ||
                 character < 0x20 || (character >= 0x7F && character < 0x10000)) {
        // 0x7F itself is printable ASCII to Python.
        if (character == 0x7F) {
          text += '\x7F';
        } else {
          unit(character);
        }
      } else if (character >= 0x10000) {
        unit(0xD800 + ((character - 0x10000) >> 10U));
        unit(0xDC00 + ((character - 0x10000) & 0x3FFU));
      } else {
        text += static_cast<char>(character);
      }
    }
    text += '"';
    check_size(text.size());
  }

  void line(int depth) {
    if (margin_.empty()) return;
    text += '\n';
    for (int level = 0; level < depth; ++level) text += margin_;
  }

  void separate(bool& first, int depth) {
    if (!first) text += margin_.empty() ? ", " : ",";
    first = false;
    line(depth);
  }

  void array(const List& items, int depth) {
    if (items.empty()) {
      text += "[]";
      return;
    }
    text += '[';
    bool first = true;
    for (const Value& item : items) {
      separate(first, depth + 1);
      write(item, depth + 1);
    }
    line(depth);
    text += ']';
  }

  static std::string key_text(const Value& key) {
    if (key.is_none()) return "null";
    if (key.is_bool()) return key.as_bool() ? "true" : "false";
    if (!key.is_string() && !key.is_number()) {
      fail(fmt::format("tojson: '{}' cannot be a key", key.type_name()));
    }
    return key.str();
  }

  void object(const Dict& dict, int depth) {
    if (dict.empty()) {
      text += "{}";
      return;
    }
    std::vector<Dict::Entry> entries = dict.entries();
    if (options_.keys == JsonKeys::sorted) {
      std::stable_sort(entries.begin(), entries.end(),
                       [](const Dict::Entry& left, const Dict::Entry& right) {
                         return less(left.first, right.first);
                       });
    }
    text += '{';
    bool first = true;
    for (const auto& [key, value] : entries) {
      separate(first, depth + 1);
      string(key_text(key));
      text += ": ";
      write(value, depth + 1);
    }
    line(depth);
    text += '}';
  }

  JsonTextOptions options_;
  std::string margin_;
};

}  // namespace

std::string json_text(const Value& value, const JsonTextOptions& options) {
  JsonWriter writer(options);
  writer.write(value, 0);
  return std::move(writer.text);
}

}  // namespace pipeline::jinja
