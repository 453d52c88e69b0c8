// Where results and errors go.
#include "orchestrator/asl/payload.h"

#include <gtest/gtest.h>

#include "orchestrator/asl/definition_reader.h"

namespace pipeline::asl {
namespace {

std::string placed(std::string_view input, std::string_view path, std::string_view result) {
  const auto output =
      place_result(Json::parse(input), *parse_reference_path(path), Json::parse(result));
  return output ? output->dump() : "no match";
}

TEST(Payload, TheWholePathReplacesTheInput) {
  EXPECT_EQ(placed(R"({"a":1})", "$", "[2]"), "[2]");
  EXPECT_EQ(placed("5", "$", "null"), "null");
}

TEST(Payload, APathInjectsIntoTheInput) {
  EXPECT_EQ(placed(R"({"a":1})", "$.b", "2"), R"({"a":1,"b":2})");
  EXPECT_EQ(placed(R"({"a":1})", "$.b.c", "2"), R"({"a":1,"b":{"c":2}})");
  EXPECT_EQ(placed(R"({"a":{"x":1}})", "$.a.y", "2"), R"({"a":{"x":1,"y":2}})");
  EXPECT_EQ(placed(R"({"a":1})", "$.a", "2"), R"({"a":2})");
}

TEST(Payload, APathThroughAScalarDoesNotMatch) {
  EXPECT_EQ(placed(R"({"a":1})", "$.a.b", "2"), "no match");
  EXPECT_EQ(placed("[1]", "$.a", "2"), "no match");
  EXPECT_EQ(placed("null", "$.a", "2"), "no match");
}

TEST(Payload, DiscardKeepsTheInput) {
  EXPECT_EQ(place_result(Json::parse(R"({"a":1})"), Discard{}, Json(2))->dump(), R"({"a":1})");
}

TEST(Payload, FindsValuesByPath) {
  const Json document = Json::parse(R"({"error":{"Error":"A"}})");
  EXPECT_EQ(find_value(document, *parse_reference_path("$.error.Error"))->as_string(), "A");
  EXPECT_EQ(find_value(document, *parse_reference_path("$.error.Cause")), nullptr);
  EXPECT_EQ(find_value(document, *parse_reference_path("$.error.Error.x")), nullptr);
  EXPECT_EQ(*find_value(document, *parse_reference_path("$")), document);
}

TEST(Payload, WritesTheErrorOutputInTheLanguagesOrder) {
  EXPECT_EQ(error_output("A", "").dump(), R"({"Error":"A","Cause":""})");
}

TEST(ReferencePath, ReadsWhatItWrites) {
  for (const std::string_view text : {"$", "$.a", "$.a.b_c-1"}) {
    EXPECT_EQ(parse_reference_path(text)->text(), text);
  }
}

TEST(ReferencePath, RefusesEverythingElse) {
  for (const std::string_view text : {"", "a", "$a", "$.", "$..a", "$.a.", "$.a[0]", "$['a']",
                                      "$.a b", "$$.Execution.Id", "$.*"}) {
    EXPECT_FALSE(parse_reference_path(text)) << text;
  }
}

}  // namespace
}  // namespace pipeline::asl
