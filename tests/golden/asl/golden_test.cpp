// Every definition in this folder, and the bundled one, against the machine that is read from it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "common/base/text.h"
#include "orchestrator/asl/definition_reader.h"

namespace pipeline::asl {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string text_of(const ResultPath& path) {
  const auto* place = std::get_if<ReferencePath>(&path);
  return place != nullptr ? place->text() : "null";
}

std::string text_of(const FailText& text) {
  if (const auto* literal = std::get_if<std::string>(&text)) return fmt::format("\"{}\"", *literal);
  const auto* expression = std::get_if<Expression>(&text);
  return expression != nullptr ? expression->written : "nothing";
}

/// The kind, without what every kind has.
struct Describe {
  std::string operator()(const Task& task) const {
    return fmt::format("Task {} timeout {}", task.resource,
                       task.timeout ? fmt::format("{}s", task.timeout->count()) : "none");
  }
  std::string operator()(const Pass& pass) const {
    return pass.result ? "Pass " + pass.result->dump() : "Pass";
  }
  std::string operator()(const Choice& choice) const {
    std::string text = "Choice";
    for (const auto& rule : choice.rules) text += " -> " + rule.next;
    return text + " otherwise " + choice.otherwise.value_or("nothing");
  }
  std::string operator()(const Wait&) const { return "Wait"; }
  std::string operator()(const Parallel& parallel) const {
    return fmt::format("Parallel of {}", parallel.branches.size());
  }
  std::string operator()(const Map& map) const { return "Map of " + map.items_path.text(); }
  std::string operator()(const Succeed&) const { return "Succeed"; }
  std::string operator()(const Fail& fail) const {
    return fmt::format("Fail error {} cause {}", text_of(fail.error), text_of(fail.cause));
  }
};

std::string describe(const State& state) {
  std::string text = fmt::format("{}: {}", state.name, std::visit(Describe{}, state.kind));
  const bool leaves_itself = std::holds_alternative<Choice>(state.kind) ||
                             std::holds_alternative<Succeed>(state.kind) ||
                             std::holds_alternative<Fail>(state.kind);
  if (!leaves_itself) {
    text += fmt::format(" result {} -> {}", text_of(state.flow.result_path),
                        state.next.value_or("end"));
  }
  text += '\n';
  for (const auto& retrier : state.retry) {
    text += fmt::format(
        "  retry [{}] {} x {}s rate {}{}{}\n", join(retrier.error_equals, ", "),
        retrier.max_attempts, retrier.interval.count(), retrier.backoff_rate,
        retrier.max_delay ? fmt::format(" at most {}s", retrier.max_delay->count()) : "",
        retrier.jitter == Jitter::full ? " with jitter" : "");
  }
  for (const auto& catcher : state.catchers) {
    text += fmt::format("  catch [{}] error {} -> {}\n", join(catcher.error_equals, ", "),
                        text_of(catcher.result_path), catcher.next);
  }
  return text;
}

std::string describe(const std::filesystem::path& path) {
  const Reading reading =
      read_definition(YamlNode::parse(contents(path), path.filename().string()));
  std::string text;
  for (const auto& finding : reading.findings) text += finding.text() + "\n";
  if (!reading.machine) return text;
  text += fmt::format("start {}\n", reading.machine->start_at);
  for_each_state(*reading.machine, [&](const State& state) { text += describe(state); });
  return text;
}

void expect_golden(const std::filesystem::path& definition, const std::filesystem::path& expected) {
  SCOPED_TRACE(definition);
  const std::string actual = describe(definition);
  if (std::getenv("PIPELINE_UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << actual;
  ASSERT_TRUE(std::filesystem::exists(expected));
  EXPECT_EQ(actual, contents(expected));
}

const std::filesystem::path folder = PIPELINE_SOURCE_DIR "/tests/golden/asl";

TEST(AslGolden, TheBundledMachineReadsAsExpected) {
  expect_golden(PIPELINE_SOURCE_DIR "/deploy/state_machine.yaml", folder / "bundled.expected");
}

TEST(AslGolden, EveryDefinitionReadsAsExpected) {
  std::vector<std::filesystem::path> definitions;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto extension = entry.path().extension();
    if (extension == ".yaml" || extension == ".json") definitions.push_back(entry.path());
  }
  std::ranges::sort(definitions);
  ASSERT_FALSE(definitions.empty());
  for (const auto& definition : definitions) {
    expect_golden(definition, std::filesystem::path(definition).replace_extension(".expected"));
  }
}

}  // namespace
}  // namespace pipeline::asl
