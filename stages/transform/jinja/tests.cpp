// What may stand after `is`: Jinja's tests.
#include <algorithm>

#include <fmt/format.h>

#include "common/base/error.h"
#include "stages/transform/jinja/builtins.h"
#include "stages/transform/jinja/operators.h"
#include "stages/transform/jinja/python_text.h"

namespace pipeline::jinja {

namespace {

template <bool (*test)(const Value&)>
Value of_one(CallContext&, const Arguments& arguments) {
  return test(Bound("test", arguments, {"value"}).value("value"));
}

template <Comparison comparison>
Value compared(CallContext&, const Arguments& arguments) {
  const Bound bound("test", arguments, {"value", "other"});
  return compare(comparison, bound.value("value"), bound.value("other"));
}

bool is_defined(const Value& value) {
  return !value.is_undefined();
}
bool is_undefined(const Value& value) {
  return value.is_undefined();
}
bool is_none(const Value& value) {
  return value.is_none();
}
bool is_string(const Value& value) {
  return value.is_string();
}
bool is_number(const Value& value) {
  return value.is_number();
}
bool is_integer(const Value& value) {
  return value.is_int();
}
bool is_float(const Value& value) {
  return value.is_float();
}
bool is_boolean(const Value& value) {
  return value.is_bool();
}
bool is_true(const Value& value) {
  return value.is_bool() && value.as_bool();
}
bool is_false(const Value& value) {
  return value.is_bool() && !value.as_bool();
}
bool is_callable(const Value& value) {
  return value.is_callable();
}

bool is_mapping(const Value& value) {
  return value.is_dict() || (value.is_object() && value.as_object().is_mapping());
}

bool is_iterable(const Value& value) {
  // Jinja's undefined value iterates (as nothing) whatever the policy; the test must not fail.
  if (value.is_undefined()) return value.undefined_policy() != UndefinedPolicy::strict;
  if (value.is_object()) return value.as_object().items().has_value();
  return value.is_string() || value.is_list() || value.is_tuple() || value.is_dict();
}

bool is_sequence(const Value& value) {
  return is_iterable(value);
}

std::int64_t remainder(const Value& value, std::int64_t divisor) {
  return binary(BinaryOperator::modulo, value, divisor).as_int();
}
bool is_odd(const Value& value) {
  return remainder(value, 2) == 1;
}
bool is_even(const Value& value) {
  return remainder(value, 2) == 0;
}

Value divisible_by(CallContext&, const Arguments& arguments) {
  const Bound bound("divisibleby", arguments, {"value", "num"});
  return remainder(bound.value("value"), bound.integer("num")) == 0;
}

Value same_as(CallContext&, const Arguments& arguments) {
  const Bound bound("sameas", arguments, {"value", "other"});
  const Value& value = bound.value("value");
  const Value& other = bound.value("other");
  if (value.kind() != other.kind()) return false;
  switch (value.kind()) {
    case Kind::list:
    case Kind::tuple:
      return &value.as_items() == &other.as_items();
    case Kind::dict:
      return &value.as_dict() == &other.as_dict();
    case Kind::object:
      return &value.as_object() == &other.as_object();
    case Kind::undefined:
    case Kind::none:
    case Kind::boolean:
    case Kind::integer:
    case Kind::floating:
    case Kind::string:
      break;
  }
  return value == other;
}

bool is_lower(const Value& value) {
  const std::string text = value.str();
  return text == python::lower(text) && text != python::upper(text);
}

bool is_upper(const Value& value) {
  const std::string text = value.str();
  return text == python::upper(text) && text != python::lower(text);
}

Value is_filter(CallContext& context, const Arguments& arguments) {
  const Bound bound("filter", arguments, {"value"});
  return context.environment().find_filter(bound.string("value")) != nullptr;
}

Value is_test(CallContext& context, const Arguments& arguments) {
  const Bound bound("test", arguments, {"value"});
  return context.environment().find_test(bound.string("value")) != nullptr;
}

constexpr Builtin builtin_table[] = {
    {"defined", of_one<is_defined>},
    {"undefined", of_one<is_undefined>},
    {"none", of_one<is_none>},
    {"string", of_one<is_string>},
    {"number", of_one<is_number>},
    {"integer", of_one<is_integer>},
    {"float", of_one<is_float>},
    {"boolean", of_one<is_boolean>},
    {"true", of_one<is_true>},
    {"false", of_one<is_false>},
    {"mapping", of_one<is_mapping>},
    {"sequence", of_one<is_sequence>},
    {"iterable", of_one<is_iterable>},
    {"callable", of_one<is_callable>},
    {"odd", of_one<is_odd>},
    {"even", of_one<is_even>},
    {"divisibleby", divisible_by},
    {"sameas", same_as},
    {"lower", of_one<is_lower>},
    {"upper", of_one<is_upper>},
    {"filter", is_filter},
    {"test", is_test},
    {"in", compared<Comparison::in>},
    {"eq", compared<Comparison::equal>},
    {"equalto", compared<Comparison::equal>},
    {"==", compared<Comparison::equal>},
    {"ne", compared<Comparison::not_equal>},
    {"!=", compared<Comparison::not_equal>},
    {"lt", compared<Comparison::less>},
    {"lessthan", compared<Comparison::less>},
    {"<", compared<Comparison::less>},
    {"le", compared<Comparison::less_equal>},
    {"<=", compared<Comparison::less_equal>},
    {"gt", compared<Comparison::greater>},
    {"greaterthan", compared<Comparison::greater>},
    {">", compared<Comparison::greater>},
    {"ge", compared<Comparison::greater_equal>},
    {">=", compared<Comparison::greater_equal>},
};

}  // namespace

std::span<const Builtin> builtin_tests() {
  return builtin_table;
}

}  // namespace pipeline::jinja
