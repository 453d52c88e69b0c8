// --vars as people write it on a command line.
#include "stages/transform/project/vars.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline::dbt {
namespace {

using testing::HasSubstr;

TEST(Vars, AreAMappingInYamlOrJson) {
  const Json expected = Json::parse(R"({"a": 1, "b": "x y", "c": true, "d": [1, 2], "e": null})");
  EXPECT_EQ(parse_vars("{a: 1, b: x y, c: yes, d: [1, 2], e: }"), expected);
  EXPECT_EQ(parse_vars(R"({"a": 1, "b": "x y", "c": true, "d": [1, 2], "e": null})"), expected);
  EXPECT_EQ(parse_vars("a: 1\nb: x y\nc: on\nd: [1, 2]\ne: ~\n"), expected);
  EXPECT_EQ(parse_vars("{day: 2026-02-01, zip: 0123}"),
            Json::parse(R"({"day": "2026-02-01", "zip": 83})"))
      << "plain scalars as PyYAML reads them";
  EXPECT_EQ(parse_vars("{}"), Json::object());
}

TEST(Vars, AreRefusedInAnyOtherForm) {
  const auto refusal = [](const std::string& text) {
    try {
      parse_vars(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
      return error.message();
    }
    return std::string("nothing was refused");
  };
  EXPECT_THAT(refusal("a=1"), HasSubstr("--vars must be a mapping in YAML or JSON"));
  EXPECT_THAT(refusal(""), HasSubstr("--vars must be a mapping"));
  EXPECT_THAT(refusal("[a, b]"), HasSubstr("--vars must be a mapping"));
  EXPECT_THAT(refusal("{a: 1"), HasSubstr("--vars:1"));
  EXPECT_THAT(refusal("{a: 1, a: 2}"), HasSubstr("--vars:1"));
}

}  // namespace
}  // namespace pipeline::dbt
