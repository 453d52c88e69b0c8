#include "stages/transform/jinja/operators.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "common/base/error.h"
#include "stages/transform/jinja/python_text.h"
#include "stages/transform/jinja/text_format.h"

namespace pipeline::jinja {

namespace {

[[noreturn]] void fail(std::string message) {
  throw Error(ErrorKind::config_invalid, std::move(message));
}

std::string_view symbol_of(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::add:
      return "+";
    case BinaryOperator::subtract:
      return "-";
    case BinaryOperator::multiply:
      return "*";
    case BinaryOperator::divide:
      return "/";
    case BinaryOperator::floor_divide:
      return "//";
    case BinaryOperator::modulo:
      return "%";
    case BinaryOperator::power:
      return "**";
  }
  return "";
}

void check_defined(const Value& value) {
  if (value.is_undefined()) fail(value.undefined_description());
}

[[noreturn]] void fail_operands(BinaryOperator op, const Value& left, const Value& right) {
  fail(fmt::format("'{}' does not work between {} and {}", symbol_of(op), left.type_name(),
                   right.type_name()));
}

[[noreturn]] void fail_overflow() {
  fail("the integer does not fit into 64 bits");
}

std::int64_t checked_power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) fail_overflow();
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) fail_overflow();
  }
  return result;
}

void check_divisor(bool zero) {
  if (zero) fail("division by zero");
}

Value integers(BinaryOperator op, std::int64_t left, std::int64_t right) {
  std::int64_t result = 0;
  switch (op) {
    case BinaryOperator::add:
      if (__builtin_add_overflow(left, right, &result)) fail_overflow();
      return result;
    case BinaryOperator::subtract:
      if (__builtin_sub_overflow(left, right, &result)) fail_overflow();
      return result;
    case BinaryOperator::multiply:
      if (__builtin_mul_overflow(left, right, &result)) fail_overflow();
      return result;
    case BinaryOperator::divide:
      check_divisor(right == 0);
      return static_cast<double>(left) / static_cast<double>(right);
    case BinaryOperator::floor_divide:
      check_divisor(right == 0);
      if (right == -1) return integers(BinaryOperator::subtract, 0, left);
      result = left / right;
      return left % right != 0 && (left < 0) != (right < 0) ? result - 1 : result;
    case BinaryOperator::modulo:
      check_divisor(right == 0);
      if (right == -1) return 0;
      result = left % right;
      return result != 0 && (result < 0) != (right < 0) ? result + right : result;
    case BinaryOperator::power:
      if (right >= 0) return checked_power(left, right);
      check_divisor(left == 0);
      return std::pow(static_cast<double>(left), static_cast<double>(right));
  }
  return {};
}

double floored_modulo(double left, double right) {
  const double result = std::fmod(left, right);
  return result != 0 && (result < 0) != (right < 0) ? result + right : result;
}

Value doubles(BinaryOperator op, double left, double right) {
  switch (op) {
    case BinaryOperator::add:
      return left + right;
    case BinaryOperator::subtract:
      return left - right;
    case BinaryOperator::multiply:
      return left * right;
    case BinaryOperator::divide:
      check_divisor(right == 0);
      return left / right;
    case BinaryOperator::floor_divide:
      check_divisor(right == 0);
      return std::floor((left - floored_modulo(left, right)) / right + 0.5);
    case BinaryOperator::modulo:
      check_divisor(right == 0);
      return floored_modulo(left, right);
    case BinaryOperator::power:
      check_divisor(left == 0 && right < 0);
      if (left < 0 && right != std::floor(right)) {
        fail("a negative number to a fractional power is no real number");
      }
      return std::pow(left, right);
  }
  return {};
}

Value joined(const Value& left, const Value& right) {
  const List& first = left.as_items();
  const List& second = right.as_items();
  check_size((first.size() + second.size()) * item_bytes);
  List items = first;
  items.insert(items.end(), second.begin(), second.end());
  return left.is_list() ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

Value repeated(const Value& value, std::int64_t count) {
  const std::size_t times = count > 0 ? static_cast<std::size_t>(count) : 0;
  const std::size_t weight =
      value.is_string() ? value.as_string().size() : value.as_items().size() * item_bytes;
  if (weight != 0 && times > value_bytes_max / weight) check_size(value_bytes_max + 1);
  if (value.is_string()) {
    std::string text;
    text.reserve(weight * times);
    for (std::size_t at = 0; weight != 0 && at < times; ++at) text += value.as_string();
    return text;
  }
  List items;
  for (std::size_t at = 0; weight != 0 && at < times; ++at) {
    items.insert(items.end(), value.as_items().begin(), value.as_items().end());
  }
  return value.is_list() ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

bool is_sequence(const Value& value) {
  return value.is_string() || value.is_list() || value.is_tuple();
}

bool is_whole(const Value& value) {
  return value.is_int() || value.is_bool();
}

std::string kind_repr(const Value& value) {
  return value.is_none() ? "None" : value.type_name() + " object";
}

Value missing_attribute(const Value& container, std::string_view name, UndefinedPolicy policy) {
  return Value::undefined(fmt::format("'{}' has no attribute '{}'", kind_repr(container), name),
                          policy);
}

Value missing_item(const Value& container, const Value& key, UndefinedPolicy policy) {
  if (key.is_string()) return missing_attribute(container, key.as_string(), policy);
  return Value::undefined(fmt::format("{} has no element {}", kind_repr(container), key.repr()),
                          policy);
}

// The place that a Python index means, or nullopt outside [0, size).
std::optional<std::size_t> index_of(std::int64_t index, std::size_t size) {
  const auto count = static_cast<std::int64_t>(size);
  if (index < 0) index += count;
  if (index < 0 || index >= count) return std::nullopt;
  return static_cast<std::size_t>(index);
}

std::optional<std::int64_t> slice_part(const Value& value) {
  if (value.is_none()) return std::nullopt;
  check_defined(value);
  if (!is_whole(value)) fail("the parts of a slice must be integers or none");
  return value.as_int();
}

// The indices that begin:end:step names in a sequence of `size`.
std::vector<std::size_t> slice_places(std::int64_t size, const Value& begin, const Value& end,
                                      const Value& step) {
  const std::int64_t stride = slice_part(step).value_or(1);
  if (stride == 0) fail("the step of a slice cannot be zero");
  const auto clamp = [&](std::int64_t index) {
    if (index < 0) index += size;
    return stride > 0 ? std::clamp<std::int64_t>(index, 0, size)
                      : std::clamp<std::int64_t>(index, -1, size - 1);
  };
  const auto first_part = slice_part(begin);
  const auto last_part = slice_part(end);
  const std::int64_t first = first_part ? clamp(*first_part) : stride > 0 ? 0 : size - 1;
  const std::int64_t last = last_part ? clamp(*last_part) : stride > 0 ? size : -1;
  std::vector<std::size_t> places;
  for (std::int64_t at = first; stride > 0 ? at < last : at > last;) {
    places.push_back(static_cast<std::size_t>(at));
    // A huge step ends the walk instead of overflowing.
    if (__builtin_add_overflow(at, stride, &at)) break;
  }
  return places;
}

bool less_items(const List& left, const List& right) {
  const std::size_t shared = std::min(left.size(), right.size());
  for (std::size_t at = 0; at < shared; ++at) {
    if (!(left[at] == right[at])) return less(left[at], right[at]);
  }
  return left.size() < right.size();
}

[[noreturn]] void fail_order(const Value& left, const Value& right) {
  check_defined(left);
  check_defined(right);
  fail(fmt::format("{} and {} cannot be ordered", left.type_name(), right.type_name()));
}

}  // namespace

void check_size(std::size_t bytes) {
  if (bytes <= value_bytes_max) return;
  throw Error(ErrorKind::resource_exhausted,
              fmt::format("a value grows over {} MiB", value_bytes_max >> 20U));
}

Value binary(BinaryOperator op, const Value& left, const Value& right) {
  if (op == BinaryOperator::modulo && left.is_string()) {
    return printf_format(left.as_string(), right);
  }
  check_defined(left);
  check_defined(right);
  if (is_whole(left) && is_whole(right)) return integers(op, left.as_int(), right.as_int());
  if (left.is_number() && right.is_number()) {
    return doubles(op, left.as_double(), right.as_double());
  }
  if (op == BinaryOperator::add && left.kind() == right.kind()) {
    if (left.is_string()) {
      check_size(left.as_string().size() + right.as_string().size());
      return left.as_string() + right.as_string();
    }
    if (left.is_list() || left.is_tuple()) return joined(left, right);
  }
  if (op == BinaryOperator::multiply) {
    if (is_sequence(left) && is_whole(right)) return repeated(left, right.as_int());
    if (is_whole(left) && is_sequence(right)) return repeated(right, left.as_int());
  }
  fail_operands(op, left, right);
}

Value negate(const Value& operand) {
  check_defined(operand);
  if (is_whole(operand)) return integers(BinaryOperator::subtract, 0, operand.as_int());
  if (operand.is_float()) return -operand.as_double();
  fail(fmt::format("'-' does not work on {}", operand.type_name()));
}

Value positive(const Value& operand) {
  check_defined(operand);
  if (is_whole(operand)) return operand.as_int();
  if (operand.is_float()) return operand;
  fail(fmt::format("'+' does not work on {}", operand.type_name()));
}

bool less(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) {
    if (is_whole(left) && is_whole(right)) return left.as_int() < right.as_int();
    return left.as_double() < right.as_double();
  }
  if (left.is_string() && right.is_string()) return left.as_string() < right.as_string();
  if ((left.is_list() && right.is_list()) || (left.is_tuple() && right.is_tuple())) {
    return less_items(left.as_items(), right.as_items());
  }
  fail_order(left, right);
}

bool compare(Comparison comparison, const Value& left, const Value& right) {
  switch (comparison) {
    case Comparison::equal:
      return left == right;
    case Comparison::not_equal:
      return !(left == right);
    case Comparison::less:
      return less(left, right);
    case Comparison::less_equal:
      return less(left, right) || left == right;
    case Comparison::greater:
      return less(right, left);
    case Comparison::greater_equal:
      return less(right, left) || left == right;
    case Comparison::in:
      return contains(right, left);
    case Comparison::not_in:
      return !contains(right, left);
  }
  return false;
}

bool contains(const Value& container, const Value& needle) {
  if (container.is_string()) {
    check_defined(needle);
    if (!needle.is_string()) {
      fail(fmt::format("'in' a str looks for a str, not for {}", needle.type_name()));
    }
    return container.as_string().find(needle.as_string()) != std::string::npos;
  }
  if (container.is_dict()) return container.as_dict().contains(needle);
  const List items = iterate(container);
  return std::find(items.begin(), items.end(), needle) != items.end();
}

Value get_item(const Value& container, const Value& key, UndefinedPolicy policy) {
  check_defined(key);
  switch (container.kind()) {
    case Kind::undefined:
      if (container.undefined_policy() == UndefinedPolicy::chainable) return container;
      fail(container.undefined_description());
    case Kind::dict:
      if (const Value* found = container.as_dict().find(key)) return *found;
      break;
    case Kind::list:
    case Kind::tuple:
      if (!is_whole(key)) break;
      if (const auto at = index_of(key.as_int(), container.as_items().size())) {
        return container.as_items()[*at];
      }
      break;
    case Kind::string:
      if (is_whole(key)) {
        const auto characters = python::characters(container.as_string());
        if (const auto at = index_of(key.as_int(), characters.size())) return characters[*at];
      }
      break;
    case Kind::object:
      if (auto item = container.as_object().get_item(key)) return *item;
      if (key.is_string()) return get_attribute(container, key.as_string(), policy);
      break;
    case Kind::none:
    case Kind::boolean:
    case Kind::integer:
    case Kind::floating:
      break;
  }
  return missing_item(container, key, policy);
}

Value get_slice(const Value& container, const Value& begin, const Value& end, const Value& step) {
  check_defined(container);
  if (container.is_string()) {
    const auto characters = python::characters(container.as_string());
    std::string text;
    for (const std::size_t at :
         slice_places(static_cast<std::int64_t>(characters.size()), begin, end, step)) {
      text += characters[at];
    }
    return text;
  }
  if (!container.is_list() && !container.is_tuple()) {
    fail(fmt::format("'{}' object cannot be sliced", container.type_name()));
  }
  const List& all = container.as_items();
  List items;
  for (const std::size_t at :
       slice_places(static_cast<std::int64_t>(all.size()), begin, end, step)) {
    items.push_back(all[at]);
  }
  return container.is_list() ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

Value get_attribute(const Value& container, std::string_view name, UndefinedPolicy policy) {
  switch (container.kind()) {
    case Kind::undefined:
      if (container.undefined_policy() == UndefinedPolicy::chainable) return container;
      fail(container.undefined_description());
    case Kind::dict:
      if (const Value* found = container.as_dict().find(Value(name))) return *found;
      break;
    case Kind::object:
      if (auto found = container.as_object().get_attr(name)) return *found;
      break;
    case Kind::none:
    case Kind::boolean:
    case Kind::integer:
    case Kind::floating:
    case Kind::string:
    case Kind::list:
    case Kind::tuple:
      break;
  }
  return missing_attribute(container, name, policy);
}

List iterate(const Value& value) {
  switch (value.kind()) {
    case Kind::list:
    case Kind::tuple:
      return value.as_items();
    case Kind::dict: {
      List keys;
      for (const auto& entry : value.as_dict()) keys.push_back(entry.first);
      return keys;
    }
    case Kind::string: {
      List items;
      for (const std::string_view character : python::characters(value.as_string())) {
        items.emplace_back(character);
      }
      return items;
    }
    case Kind::object:
      if (auto items = value.as_object().items()) return std::move(*items);
      break;
    case Kind::undefined:
      if (value.undefined_policy() != UndefinedPolicy::strict) return {};
      fail(value.undefined_description());
    case Kind::none:
    case Kind::boolean:
    case Kind::integer:
    case Kind::floating:
      break;
  }
  fail(fmt::format("'{}' object is not iterable", value.type_name()));
}

std::optional<std::int64_t> length(const Value& value) {
  switch (value.kind()) {
    case Kind::string:
      return python::length(value.as_string());
    case Kind::list:
    case Kind::tuple:
      return static_cast<std::int64_t>(value.as_items().size());
    case Kind::dict:
      return static_cast<std::int64_t>(value.as_dict().size());
    case Kind::object:
      if (const auto items = value.as_object().items()) {
        return static_cast<std::int64_t>(items->size());
      }
      return std::nullopt;
    case Kind::undefined:
      if (value.undefined_policy() != UndefinedPolicy::strict) return 0;
      fail(value.undefined_description());
    case Kind::none:
    case Kind::boolean:
    case Kind::integer:
    case Kind::floating:
      break;
  }
  return std::nullopt;
}

}  // namespace pipeline::jinja
