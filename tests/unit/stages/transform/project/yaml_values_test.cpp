// Plain YAML scalars as PyYAML reads them, and where Jinja is rendered.
#include "stages/transform/project/yaml_values.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/base/error.h"

namespace pipeline::dbt {
namespace {

TEST(PlainScalar, ReadsAsPyYamlDoes) {
  struct {
    const char* text;
    Json value;
  } const cases[] = {
      {"yes", true},
      {"Off", false},
      {"oN", "oN"},
      {"0123", 83},
      {"089", "089"},
      {"1_000", 1000},
      {"0x1F", 31},
      {"0b101", 5},
      {"1:30", 90},
      {"-7", -7},
      {"+7", 7},
      {"1.10", 1.1},
      {".5", 0.5},
      {"1e5", "1e5"},
      {"1.0e+5", 100000.0},
      {"07:00", "07:00"},
      {"2018-01-01", "2018-01-01"},
      {"1.2.3", "1.2.3"},
      {"", ""},
      {"-", "-"},
      {".", "."},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.text);
    EXPECT_EQ(plain_scalar(one.text), one.value);
  }
  EXPECT_EQ(plain_scalar("-.inf").as_number(), -std::numeric_limits<double>::infinity());
}

/// Shouts instead of rendering, so that a test sees what was handed over.
Json shout(const std::string& text, const Place& place, const YamlScope&) {
  return "<" + text + " at " + place.text() + ">";
}

Json values(const char* yaml) {
  const RenderYaml render = shout;
  return YamlValues(render, {}).rendered(YamlNode::parse(yaml, "x.yml"));
}

TEST(YamlValues, RendersTextsWithJinjaWhereTheyStand) {
  EXPECT_EQ(values("a: \"{{ b }}\"\nc: [yes, \"yes\"]"),
            Json::parse(R"({"a": "<{{ b }} at x.yml:1>", "c": [true, "yes"]})"));
}

TEST(YamlValues, LeavesHooksForLater) {
  EXPECT_EQ(values("+post-hook: [\"{{ this }}\"]\npre_hook: \"{{ this }}\""),
            Json::parse(R"({"+post-hook": ["{{ this }}"], "pre_hook": "{{ this }}"})"));
}

TEST(YamlValues, FollowsMergeKeysBelowOwnKeys) {
  EXPECT_EQ(values("base: &base {a: 1, b: 2}\nuse: {<<: *base, b: 3}").at("use"),
            Json::parse(R"({"a": 1, "b": 3})"));
}

}  // namespace
}  // namespace pipeline::dbt
