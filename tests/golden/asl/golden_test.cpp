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
  const auto* path = std::get_if<ReferencePath>(&text);
  return path != nullptr ? path->text() : "nothing";
}

struct Describe {
  std::string operator()(const Task& task) const {
    std::string text =
        fmt::format("Task {} timeout {} result {} -> {}\n", task.resource,
                    task.timeout ? fmt::format("{}s", task.timeout->count()) : "none",
                    text_of(task.result_path), task.next.value_or("end"));
    for (const auto& retrier : task.retry) {
      text += fmt::format(
          "  retry [{}] {} x {}s rate {}{}{}\n", join(retrier.error_equals, ", "),
          retrier.max_attempts, retrier.interval.count(), retrier.backoff_rate,
          retrier.max_delay ? fmt::format(" at most {}s", retrier.max_delay->count()) : "",
          retrier.jitter == Jitter::full ? " with jitter" : "");
    }
    for (const auto& catcher : task.catchers) {
      text += fmt::format("  catch [{}] error {} -> {}\n", join(catcher.error_equals, ", "),
                          text_of(catcher.result_path), catcher.next);
    }
    return text;
  }
  std::string operator()(const Succeed&) const { return "Succeed\n"; }
  std::string operator()(const Fail& fail) const {
    return fmt::format("Fail error {} cause {}\n", text_of(fail.error), text_of(fail.cause));
  }
};

std::string describe(const std::filesystem::path& path) {
  const Reading reading =
      read_definition(YamlNode::parse(contents(path), path.filename().string()));
  std::string text;
  for (const auto& finding : reading.findings) text += finding.text() + "\n";
  if (!reading.machine) return text;
  text += fmt::format("start {}\n", reading.machine->start_at);
  for (const auto& state : reading.machine->states) {
    text += fmt::format("{}: {}", state.name, std::visit(Describe{}, state.kind));
  }
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
