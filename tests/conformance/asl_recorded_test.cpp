// The interpreter against executions that were recorded of the service: a file that is not part of
// this project, named by PIPELINE_ASL_RECORDED. Without it there is nothing to compare.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "orchestrator/asl/definition_reader.h"
#include "orchestrator/simulate/simulation.h"

namespace pipeline {
namespace {

constexpr std::size_t least_percent = 90;

std::string contents(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The JSON that a text holds; the text itself if it holds none.
Json inner(const Json& value) {
  if (!value.is_string() || !value.as_string().starts_with("{")) return value;
  try {
    return Json::parse(value.as_string());
  } catch (const Error&) {
    return value;
  }
}

/// `<...>` stands for anything, as do `date` and names in `_arn`.
bool text_matches(const std::string& expected, const Json& actual) {
  static const std::regex wildcard("<[^<>]*>");
  if (expected == "date" || expected.ends_with("_arn")) return actual.is_string();
  if (std::regex_match(expected, wildcard)) return true;
  if (!actual.is_string()) return false;
  std::string_view rest = actual.as_string();
  const std::sregex_token_iterator begin(expected.begin(), expected.end(), wildcard, -1);
  const std::vector<std::string> pieces(begin, std::sregex_token_iterator{});
  if (pieces.size() <= 1) return expected == rest;
  if (!rest.starts_with(pieces.front())) return false;
  rest.remove_prefix(pieces.front().size());
  for (const auto& piece : std::span(pieces).subspan(1)) {
    const auto at = rest.find(piece);
    if (at == std::string_view::npos) return false;
    rest.remove_prefix(at + piece.size());
  }
  return true;
}

bool value_matches(const Json& expected, const Json& actual) {
  if (expected.is_string()) {
    const Json document = inner(expected);
    if (document.is_object()) return value_matches(document, inner(actual));
    return text_matches(expected.as_string(), actual);
  }
  if (expected.is_array()) {
    return actual.is_array() &&
           std::ranges::equal(expected.as_array(), actual.as_array(), value_matches);
  }
  if (expected.is_object()) {
    const Json document = inner(actual);
    if (!document.is_object()) return false;
    if (document.as_object().size() != expected.as_object().size()) return false;
    return std::ranges::all_of(expected.as_object(), [&](const auto& member) {
      const Json* found = document.find(member.first);
      return found != nullptr && value_matches(member.second, *found);
    });
  }
  return asl::is_same(expected, actual);
}

std::vector<std::string> sorted_types(const Json& events, std::string_view key) {
  std::vector<std::string> types;
  for (const auto& event : events.as_array()) {
    types.push_back(key.empty() ? event.as_string() : event.at(key).as_string());
  }
  // Branches interleave freely.
  std::ranges::sort(types);
  return types;
}

/// Why the simulation does not agree with the recording; empty if it does.
std::string disagreement(const Json& entry) {
  const auto machine = asl::parse_definition(entry.at("definition").dump(), "definition").machine;
  const Json actual =
      to_json(simulate(machine, {.input = entry.at("input"),
                                 .answers = read_task_answers(entry.at("task_outcomes")),
                                 .start = system_clock().now()}));
  const Json& expected = entry.at("expect");
  const Json* error = expected.find("error");
  const bool is_runtime = error != nullptr && *error == Json("States.Runtime");
  for (const auto& [field, value] : expected.as_object()) {
    if (field == "cause" && is_runtime) continue;
    if (!value_matches(value, actual.at(field))) {
      return fmt::format("{}: recorded {}, simulated {}", field, head(value.dump(), 300),
                         head(actual.at(field).dump(), 300));
    }
  }
  const auto recorded = sorted_types(entry.at("event_types"), "");
  const auto simulated = sorted_types(actual.at("events"), "type");
  if (recorded.empty() || recorded == simulated) return {};
  return fmt::format("events: recorded {}, simulated {}", join(recorded, " "),
                     join(simulated, " "));
}

TEST(AslRecorded, TheInterpreterAgreesWithTheService) {
  const char* path = std::getenv("PIPELINE_ASL_RECORDED");
  if (path == nullptr) GTEST_SKIP() << "PIPELINE_ASL_RECORDED names no file of recordings";
  log::configure(log::Level::error, log::Format::text);
  const Json entries = Json::parse(contents(path));
  std::size_t agreed = 0;
  for (const auto& entry : entries.as_array()) {
    std::string why;
    try {
      why = disagreement(entry);
    } catch (const Error& error) {
      why = error.what();
    }
    if (why.empty()) ++agreed;
    if (!why.empty()) fmt::print("{}: {}\n", entry.at("id").as_string(), why);
  }
  const std::size_t all = entries.as_array().size();
  fmt::print("agree: {} of {}\n", agreed, all);
  EXPECT_GT(all, 0U);
  EXPECT_GE(agreed * 100, all * least_percent);
}

}  // namespace
}  // namespace pipeline
