// How settings of several places become one, as in dbt.
#include "stages/transform/project/project.h"

#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline::dbt {
namespace {

Json merged(std::string_view base, std::string_view over) {
  Json config = Json::parse(base);
  merge_config(config, Json::parse(over));
  return config;
}

TEST(MergeConfig, AddsTagsMetaAndHooksUpAndReplacesTheRest) {
  EXPECT_EQ(
      merged(R"({"tags": ["a"], "meta": {"x": 1}, "pre-hook": ["one"], "materialized": "view"})",
             R"({"tags": ["a", "b"], "meta": {"y": 2}, "pre_hook": "one",
                       "materialized": "table"})"),
      Json::parse(R"({"tags": ["a", "b"], "meta": {"x": 1, "y": 2},
                            "pre-hook": ["one", "one"], "materialized": "table"})"));
}

TEST(MergeConfig, MakesSpellingsOne) {
  EXPECT_EQ(merged("{}", R"({"+post_hook": "x"})"), Json::parse(R"({"post-hook": ["x"]})"));
}

TEST(ConfigOf, WalksFromTheOutsideInAlongTheFqn) {
  const Json section = Json::parse(R"({
    "+tags": "all", "materialized": "view",
    "shop": {"+materialized": "table", "gold": {"+schema": "gold", "+meta": {"x": 1}}},
    "other": {"+schema": "never"}})");
  EXPECT_EQ(config_of(section, {"shop", "gold", "a"}),
            Json::parse(R"({"tags": ["all"], "materialized": "table", "schema": "gold",
                            "meta": {"x": 1}})"));
}

TEST(HooksOf, ReadsTextsMappingsAndLists) {
  const auto hooks =
      hooks_of(Json::parse(R"(["a", {"sql": "b", "transaction": false}])"), "x.yml:1");
  ASSERT_EQ(hooks.size(), 2u);
  EXPECT_EQ(hooks[0].transaction, Hook::Transaction::inside);
  EXPECT_EQ(hooks[1].sql, "b");
  EXPECT_EQ(hooks[1].transaction, Hook::Transaction::outside);
  const auto handed_on = hooks_of(Json::parse(R"(["{\"sql\": \"c\", \"transaction\": false}",
                                                 "{no json}", "{{ this }}"])"),
                                  "x.yml:1");
  ASSERT_EQ(handed_on.size(), 3u);
  EXPECT_EQ(handed_on[0].sql, "c");
  EXPECT_EQ(handed_on[0].transaction, Hook::Transaction::outside);
  EXPECT_EQ(handed_on[1].sql, "{no json}");
  EXPECT_EQ(handed_on[2].sql, "{{ this }}");
  EXPECT_THROW(hooks_of(Json::parse("[1]"), "x.yml:1"), Error);
}

TEST(SourceTables, GivesEachEnabledTableOnceInOrder) {
  Project project;
  const auto add = [&](std::string table, std::string_view config) {
    SourceTable source;
    source.schema = "staging";
    source.identifier = std::move(table);
    source.config = Json::parse(config);
    project.sources.push_back(std::move(source));
  };
  add("b", "{}");
  add("a", "{}");
  add("b", "{}");
  add("c", R"({"enabled": false})");
  EXPECT_EQ(source_tables(project), (std::vector<std::string>{"staging.a", "staging.b"}));
}

}  // namespace
}  // namespace pipeline::dbt
