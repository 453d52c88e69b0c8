#include "orchestrator/asl/choice_reader.h"

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/core.h>

#include "orchestrator/asl/timestamp.h"

namespace pipeline::asl {
namespace {

const Fields& rule_fields() {
  static const Fields fields = [] {
    Fields made{.what = "a choice rule",
                .known = {"Variable", "And", "Or", "Not", "Next", "Comment"},
                .not_yet = {"Condition", "Assign", "Output"}};
    for (const auto& one : comparison_operators()) made.known.push_back(one.name);
    return made;
  }();
  return fields;
}

/// What the operator's value must be; nullptr if `value` is that.
struct Misfit {
  const Json& value;

  const char* operator()(const Comparing& comparing) const {
    switch (comparing.type) {
      case ComparedType::text:
        return value.is_string() ? nullptr : "a text";
      case ComparedType::number:
        return value.is_number() ? nullptr : "a number";
      case ComparedType::boolean:
        return value.is_bool() ? nullptr : "true or false";
      case ComparedType::timestamp:
        return value.is_string() && parse_timestamp(value.as_string())
                   ? nullptr
                   : "a time like \"2026-02-01T07:00:00+09:00\"";
    }
    return nullptr;
  }
  const char* operator()(const Testing&) const {
    return value.is_bool() ? nullptr : "true or false";
  }
  const char* operator()(const Matching&) const { return value.is_string() ? nullptr : "a text"; }
};

/// Reads one rule and what is inside it.
class RuleReader {
 public:
  explicit RuleReader(FindingList& findings) : findings_(findings) {}

  ChoiceTest read(const YamlNode& rule, RulePlace place) {
    if (!rule.is_mapping()) {
      findings_.error(rule, "a choice rule must be a mapping");
      return {};
    }
    findings_.check_fields(rule, rule_fields());
    if (place == RulePlace::inside && rule.find("Next") != nullptr) {
      findings_.error(*rule.find("Next"), "Next stands in the outermost rule only");
    }
    int kinds = 0;
    ChoiceTest test;
    for (const auto& [key, value] : rule.entries()) {
      auto found = read_kind(rule, name_of(key), value);
      if (!found) continue;
      test = *std::move(found);
      if (++kinds == 2) {
        findings_.error(key, "a choice rule has one comparison, And, Or or Not; two stand here");
      }
    }
    if (kinds == 0) {
      findings_.error(rule,
                      "a choice rule needs a comparison (StringEquals, IsPresent ...), And, "
                      "Or or Not");
    }
    return test;
  }

 private:
  /// nullopt for a field that is no test.
  std::optional<ChoiceTest> read_kind(const YamlNode& rule, std::string_view name,
                                      const YamlNode& value) {
    if (name == "And") return ChoiceTest{.kind = AllOf{.tests = tests_of(value, name)}};
    if (name == "Or") return ChoiceTest{.kind = AnyOf{.tests = tests_of(value, name)}};
    if (name == "Not") {
      NoneOf none;
      none.tests.push_back(read(value, RulePlace::inside));
      return ChoiceTest{.kind = std::move(none)};
    }
    for (const auto& one : comparison_operators()) {
      if (one.name == name) return ChoiceTest{.kind = comparison(rule, one, value)};
    }
    return {};
  }

  std::vector<ChoiceTest> tests_of(const YamlNode& list, std::string_view name) {
    std::vector<ChoiceTest> tests;
    if (!list.is_sequence() || list.items().empty()) {
      findings_.error(list, fmt::format("{} must be a list with at least one rule", name));
      return tests;
    }
    for (const auto& item : list.items()) tests.push_back(read(item, RulePlace::inside));
    return tests;
  }

  Comparison comparison(const YamlNode& rule, const ComparisonOperator& one,
                        const YamlNode& value) {
    Comparison comparison{.variable = {}, .operation = one.operation, .value = Json()};
    if (auto variable = findings_.path(rule, "Variable")) {
      comparison.variable = *std::move(variable);
    } else if (rule.find("Variable") == nullptr) {
      findings_.error(rule, fmt::format("{} needs a Variable", one.name));
    }
    if (one.value == ComparisonOperator::Value::path) {
      comparison.value = findings_.definite_path(rule, one.name).value_or(JsonPath{});
      return comparison;
    }
    Json literal = json_of(value);
    if (const char* must_be = std::visit(Misfit{literal}, one.operation)) {
      findings_.error(value, fmt::format("{} must be {}", one.name, must_be));
    }
    comparison.value = std::move(literal);
    return comparison;
  }

  FindingList& findings_;
};

}  // namespace

ChoiceTest read_choice_test(const YamlNode& rule, RulePlace place, FindingList& findings) {
  return RuleReader(findings).read(rule, place);
}

}  // namespace pipeline::asl
