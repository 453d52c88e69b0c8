// What several places say of a source's freshness becomes one rule, or a refusal with the place.
#include "stages/transform/project/freshness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "stages/transform/project/project_loader.h"
#include "tests/support/temp_dir.h"

namespace pipeline::dbt {
namespace {

using testing::HasSubstr;

std::string settled(const std::vector<std::string>& texts) {
  std::vector<FreshnessStep> steps;
  for (const auto& text : texts) {
    steps.push_back({.given = Json::parse(text), .place = "models/a.yml:3"});
  }
  return to_json(settle_freshness(steps)).dump();
}

std::string refusal(const std::vector<std::string>& texts) {
  try {
    return "taken: " + settled(texts);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
    return error.message();
  }
}

constexpr const char* hours_and_days =
    R"({"warn_after": {"count": 36, "period": "hour"}, "error_after": {"count": 5, "period": "day"}})";

std::string rule(const std::string& warn, const std::string& error, const std::string& filter) {
  return R"({"warn_after":)" + warn + R"(,"error_after":)" + error + R"(,"filter":)" + filter + "}";
}

const std::string unset = R"({"count":null,"period":null})";
const std::string hours = R"({"count":36,"period":"hour"})";
const std::string days = R"({"count":5,"period":"day"})";

TEST(Freshness, IsWhatTheOnlyPlaceSays) {
  EXPECT_EQ(settled({hours_and_days}), rule(hours, days, "null"));
  EXPECT_EQ(settled({}), rule(unset, unset, "null"));
}

TEST(Freshness, OfATableIsLaidOverThatOfItsSourceKeyByKey) {
  EXPECT_EQ(settled({hours_and_days, R"({"error_after": {"count": 7}})"}),
            rule(hours, R"({"count":7,"period":"day"})", "null"));
  EXPECT_EQ(settled({hours_and_days, R"({"filter": "id > 1"})"}), rule(hours, days, R"("id > 1")"));
  EXPECT_EQ(settled({R"({"filter": "a"})", R"({"filter": null})"}), rule(unset, unset, R"("a")"));
}

TEST(Freshness, IsTakenAwayByNull) {
  EXPECT_EQ(settled({hours_and_days, "null"}), "null");
  EXPECT_EQ(settled({hours_and_days, R"({"warn_after": null})"}), rule(unset, days, "null"));
  EXPECT_EQ(settled({"null", R"({"warn_after": {"count": 36, "period": "hour"}})"}),
            rule(hours, unset, "null"));
}

TEST(Freshness, IsRefusedWithItsPlaceIfItIsMalformed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"warn_afer": {"count": 1, "period": "day"}})", "did you mean \"warn_after\""},
      {R"({"warn_after": {"count": "x", "period": "day"}})", "count of warn_after must be"},
      {R"({"warn_after": {"count": -1, "period": "day"}})", "not -1"},
      {R"({"warn_after": {"count": true, "period": "day"}})", "not true"},
      {R"({"warn_after": {"count": 1.5, "period": "day"}})", "not 1.5"},
      {R"({"error_after": {"count": 1, "period": "days"}})", "must be minute, hour or day"},
      {R"({"error_after": {"count": 1}})", "error_after has a count but no period"},
      {R"({"error_after": {"period": "day"}})", "error_after has a period but no count"},
      {R"({"error_after": {"count": 1, "period": "day", "unit": 1}})", "no \"unit\""},
      {R"({"error_after": 5})", "must have a count and a period"},
      {R"({"filter": 5})", "filter must be a text"},
      {R"("tomorrow")", "expected warn_after"}};
  for (const auto& [given, says] : cases) {
    EXPECT_THAT(refusal({given}), testing::AllOf(HasSubstr("models/a.yml:3: "), HasSubstr(says)));
  }
}

TEST(Freshness, CountsInSeconds) {
  const auto rule = settle_freshness({{.given = Json::parse(hours_and_days), .place = ""}});
  ASSERT_TRUE(rule && rule->warn_after && rule->error_after);
  EXPECT_EQ(rule->warn_after->age(), std::chrono::hours(36));
  EXPECT_EQ(rule->error_after->age(), std::chrono::hours(5 * 24));
}

/// Reads a project with these lines about sources.
Project project_with(const std::string& yaml, const std::string& settings = "") {
  const test::TempDir dir;
  dir.write("dbt_project.yml", "name: shop\nprofile: p\n" + settings);
  dir.write("profiles.yml", "p: {target: dev, outputs: {dev: {type: mysql, schema: main}}}\n");
  dir.write("models/a.yml", yaml);
  LoadOptions options;
  options.project_dir = dir.path();
  return load_project(options,
                      [](const std::string&, const Place&, const YamlScope&) { return Json(3); });
}

TEST(Freshness, IsReadInItsOldPlaceAndBelowConfig) {
  const std::string old_place =
      "sources:\n- name: raw\n  loaded_at_field: at\n"
      "  freshness: {warn_after: {count: 36, period: hour}}\n"
      "  tables:\n  - name: t\n    freshness: {error_after: {count: 5, period: day}}\n";
  const std::string below_config =
      "sources:\n- name: raw\n  config:\n    loaded_at_field: at\n"
      "    freshness: {warn_after: {count: 36, period: hour}}\n"
      "  tables:\n  - name: t\n    config: {freshness: {error_after: {count: 5, period: day}}}\n";
  for (const auto& yaml : {old_place, below_config}) {
    const Project project = project_with(yaml);
    ASSERT_EQ(project.sources.size(), 1u);
    EXPECT_EQ(project.sources.front().loaded_at_field, "at");
    EXPECT_EQ(to_json(project.sources.front().freshness).dump(), rule(hours, days, "null"));
  }
}

TEST(Freshness, InheritsFromDbtProjectYmlAndReadsJinja) {
  const Project project = project_with(
      "sources:\n- name: raw\n  tables:\n  - name: t\n"
      "    freshness: {warn_after: {count: \"{{ var('n') }}\"}}\n  - name: u\n    freshness: "
      "null\n",
      "sources: {shop: {+loaded_at_field: at, +freshness: {warn_after: {count: 1, period: "
      "day}}}}\n");
  ASSERT_EQ(project.sources.size(), 2u);
  EXPECT_EQ(project.sources[0].loaded_at_field, "at");
  EXPECT_EQ(to_json(project.sources[0].freshness).dump(),
            rule(R"({"count":3,"period":"day"})", unset, "null"));
  EXPECT_FALSE(project.sources[1].freshness);
}

TEST(Freshness, IsRefusedWithItsLineBeforeAnythingIsTouched) {
  const auto refused = [](const std::string& yaml) -> std::string {
    try {
      project_with(yaml);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
      return error.message();
    }
    return "taken";
  };
  EXPECT_THAT(refused("sources:\n- name: raw\n  tables:\n  - name: t\n"
                      "    freshness:\n      warn_after: {count: 1, period: week}\n"),
              HasSubstr("models/a.yml:6: freshness: period of warn_after"));
  EXPECT_THAT(refused("sources:\n- name: raw\n  tables:\n  - name: t\n"
                      "    config:\n      loaded_at_query: select 1\n"),
              HasSubstr("models/a.yml:6: not supported yet: loaded_at_query"));
}

}  // namespace
}  // namespace pipeline::dbt
