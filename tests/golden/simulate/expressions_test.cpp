// Every line of expressions.yaml and operators.yaml.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/config/yaml.h"
#include "orchestrator/asl/choice_reader.h"
#include "orchestrator/asl/finding_list.h"
#include "orchestrator/asl/state_machine.h"
#include "orchestrator/simulate/simulation.h"

namespace pipeline {
namespace {

const std::string folder = PIPELINE_SOURCE_DIR "/tests/golden/simulate/";

Json input_of(const YamlNode& line) {
  const YamlNode* node = line.find("in");
  return node == nullptr ? Json::object() : asl::json_of(*node);
}

/// How a run of the one state S ends.
RunResult run_state(asl::StateKind kind, asl::DataFlow flow, const YamlNode& line) {
  asl::StateMachine machine{.start_at = "S"};
  machine.states.push_back({.name = "S", .flow = std::move(flow), .kind = std::move(kind)});
  machine.states.push_back({.name = "Yes", .kind = asl::Pass{.result = Json(true)}});
  machine.states.push_back({.name = "No", .kind = asl::Pass{.result = Json(false)}});
  const auto start = BusinessDate::parse("2026-02-01")->instant_at(std::chrono::hours(7));
  return simulate(machine, {.input = input_of(line), .answers = {}, .start = start}).result;
}

void expect_result(const RunResult& result, const YamlNode& line, const YamlNode* expected) {
  if (const YamlNode* fails = line.find("fails")) {
    EXPECT_EQ(result.error, "States.Runtime");
    EXPECT_THAT(result.cause, testing::HasSubstr(fails->text()));
    return;
  }
  ASSERT_NE(expected, nullptr);
  EXPECT_EQ(result.error, "") << result.cause;
  EXPECT_TRUE(asl::is_same(result.output, asl::json_of(*expected))) << result.output.dump();
}

TEST(Expressions, EveryLineGivesWhatItMust) {
  const YamlNode document = YamlNode::parse_file(folder + "expressions.yaml");
  EXPECT_GT(document.items().size(), 100U);
  for (const auto& line : document.items()) {
    SCOPED_TRACE(line.where() + " " + line.at("of").text());
    asl::DataFlow flow;
    try {
      asl::PayloadTemplate::Members members;
      members.push_back({"x", asl::PayloadTemplate{asl::parse_expression(line.at("of").text())}});
      flow.parameters = asl::PayloadTemplate{std::move(members)};
    } catch (const Error& error) {
      ASSERT_NE(line.find("fails"), nullptr) << error.message();
      EXPECT_THAT(error.message(), testing::HasSubstr(line.at("fails").text()));
      continue;
    }
    flow.output_path = asl::JsonPath::parse("$.x");
    expect_result(run_state(asl::Pass{}, std::move(flow), line), line, line.find("gives"));
  }
}

TEST(Expressions, EveryOperatorComparesAsItMust) {
  const YamlNode document = YamlNode::parse_file(folder + "operators.yaml");
  std::set<std::string> used;
  for (const auto& line : document.items()) {
    SCOPED_TRACE(line.where());
    asl::FindingList findings;
    asl::ChoiceRule rule{
        .test = asl::read_choice_test(line.at("rule"), asl::RulePlace::top, findings),
        .next = "Yes"};
    ASSERT_FALSE(findings.has_errors()) << std::move(findings).take().front().text();
    for (const auto& [key, value] : line.at("rule").entries()) used.insert(key.text());
    expect_result(run_state(asl::Choice{.rules = {std::move(rule)}, .otherwise = "No"}, {}, line),
                  line, line.find("holds"));
  }
  for (const auto& one : asl::comparison_operators()) {
    EXPECT_TRUE(used.contains(std::string(one.name))) << one.name;
  }
}

}  // namespace
}  // namespace pipeline
