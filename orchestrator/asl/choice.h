// The rules of a Choice state: comparisons joined by And, Or and Not.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/json.h"
#include "orchestrator/asl/json_path.h"

namespace pipeline::asl {

enum class ComparedType { text, number, boolean, timestamp };
enum class Relation { equal, less, greater, less_equal, greater_equal };
enum class TypeTest { is_null, is_present, is_text, is_number, is_boolean, is_timestamp };

/// What an operator does, without ...Path: that says only where its value comes from.
struct Comparing {
  ComparedType type = ComparedType::text;
  Relation relation = Relation::equal;
};
struct Testing {
  TypeTest test = TypeTest::is_null;
};
struct Matching {};  // StringMatches
using Operation = std::variant<Comparing, Testing, Matching>;

struct ComparisonOperator {
  enum class Value { literal, path };
  std::string_view name;  // "NumericLessThanPath"
  Operation operation;
  Value value = Value::literal;
};

/// All of the language.
std::span<const ComparisonOperator> comparison_operators();

struct Comparison {
  JsonPath variable;
  Operation operation;
  std::variant<Json, JsonPath> value;
};

struct ChoiceTest;
struct AllOf {
  std::vector<ChoiceTest> tests;
};
struct AnyOf {
  std::vector<ChoiceTest> tests;
};
struct NoneOf {  // Not: exactly one
  std::vector<ChoiceTest> tests;
};
struct ChoiceTest {
  std::variant<Comparison, AllOf, AnyOf, NoneOf> kind;
};

struct ChoiceRule {
  ChoiceTest test;
  std::string next;
};

/// Whether the test holds. A value of another type than the operator's does not compare, so the
/// test does not hold. Throws config_invalid if a path leads nowhere, except for IsPresent.
bool holds(const ChoiceTest& test, const PathRoots& roots);

/// StringMatches: * stands for any characters, \* and \\ for the character. Takes time
/// proportional to the product of both lengths at most.
bool matches_pattern(std::string_view text, std::string_view pattern);

}  // namespace pipeline::asl
