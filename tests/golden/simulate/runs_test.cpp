// Every run in runs/: a definition with its input and what its tasks answer, against how it must
// end, with which events and after how long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "common/base/clock.h"
#include "common/config/yaml.h"
#include "orchestrator/asl/definition_reader.h"
#include "orchestrator/asl/finding_list.h"
#include "orchestrator/simulate/simulation.h"

namespace pipeline {
namespace {

const std::filesystem::path folder = PIPELINE_SOURCE_DIR "/tests/golden/simulate/runs";

Json json_at(const YamlNode& run, std::string_view field) {
  const YamlNode* node = run.find(field);
  return node == nullptr ? Json::object() : asl::json_of(*node);
}

std::vector<std::string> expected_events(const YamlNode& run) {
  std::vector<std::string> events;
  for (const auto& item : run.at("events").items()) events.push_back(item.text());
  return events;
}

std::vector<std::string> events_of(const Simulation& simulation) {
  std::vector<std::string> events;
  for (const auto& event : simulation.events) {
    events.push_back(event.state.empty() ? event.type : event.type + " " + event.state);
  }
  return events;
}

void check(const YamlNode& run, const asl::StateMachine& machine) {
  const auto start = BusinessDate::parse("2026-02-01")->instant_at(std::chrono::hours(7));
  const Simulation actual =
      simulate(machine, {.input = json_at(run, "input"),
                         .answers = read_task_answers(json_at(run, "outcomes")),
                         .start = start});
  const YamlNode* status = run.find("status");
  EXPECT_EQ(word_of(actual.result.status), status != nullptr ? status->text() : "SUCCEEDED")
      << actual.result.error << ": " << actual.result.cause;
  if (const YamlNode* output = run.find("output")) {
    EXPECT_TRUE(asl::is_same(actual.result.output, asl::json_of(*output)))
        << actual.result.output.dump();
  }
  if (const YamlNode* error = run.find("error")) {
    EXPECT_EQ(actual.result.error, error->text()) << actual.result.cause;
  }
  if (const YamlNode* cause = run.find("cause")) {
    EXPECT_EQ(actual.result.cause, cause->text());
  }
  if (run.find("events") != nullptr) {
    EXPECT_EQ(events_of(actual), expected_events(run));
  }
  if (const YamlNode* seconds = run.find("seconds")) {
    const std::chrono::duration<double> took = actual.events.back().at - start;
    EXPECT_DOUBLE_EQ(took.count(), seconds->as_number());
  }
}

TEST(SimulatedRuns, EveryRunEndsAsExpected) {
  std::size_t runs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const YamlNode document = YamlNode::parse_file(entry.path().string());
    for (const auto& run : document.items()) {
      SCOPED_TRACE(fmt::format("{}: {}", run.where(), run.at("name").text()));
      run.allow_only({"name", "definition", "input", "outcomes", "status", "output", "error",
                      "cause", "events", "seconds"});
      const asl::Reading reading = asl::read_definition(run.at("definition"));
      for (const auto& finding : reading.findings) {
        EXPECT_EQ(finding.severity, asl::Finding::Severity::warning) << finding.text();
      }
      if (reading.machine) check(run, *reading.machine);
      ++runs;
    }
  }
  EXPECT_GE(runs, 30U);
}

}  // namespace
}  // namespace pipeline
