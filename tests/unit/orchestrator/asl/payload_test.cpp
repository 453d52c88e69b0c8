// Where results and errors go.
#include "orchestrator/asl/payload.h"

#include <gtest/gtest.h>

#include "common/base/error.h"
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

TEST(Payload, APathToAnElementReplacesIt) {
  EXPECT_EQ(placed(R"({"a":[1,2]})", "$.a[1]", "3"), R"({"a":[1,3]})");
  EXPECT_EQ(placed(R"({"a":[1,{}]})", "$.a[1].b", "3"), R"({"a":[1,{"b":3}]})");
  EXPECT_EQ(placed(R"({"a":[1]})", "$.a[1]", "3"), "no match");
  EXPECT_EQ(placed(R"({"a":1})", "$.a[0]", "3"), "no match");
}

TEST(Payload, SelectsByPathAndNullIsAnEmptyObject) {
  const Json input = Json::parse(R"({"a":[1,2]})");
  const Json context = Json::object();
  EXPECT_EQ(select(JsonPath{}, {input, context}), input);
  EXPECT_EQ(select(JsonPath::parse("$.a[1]"), {input, context}), Json(2));
  EXPECT_EQ(select(Discard{}, {input, context}), Json::object());
  EXPECT_THROW(select(JsonPath::parse("$.b"), {input, context}), Error);
}

TEST(Payload, BoundsBytesAndDepth) {
  EXPECT_EQ(excess_of(Json(std::string(payload_bytes_max - 2, 'x'))), std::nullopt);
  EXPECT_EQ(excess_of(Json(std::string(payload_bytes_max - 1, 'x'))), Excess::bytes);
  Json deep = 1;
  for (int level = 0; level < payload_depth_max; ++level) deep = Json(Json::Array{std::move(deep)});
  EXPECT_EQ(excess_of(deep), std::nullopt);
  EXPECT_EQ(excess_of(Json(Json::Array{deep})), Excess::depth);
}

TEST(JsonPath, BoundsWhatAPathCanGrowTo) {
  Json list = Json::array();
  for (int i = 0; i < 2'000; ++i) list.push_back(i);
  Json document = Json::array();
  for (int i = 0; i < 100; ++i) document.push_back(list);
  const Json context = Json::object();
  // 200,000 numbers; and 600 times each of three lists, with what is in it.
  EXPECT_THROW(JsonPath::parse("$[*][*]").find({document, context}), Error);
  std::string copies = "$[0,1,2";
  for (int i = 0; i < 599; ++i) copies += ",0,1,2";
  EXPECT_THROW(JsonPath::parse(copies + "]").find({document, context}), Error);
  EXPECT_EQ(JsonPath::parse("$[0:2][*]").find({document, context})->as_array().size(), 4'000U);
}

TEST(Payload, WritesTheErrorOutputInTheLanguagesOrder) {
  EXPECT_EQ(error_output("A", "").dump(), R"({"Error":"A","Cause":""})");
}

TEST(ReferencePath, ReadsWhatItWrites) {
  for (const std::string_view text : {"$", "$.a", "$.a.b_c-1", "$.a[0].b", "$['a b']['it\\'s']"}) {
    EXPECT_EQ(parse_reference_path(text)->text(), text);
  }
}

TEST(ReferencePath, RefusesEverythingElse) {
  for (const std::string_view text : {"", "a", "$a", "$.", "$..a", "$.a.", "$.a[-1]", "$['a', 'b']",
                                      "$.a b", "$$.Execution.Id", "$.*"}) {
    EXPECT_FALSE(parse_reference_path(text)) << text;
  }
}

}  // namespace
}  // namespace pipeline::asl
