#include "common/base/json.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/error.h"

namespace pipeline {
namespace {

constexpr std::size_t depth_max = 200;

/// Builds our value from nlohmann's events, so that its own value type stays out of the program.
class Builder {
 public:
  bool null() { return put(Json()); }
  bool boolean(bool value) { return put(Json(value)); }
  bool number_integer(std::int64_t value) { return put(Json(value)); }
  bool number_unsigned(std::uint64_t value) {
    constexpr std::uint64_t largest = INT64_MAX;
    return put(value <= largest ? Json(value) : Json(static_cast<double>(value)));
  }
  bool number_float(double value, const std::string& /*text*/) { return put(Json(value)); }
  bool string(std::string& value) { return put(Json(std::move(value))); }
  bool binary(std::vector<std::uint8_t>& /*value*/) { return false; }
  bool start_object(std::size_t /*size*/) { return open(Json::object()); }
  bool start_array(std::size_t /*size*/) { return open(Json::array()); }
  bool key(std::string& name) {
    keys_.back() = std::move(name);
    return true;
  }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& error) {
    message_ = fmt::format("not valid JSON at byte {}: {}", position, error.what());
    return false;
  }

  Json take() { return std::move(root_); }
  const std::string& message() const { return message_; }

 private:
  bool put(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().is_object()) {
      open_.back().set(keys_.back(), std::move(value));
    } else {
      open_.back().push_back(std::move(value));
    }
    return true;
  }
  bool open(Json value) {
    if (open_.size() == depth_max) {
      message_ = fmt::format("JSON is nested deeper than {} levels", depth_max);
      return false;
    }
    open_.push_back(std::move(value));
    keys_.emplace_back();
    return true;
  }
  bool close() {
    Json done = std::move(open_.back());
    open_.pop_back();
    keys_.pop_back();
    return put(std::move(done));
  }

  Json root_;
  std::vector<Json> open_;
  std::vector<std::string> keys_;
  std::string message_;
};

std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  std::size_t length = first < 0x80                    ? 1
                       : first >= 0xF0 && first < 0xF5 ? 4
                       : first >= 0xE0 && first < 0xF0 ? 3
                       : first >= 0xC2 && first < 0xE0 ? 2
                                                       : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80U) return 0;
  }
  return length;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const std::size_t length = utf8_length(text, at);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      ++at;
      continue;
    }
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out.append(text.substr(at, length));
    }
    at += length;
  }
  out += '"';
}

void append_line_start(std::string& out, Json::Style style, std::size_t depth) {
  if (style == Json::Style::compact) return;
  out += '\n';
  out.append(depth * 2, ' ');
}

void append_double(std::string& out, double number) {
  if (!std::isfinite(number)) {
    // JSON has no infinity; a reader must not choke on a rate that divided by zero.
    out += "null";
    return;
  }
  const std::string text = fmt::format("{}", number);
  out += text;
  // 2500.0 must not come back as the integer 2500.
  if (text.find_first_of(".e") == std::string::npos) out += ".0";
}

void append_value(std::string& out, const Json& value, Json::Style style, std::size_t depth) {
  if (value.is_null()) {
    out += "null";
  } else if (value.is_bool()) {
    out += value.as_bool() ? "true" : "false";
  } else if (value.is_int()) {
    out += fmt::format("{}", value.as_int());
  } else if (value.is_number()) {
    append_double(out, value.as_number());
  } else if (value.is_string()) {
    append_quoted(out, value.as_string());
  } else if (value.is_array()) {
    out += '[';
    bool first = true;
    for (const auto& item : value.as_array()) {
      if (!first) out += ',';
      first = false;
      append_line_start(out, style, depth + 1);
      append_value(out, item, style, depth + 1);
    }
    if (!first) append_line_start(out, style, depth);
    out += ']';
  } else {
    out += '{';
    bool first = true;
    for (const auto& [key, member] : value.as_object()) {
      if (!first) out += ',';
      first = false;
      append_line_start(out, style, depth + 1);
      append_quoted(out, key);
      out += style == Json::Style::compact ? ":" : ": ";
      append_value(out, member, style, depth + 1);
    }
    if (!first) append_line_start(out, style, depth);
    out += '}';
  }
}

std::string_view type_name(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_bool()) return "a boolean";
  if (value.is_number()) return "a number";
  if (value.is_string()) return "a string";
  return value.is_array() ? "an array" : "an object";
}

[[noreturn]] void wrong_type(const Json& value, std::string_view wanted) {
  throw Error(ErrorKind::config_invalid,
              fmt::format("expected {}, found {}", wanted, type_name(value)));
}

}  // namespace

Json Json::parse(std::string_view text) {
  Builder builder;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) {
    throw Error(ErrorKind::config_invalid, builder.message());
  }
  return builder.take();
}

bool Json::as_bool() const {
  if (const auto* value = std::get_if<bool>(&value_)) return *value;
  wrong_type(*this, "a boolean");
}

std::int64_t Json::as_int() const {
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return *value;
  wrong_type(*this, "an integer");
}

double Json::as_number() const {
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*value);
  if (const auto* value = std::get_if<double>(&value_)) return *value;
  wrong_type(*this, "a number");
}

const std::string& Json::as_string() const {
  if (const auto* value = std::get_if<std::string>(&value_)) return *value;
  wrong_type(*this, "a string");
}

const Json::Array& Json::as_array() const& {
  if (const auto* value = std::get_if<Array>(&value_)) return *value;
  wrong_type(*this, "an array");
}

const Json::Object& Json::as_object() const& {
  if (const auto* value = std::get_if<Object>(&value_)) return *value;
  wrong_type(*this, "an object");
}

Json::Array Json::as_array() && {
  return std::move(as_array());
}

Json::Object Json::as_object() && {
  return std::move(as_object());
}

Json::Array& Json::as_array() & {
  return const_cast<Array&>(std::as_const(*this).as_array());
}

Json::Object& Json::as_object() & {
  return const_cast<Object&>(std::as_const(*this).as_object());
}

const Json* Json::find(std::string_view key) const {
  const auto* members = std::get_if<Object>(&value_);
  if (members == nullptr) return nullptr;
  for (const auto& [name, value] : *members) {
    if (name == key) return &value;
  }
  return nullptr;
}

Json* Json::find(std::string_view key) {
  return const_cast<Json*>(std::as_const(*this).find(key));
}

const Json& Json::at(std::string_view key) const {
  if (const Json* found = find(key)) return *found;
  throw Error(ErrorKind::config_invalid, fmt::format("member \"{}\" is missing", key));
}

Json& Json::set(std::string_view key, Json value) {
  if (Json* found = find(key)) {
    *found = std::move(value);
    return *found;
  }
  return as_object().emplace_back(std::string(key), std::move(value)).second;
}

std::string Json::dump(Style style) const {
  std::string out;
  append_value(out, *this, style, 0);
  return out;
}

}  // namespace pipeline
