#include "orchestrator/asl/choice.h"

#include <algorithm>
#include <array>
#include <compare>
#include <functional>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "orchestrator/asl/expression.h"
#include "orchestrator/asl/timestamp.h"

namespace pipeline::asl {
namespace {

using Value = ComparisonOperator::Value;

constexpr Comparing compare(ComparedType type, Relation relation) {
  return {.type = type, .relation = relation};
}
constexpr auto text = ComparedType::text;
constexpr auto number = ComparedType::number;
constexpr auto timestamp = ComparedType::timestamp;

constexpr std::array<ComparisonOperator, 39> operators{{
    {"StringEquals", compare(text, Relation::equal)},
    {"StringLessThan", compare(text, Relation::less)},
    {"StringGreaterThan", compare(text, Relation::greater)},
    {"StringLessThanEquals", compare(text, Relation::less_equal)},
    {"StringGreaterThanEquals", compare(text, Relation::greater_equal)},
    {"StringEqualsPath", compare(text, Relation::equal), Value::path},
    {"StringLessThanPath", compare(text, Relation::less), Value::path},
    {"StringGreaterThanPath", compare(text, Relation::greater), Value::path},
    {"StringLessThanEqualsPath", compare(text, Relation::less_equal), Value::path},
    {"StringGreaterThanEqualsPath", compare(text, Relation::greater_equal), Value::path},
    {"StringMatches", Matching{}},
    {"NumericEquals", compare(number, Relation::equal)},
    {"NumericLessThan", compare(number, Relation::less)},
    {"NumericGreaterThan", compare(number, Relation::greater)},
    {"NumericLessThanEquals", compare(number, Relation::less_equal)},
    {"NumericGreaterThanEquals", compare(number, Relation::greater_equal)},
    {"NumericEqualsPath", compare(number, Relation::equal), Value::path},
    {"NumericLessThanPath", compare(number, Relation::less), Value::path},
    {"NumericGreaterThanPath", compare(number, Relation::greater), Value::path},
    {"NumericLessThanEqualsPath", compare(number, Relation::less_equal), Value::path},
    {"NumericGreaterThanEqualsPath", compare(number, Relation::greater_equal), Value::path},
    {"BooleanEquals", compare(ComparedType::boolean, Relation::equal)},
    {"BooleanEqualsPath", compare(ComparedType::boolean, Relation::equal), Value::path},
    {"TimestampEquals", compare(timestamp, Relation::equal)},
    {"TimestampLessThan", compare(timestamp, Relation::less)},
    {"TimestampGreaterThan", compare(timestamp, Relation::greater)},
    {"TimestampLessThanEquals", compare(timestamp, Relation::less_equal)},
    {"TimestampGreaterThanEquals", compare(timestamp, Relation::greater_equal)},
    {"TimestampEqualsPath", compare(timestamp, Relation::equal), Value::path},
    {"TimestampLessThanPath", compare(timestamp, Relation::less), Value::path},
    {"TimestampGreaterThanPath", compare(timestamp, Relation::greater), Value::path},
    {"TimestampLessThanEqualsPath", compare(timestamp, Relation::less_equal), Value::path},
    {"TimestampGreaterThanEqualsPath", compare(timestamp, Relation::greater_equal), Value::path},
    {"IsNull", Testing{TypeTest::is_null}},
    {"IsPresent", Testing{TypeTest::is_present}},
    {"IsNumeric", Testing{TypeTest::is_number}},
    {"IsString", Testing{TypeTest::is_text}},
    {"IsBoolean", Testing{TypeTest::is_boolean}},
    {"IsTimestamp", Testing{TypeTest::is_timestamp}},
}};

std::optional<std::chrono::system_clock::time_point> time_of(const Json& value) {
  return value.is_string() ? parse_timestamp(value.as_string()) : std::nullopt;
}

/// nullopt if one of the two is not of the type.
std::optional<std::partial_ordering> order_of(ComparedType type, const Json& left,
                                              const Json& right) {
  switch (type) {
    case ComparedType::text:
      if (!left.is_string() || !right.is_string()) return {};
      return left.as_string().compare(right.as_string()) <=> 0;
    case ComparedType::number:
      if (!left.is_number() || !right.is_number()) return {};
      if (left.is_int() && right.is_int()) return left.as_int() <=> right.as_int();
      return left.as_number() <=> right.as_number();
    case ComparedType::boolean:
      if (!left.is_bool() || !right.is_bool()) return {};
      return left.as_bool() <=> right.as_bool();
    case ComparedType::timestamp: {
      const auto a = time_of(left);
      const auto b = time_of(right);
      if (!a || !b) return {};
      return *a <=> *b;
    }
  }
  return {};
}

bool is_in(Relation relation, std::partial_ordering order) {
  switch (relation) {
    case Relation::equal:
      return order == 0;
    case Relation::less:
      return order < 0;
    case Relation::greater:
      return order > 0;
    case Relation::less_equal:
      return order <= 0;
    case Relation::greater_equal:
      return order >= 0;
  }
  return false;
}

bool is_of_type(TypeTest test, const Json& value) {
  switch (test) {
    case TypeTest::is_null:
      return value.is_null();
    case TypeTest::is_present:
      return true;
    case TypeTest::is_text:
      return value.is_string();
    case TypeTest::is_number:
      return value.is_number();
    case TypeTest::is_boolean:
      return value.is_bool();
    case TypeTest::is_timestamp:
      return time_of(value).has_value();
  }
  return false;
}

Json present(const JsonPath& path, const PathRoots& roots) {
  if (auto value = path.find(roots)) return *std::move(value);
  throw Error(ErrorKind::config_invalid,
              fmt::format("Invalid path '{}': The choice state's condition path references an "
                          "invalid value.",
                          path.text()));
}

struct HoldsFor {
  const Comparison& comparison;
  const PathRoots& roots;

  bool operator()(const Comparing& comparing) const {
    const auto order = order_of(comparing.type, variable(), value());
    return order && is_in(comparing.relation, *order);
  }
  bool operator()(const Testing& testing) const {
    const bool wanted = value() == Json(true);
    if (testing.test == TypeTest::is_present) {
      return comparison.variable.find(roots).has_value() == wanted;
    }
    return is_of_type(testing.test, variable()) == wanted;
  }
  bool operator()(const Matching&) const {
    const Json text_asked = variable();
    return text_asked.is_string() && matches_pattern(text_asked.as_string(), value().as_string());
  }

 private:
  Json variable() const { return present(comparison.variable, roots); }
  Json value() const {
    if (const auto* literal = std::get_if<Json>(&comparison.value)) return *literal;
    return present(std::get<JsonPath>(comparison.value), roots);
  }
};

struct Holds {
  const PathRoots& roots;

  bool operator()(const Comparison& comparison) const {
    return std::visit(HoldsFor{comparison, roots}, comparison.operation);
  }
  bool operator()(const AllOf& all) const { return std::ranges::all_of(all.tests, one); }
  bool operator()(const AnyOf& any) const { return std::ranges::any_of(any.tests, one); }
  bool operator()(const NoneOf& none) const { return std::ranges::none_of(none.tests, one); }

  std::function<bool(const ChoiceTest&)> one = [this](const ChoiceTest& test) {
    return holds(test, roots);
  };
};

}  // namespace

std::span<const ComparisonOperator> comparison_operators() {
  return operators;
}

bool holds(const ChoiceTest& test, const PathRoots& roots) {
  return std::visit(Holds{.roots = roots}, test.kind);
}

bool matches_pattern(std::string_view subject, std::string_view pattern) {
  // The classic walk: on a mismatch go back to the last star and let it take one character more.
  std::size_t at = 0;
  std::size_t p = 0;
  std::optional<std::size_t> behind_star;
  std::size_t star_at = 0;
  while (at < subject.size() || p < pattern.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      behind_star = ++p;
      star_at = at;
      continue;
    }
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\' &&
                         (pattern[p + 1] == '*' || pattern[p + 1] == '\\');
    const std::size_t literal = escaped ? p + 1 : p;
    if (at < subject.size() && literal < pattern.size() && pattern[literal] == subject[at]) {
      ++at;
      p = literal + 1;
    } else if (behind_star && star_at < subject.size()) {
      at = ++star_at;
      p = *behind_star;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace pipeline::asl
