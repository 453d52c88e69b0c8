// JSON keeps order and exact integers, and reads back what it writes.
#include "common/base/json.h"

#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline {
namespace {

TEST(Json, ReadsBackWhatItWrites) {
  const std::string text =
      R"({"z":1,"a":[true,null,-9223372036854775808,1.5,2500.0,"日本\n\"\\"],"o":{"k":{}}})";
  EXPECT_EQ(Json::parse(text).dump(), text);
}

TEST(Json, KeepsTheOrderOfMembersAndTheLastOfDoubles) {
  EXPECT_EQ(Json::parse(R"({"b":1,"a":2,"b":3})").dump(), R"({"b":3,"a":2})");
}

TEST(Json, WritesControlCharactersAndBrokenUtf8Safely) {
  EXPECT_EQ(Json(std::string("a\x01\xff"
                             "b"))
                .dump(),
            "\"a\\u0001\xEF\xBF\xBD"
            "b\"");
}

TEST(Json, RefusesBrokenTextWithItsPlace) {
  for (const auto* text : {"", "{", "[1,]", "{\"a\" 1}", "nul", "1 2", "\"\\x\""}) {
    EXPECT_THROW(Json::parse(text), Error) << text;
  }
}

TEST(Json, BoundsItsDepth) {
  EXPECT_THROW(Json::parse(std::string(100'000, '[')), Error);
  EXPECT_NO_THROW(Json::parse(std::string(150, '[') + std::string(150, ']')));
}

TEST(Json, NamesBothTypesOfAMistake) {
  try {
    Json("x").as_int();
    FAIL() << "a string was taken for an integer";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "expected an integer, found a string");
  }
}

TEST(Json, IndentsForPeople) {
  Json value = Json::object();
  value.set("a", Json::Array{Json(1), Json(2)});
  EXPECT_EQ(value.dump(Json::Style::indented), "{\n  \"a\": [\n    1,\n    2\n  ]\n}");
}

}  // namespace
}  // namespace pipeline
