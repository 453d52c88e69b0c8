// What a command line changes in the project: vars, and another target beside the production one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include <fmt/core.h>

#include "common/base/text.h"
#include "tests/integration/shop_warehouse.h"

namespace pipeline {
namespace {

using namespace shop;
using testing::AllOf;
using testing::HasSubstr;

class Vars : public ShopTest {};

TEST_F(Vars, AreStrongerThanTheProjectsAndPartOfWhatIsNew) {
  warehouse_.write("dbt_project.yml", std::string(dbt_project) + "vars:\n  least: 1\n");
  warehouse_.write("models/silver/picked.sql",
                   "select count(*) as n, '{{ var(\"name\", \"nobody\") }}' as name from {{ "
                   "ref('stg_tenants') }} where tenant_id >= {{ var('least') }}\n");
  first_day();
  const auto picked = [&] { return warehouse_.rows("SELECT n, name FROM silver.picked"); };
  EXPECT_EQ(picked(), "3|nobody");
  auto outcome = warehouse_.run("silver_transformer", {"--vars", R"({"least": 3, "name": "yes"})"});
  expect_green(outcome);
  EXPECT_EQ(picked(), "1|yes");
  outcome = warehouse_.run("silver_transformer", {"--vars", "{least: 3, name: \"yes\"}"});
  expect_green(outcome);
  EXPECT_TRUE(outcome.output().at("nothing_new").as_bool()) << "the same vars in another spelling";
  outcome = warehouse_.run("silver_transformer");
  expect_green(outcome);
  EXPECT_EQ(picked(), "3|nobody");
  outcome = warehouse_.run("silver_transformer", {"--vars", "least=3"});
  EXPECT_EQ(outcome.program.exit_code, 10);
  EXPECT_THAT(outcome.cause(), HasSubstr("--vars must be a mapping"));
}

constexpr const char* two_targets = R"(shop:
  target: prod
  outputs:
    prod:
      type: mariadb
      schema: silver
      threads: 2
    mine:
      type: mariadb
      schema: dev
      threads: 2
    yours:
      type: mariadb
      schema: yours
      threads: 2
)";

constexpr const char* names_by_target = R"({% macro generate_schema_name(custom, node) -%}
  {%- if target.name == 'prod' -%} {{ custom if custom is not none else target.schema }}
  {%- else -%} {{ target.schema }}_{{ custom }}
  {%- endif -%}
{%- endmacro %}
)";

class OtherTarget : public ShopTest {
 protected:
  OtherTarget() {
    warehouse_.write("profiles.yml", two_targets);
    warehouse_.write("macros/generate_schema_name.sql", names_by_target);
    for (const char* schema : {"dev_seeds", "dev_silver", "dev_gold"}) {
      for (const std::string suffix : {"", "__next"}) {
        warehouse_.root().execute("DROP DATABASE IF EXISTS " + (schema + suffix));
      }
    }
    warehouse_.server().run_sql(rights());
  }

  /// The commented part of grants.sql.
  static std::string rights() {
    constexpr std::string_view mark = "-- dev: ";
    std::string sql;
    for (const auto& line :
         split(test::read_text_file(PIPELINE_SOURCE_DIR "/deploy/sql/grants.sql"), '\n')) {
      if (line.starts_with(mark)) sql += line.substr(mark.size()) + "\n";
    }
    return sql;
  }

  /// Everything in the live schemas of production, markers and backups too, and their journal.
  std::string production() {
    return warehouse_.published() +
           warehouse_.rows(
               "SELECT COUNT(*) FROM pipeline.publish_journal WHERE schema_name NOT "
               "LIKE 'dev%'") +
           warehouse_.rows(
               "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA IN "
               "('seeds__next', 'silver__next', 'gold__next')");
  }
};

TEST_F(OtherTarget, BuildsItsOwnSchemasAndTouchesNothingOfProduction) {
  first_day();
  const std::string before = production();
  const std::string content = warehouse_.rows(
      "SELECT tenant_id, status, valid_from, valid_to, is_current FROM silver.history ORDER BY 1");
  expect_green(warehouse_.run("silver_transformer", {"--target", "mine", "--run-id", "d1"}));
  expect_green(warehouse_.run("gold_transformer", {"--target", "mine", "--run-id", "d1"}));
  EXPECT_EQ(warehouse_.marker("dev_silver"), "1|1|2026-02-01|d1");
  EXPECT_EQ(warehouse_.marker("dev_seeds"), "1|1|2026-02-01|d1");
  EXPECT_EQ(warehouse_.marker("dev_gold"), "1|1|2026-02-01|d1");
  EXPECT_EQ(warehouse_.rows("SELECT tenant_id, status, valid_from, valid_to, is_current FROM "
                            "dev_silver.history ORDER BY 1"),
            content);
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM dev_gold.summary"), "3");
  EXPECT_THAT(warehouse_.rows("SHOW CREATE VIEW dev_silver.stg_tenants"),
              AllOf(HasSubstr("`staging`.`tenants`"), HasSubstr("`dev_seeds`.`code_status`")));
  EXPECT_EQ(production(), before);
  // The next day: incremental models go on from the target's own tables, and so do its backups.
  second_day();
  expect_green(warehouse_.run("silver_transformer", {"--target", "mine"}));
  EXPECT_EQ(warehouse_.rows("SELECT day FROM dev_silver.days ORDER BY 1"), "2026-02-01;2026-02-02");
  EXPECT_EQ(warehouse_.rows("SELECT DISTINCT schema_name FROM pipeline.backup"), "dev_silver");
  EXPECT_EQ(warehouse_.rows("SELECT business_date FROM silver.pipeline_marker"), "2026-02-01");
}

TEST_F(OtherTarget, TheConfiguredTargetByItsNameChangesNothing) {
  first_day();
  const auto outcome = warehouse_.run("silver_transformer", {"--target", "prod"});
  expect_green(outcome);
  EXPECT_TRUE(outcome.output().at("nothing_new").as_bool());
  EXPECT_EQ(outcome.output().at("schema").as_string(), "silver");
}

TEST_F(OtherTarget, TakesPartsOfALayerToo) {
  first_day();
  expect_green(warehouse_.run("silver_transformer", {"--target", "mine"}));
  const std::string before = production();
  expect_green(warehouse_.run("silver_transformer", {"--target", "mine", "--select", "counts"}));
  EXPECT_EQ(warehouse_.marker("dev_silver").substr(0, 3), "2|1");
  EXPECT_EQ(production(), before);
}

TEST_F(OtherTarget, ThatWouldBuildIntoProductionIsRefusedByName) {
  first_day();
  warehouse_.write("macros/generate_schema_name.sql", schema_name_macro);
  auto outcome = expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10,
                                {"--target", "mine", "--force"});
  EXPECT_THAT(outcome.cause(),
              AllOf(HasSubstr("the target mine: it would build into schemas of the target prod"),
                    HasSubstr("model.shop.counts in silver"), HasSubstr("seed.shop.code_status")));
  // One model alone is enough, and so is a shadow or another spelling.
  for (const std::string schema : {"gold", "SILVER", "silver__next", "staging"}) {
    warehouse_.write(
        "macros/generate_schema_name.sql",
        replace_all(names_by_target, "{%- else -%}",
                    "{%- elif node.name == 'counts' -%} " + schema + "\n  {%- else -%}"));
    outcome = expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10,
                             {"--target", "mine", "--force"});
    EXPECT_THAT(outcome.cause(), HasSubstr("model.shop.counts in " + schema));
  }
  warehouse_.write("macros/generate_schema_name.sql",
                   replace_all(names_by_target, "{%- else -%}",
                               "{%- elif node.name == 'counts' -%} dev_counts\n  {%- else -%}"));
  outcome = expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10,
                           {"--target", "mine", "--force"});
  EXPECT_THAT(outcome.cause(), HasSubstr("dev_counts (model.shop.counts), dev_silver"));
  outcome =
      expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10, {"--target", "nobodys"});
  EXPECT_THAT(outcome.cause(), HasSubstr("there is: prod, mine, yours"));
}

TEST_F(OtherTarget, ListsOfTablesDoNotApplyToIt) {
  warehouse_.write_config(
      "backups:\n  tables: [silver.counts]\n"
      "protect:\n  history:\n    - table: silver.history\n      key: [tenant_id, valid_from]\n"
      "      closed_when: valid_to IS NOT NULL\n");
  first_day();
  expect_green(warehouse_.run("silver_transformer", {"--target", "mine"}));
  expect_green(warehouse_.run("silver_transformer", {"--target", "mine", "--full-refresh"}));
  EXPECT_EQ(warehouse_.rows("SELECT table_name FROM pipeline.backup WHERE schema_name = "
                            "'dev_silver' ORDER BY 1"),
            "days;history")
      << "incremental models keep theirs";
}

TEST_F(OtherTarget, WithoutRightsItIsDeniedBeforeAnythingIsMade) {
  first_day();
  const auto outcome =
      expect_refused("silver_transformer", "Pipeline.AccessDenied", 15, {"--target", "yours"});
  EXPECT_THAT(outcome.cause(), HasSubstr("yours_silver"));
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME "
                             "LIKE 'yours%'"),
            "0");
}

TEST_F(OtherTarget, HoldsNoLockOfProductionAndNoticesThatStagingMoved) {
  first_day();
  const auto program = warehouse_.program("silver_transformer", {"--target", "mine"},
                                          {{"PIPELINE_FAILPOINT", "run_before_publish:pause"},
                                           {"PIPELINE_FAILPOINT_GATE", warehouse_.file("gate")}});
  auto mine = std::async(std::launch::async, [&] { return test::run_program(program); });
  ASSERT_TRUE(wait_for([&] {
    return warehouse_.value(
               "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
               "'dev_silver__next' AND TABLE_NAME = 'pipeline_marker'") == "1";
  }));
  second_day();
  const auto production =
      test::run_program({.argv = {std::string(PIPELINE_BIN_DIR) + "/silver_transformer", "--config",
                                  warehouse_.file("pipeline.yaml"), "--result-file",
                                  warehouse_.file("second.json")}});
  warehouse_.write("../gate", "");
  EXPECT_TRUE(production.ok()) << production.text();
  const auto outcome = warehouse_.finish(mine.get());
  EXPECT_EQ(outcome.error(), "Pipeline.GuardRefused") << outcome.program.text();
  EXPECT_THAT(outcome.cause(), HasSubstr("staging moved from generation 1 to 2"));
  EXPECT_EQ(warehouse_.rows("SELECT business_date FROM silver.pipeline_marker"), "2026-02-02");
}

TEST_F(OtherTarget, ItsHooksCannotWriteToProduction) {
  first_day();
  warehouse_.write("models/silver/days.sql",
                   replace_all(days, "materialized='incremental'",
                               "materialized='incremental', post_hook='delete from "
                               "silver.history'"));
  const auto outcome =
      expect_refused("silver_transformer", "Pipeline.HookFailed", 1, {"--target", "mine"});
  EXPECT_EQ(outcome.result.error->context.at("errno").as_string(), "1142");
}

}  // namespace
}  // namespace pipeline
