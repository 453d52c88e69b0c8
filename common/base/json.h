// A JSON value whose objects keep their order, with parser and writer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pipeline {

/// A value with value semantics. Integers are kept exact in 64 bits. Asking for another type than
/// the value has throws Error config_invalid that names both types.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  Json() = default;  // null
  Json(bool value) : value_(value) {}
  Json(int value) : value_(std::int64_t{value}) {}
  Json(std::int64_t value) : value_(value) {}
  Json(std::uint64_t value) : value_(static_cast<std::int64_t>(value)) {}
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(Array value) : value_(std::move(value)) {}

  static Json object() { return Json(Object{}); }
  static Json array() { return Json(Array{}); }

  /// Throws config_invalid with the byte offset. Depth is bounded at 200.
  static Json parse(std::string_view text);

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_int() const { return std::holds_alternative<std::int64_t>(value_); }
  bool is_number() const { return is_int() || std::holds_alternative<double>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }

  bool as_bool() const;
  std::int64_t as_int() const;
  double as_number() const;
  const std::string& as_string() const;
  const Array& as_array() const&;
  const Object& as_object() const&;
  Array& as_array() &;
  Object& as_object() &;
  // By value from a temporary, so that a range-for over Json::parse(x).as_array() does not dangle.
  Array as_array() &&;
  Object as_object() &&;

  /// The member, or nullptr if absent or if this is no object.
  const Json* find(std::string_view key) const;
  Json* find(std::string_view key);
  /// The member; throws config_invalid if absent.
  const Json& at(std::string_view key) const;
  /// Replaces or appends the member. The value must be an object.
  Json& set(std::string_view key, Json value);
  void push_back(Json value) { as_array().push_back(std::move(value)); }

  enum class Style { compact, indented };
  /// UTF-8 text; invalid UTF-8 is written as U+FFFD. Doubles as the shortest text that reads
  /// back as the same double.
  std::string dump(Style style = Style::compact) const;

  bool operator==(const Json& other) const = default;

 private:
  explicit Json(Object value) : value_(std::move(value)) {}

  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

}  // namespace pipeline
