// Validations: a query that does not say yes keeps a layer from being published.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

#include "common/base/text.h"
#include "tests/integration/shop_warehouse.h"

namespace pipeline {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Validation : public ShopTest {
 protected:
  Validation() {
    warehouse_.stage("2026-02-01", "(1, 1), (2, 7), (3, 9)");
    expect_green(warehouse_.run("silver_transformer"));
  }

  /// shop::counts with these queries as its meta.validate.
  void validate_counts(const std::string& validate) {
    warehouse_.write("models/silver/counts.sql",
                     replace_all(shop::counts, "materialized='table',",
                                 "materialized='table', meta={'validate': " + validate + "},"));
  }
};

TEST_F(Validation, OneThatHoldsLetsTheLayerThroughAndIsTold) {
  second_day();
  validate_counts(
      "['select count(*) from {{ this }}', 'select count(*) = 0 from {{ ref(\"counts\") }} where "
      "counted_on <> curdate()', 'select -0.5']");
  const auto outcome = warehouse_.run("silver_transformer");
  expect_green(outcome);
  const auto& told = outcome.output().at("validations").as_array();
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0].dump(),
            R"({"unique_id":"model.shop.counts","number":1,"passed":true,"gave":"2"})");
  EXPECT_EQ(told[2].at("gave").as_string(), "-0.5");
}

TEST_F(Validation, WhateverIsNotOneNumberOtherThanZeroKeepsTheLayerAsItWas) {
  second_day();
  struct Case {
    const char* query;
    const char* gave;
  };
  for (const auto& [query, gave] :
       std::vector<Case>{{"select 0", "gave 0"},
                         {"select 0.00", "gave 0.00"},
                         {"select 1 = 2", "gave 0"},
                         {"select false", "gave 0"},
                         {"select null", "gave NULL"},
                         {"select 1 from {{ this }} where false", "gave no row"},
                         {"select 1 union all select 1", "gave 2 rows instead of one"},
                         {"select 1, 1", "gave 2 columns instead of one"},
                         {"select \\'true\\'", "gave a text that is no number"},
                         {"select \\'\\'", "gave"},
                         {"set @x = 1", "gave no row"}}) {
    SCOPED_TRACE(query);
    validate_counts(fmt::format("'{}'", query));
    const auto outcome = expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1);
    EXPECT_THAT(outcome.cause(),
                AllOf(HasSubstr("validation 1 of model.shop.counts (models/silver/counts.sql)"),
                      HasSubstr(gave), HasSubstr("nothing was published")));
    EXPECT_FALSE(outcome.output().at("validations").as_array()[0].at("passed").as_bool());
  }
}

TEST_F(Validation, EveryOneThatFailsIsNamed) {
  second_day();
  validate_counts("['select 0', 'select 1', 'select null']");
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1).cause(),
              AllOf(HasSubstr("validation 1 of"), HasSubstr("validation 3 of"),
                    Not(HasSubstr("validation 2 of"))));
}

TEST_F(Validation, LooksAtTheCandidateBehindItsHooksAndNotAtWhatIsLive) {
  second_day();
  const std::string model = replace_all(
      replace_all(shop::history, "post_hook=\"",
                  "meta={'validate': 'select count(*) = 0 from {{ this }} where status = 99'}, "
                  "post_hook=[\""),
      "{% endif %}\") }}",
      "{% endif %}\", \"update {{ this }} set status = 99 where tenant_id = 4\"]) }}");
  warehouse_.write("models/silver/history.sql", model);
  warehouse_.write("models/silver/silver.yml",
                   replace_all(shop::silver_yaml, "- relationships:",
                               "- relationships:\n              config: {severity: warn}"));
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1).cause(),
              HasSubstr("validation 1 of model.shop.history"));
}

TEST_F(Validation, FromYamlIsRenderedWhenItRuns) {
  second_day();
  warehouse_.write("models/silver/counts.yml",
                   "version: 2\nmodels:\n  - name: counts\n    config:\n      meta:\n        "
                   "validate: select count(*) > 100 from {{ this }}\n");
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1).cause(),
              HasSubstr("select count(*) > 100 from `silver__next`.`counts`"));
}

TEST_F(Validation, MayNotWrite) {
  second_day();
  validate_counts("'delete from {{ this }}'");
  const auto outcome = expect_refused("silver_transformer", "Pipeline.SqlRejected", 1);
  EXPECT_THAT(outcome.cause(), AllOf(HasSubstr("models/silver/counts.sql: validation 1 of"),
                                     HasSubstr("READ ONLY")));
}

TEST_F(Validation, AMistakeInItIsFoundBeforeAnythingIsTouched) {
  second_day();
  for (const auto& [validate, named] : std::vector<std::pair<std::string, std::string>>{
           {"'select count(*) from {{ ref(\"countz\") }}'", "countz"},
           {"'select {{ 1 +'", "meta.validate of models/silver/counts.sql"},
           {"7", "meta.validate must be a query or a list of queries"},
           {"['select 1', ' ']", "meta.validate must be a query or a list of queries"}}) {
    SCOPED_TRACE(validate);
    validate_counts(validate);
    EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10).cause(),
                HasSubstr(named));
  }
}

}  // namespace
}  // namespace pipeline
