// What operators, subscripts and loops do with values: Python's rules, its errors in plain words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stages/transform/jinja/value.h"

namespace pipeline::jinja {

enum class BinaryOperator { add, subtract, multiply, divide, floor_divide, modulo, power };
enum class Comparison { equal, not_equal, less, less_equal, greater, greater_equal, in, not_in };

// All throw Error config_invalid for operands that do not fit; undefined operands are named.

/// Integers are exact in 64 bits; a result that does not fit is an error.
Value binary(BinaryOperator op, const Value& left, const Value& right);
Value negate(const Value& operand);
Value positive(const Value& operand);
bool compare(Comparison comparison, const Value& left, const Value& right);
/// left < right: numbers, strings by character, lists and tuples item by item.
bool less(const Value& left, const Value& right);
bool contains(const Value& container, const Value& needle);

/// container[key]; a key that is not there gives an undefined value of `policy`.
Value get_item(const Value& container, const Value& key, UndefinedPolicy policy);
/// container[begin:end:step] of a string, list or tuple; none stands for an absent part.
Value get_slice(const Value& container, const Value& begin, const Value& end, const Value& step);
/// container.name: an attribute of an object or a member of a dict; undefined of `policy` if there
/// is none. Python's methods are in methods.h.
Value get_attribute(const Value& container, std::string_view name, UndefinedPolicy policy);

/// What a loop walks over: items, keys of a dict, characters of a string.
List iterate(const Value& value);
/// Python's len(); nullopt if the value has none.
std::optional<std::int64_t> length(const Value& value);
/// What one item of a list weighs against value_bytes_max.
inline constexpr std::size_t item_bytes = 16;

/// Throws resource_exhausted if a string of `bytes` is larger than a value may be.
void check_size(std::size_t bytes);

}  // namespace pipeline::jinja
