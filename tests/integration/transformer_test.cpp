// The two transformers as programs on a real server: whole layers or nothing, whatever goes wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "common/stage/stage_result.h"
#include "tests/integration/shop_warehouse.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/polling_reader.h"
#include "tests/support/run_program.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

using namespace shop;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

namespace fs = std::filesystem;

class Transformer : public ShopTest {};

TEST_F(Transformer, BuildsTestsAndPublishesBothLayers) {
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7), (3, 9)");
  const auto silver = warehouse_.run("silver_transformer", {"--run-id", "r1"});
  expect_green(silver);
  EXPECT_EQ(warehouse_.marker("silver"), "1|1|2026-02-01|r1");
  EXPECT_EQ(warehouse_.marker("seeds"), "1|1|2026-02-01|r1");
  EXPECT_EQ(warehouse_.rows("SELECT tenant_id, status, label FROM silver.stg_tenants ORDER BY 1"),
            "1|1|検討中;2|7|入居;3|9|居住中");
  EXPECT_EQ(warehouse_.rows("SELECT status, label, tenants, counted_on FROM silver.counts "
                            "ORDER BY 1"),
            "1|検討中|1|2026-02-01;7|入居|1|2026-02-01;9|居住中|1|2026-02-01");
  EXPECT_EQ(warehouse_.rows("SELECT * FROM silver.days"), "2026-02-01|3|2026-02-01 07:00:00");
  EXPECT_EQ(warehouse_.rows("SELECT INDEX_NAME, NON_UNIQUE, GROUP_CONCAT(COLUMN_NAME ORDER BY "
                            "SEQ_IN_INDEX) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = "
                            "'silver' AND TABLE_NAME = 'counts' GROUP BY 1, 2 ORDER BY 1"),
            "label_status|1|label,status;status|0|status");
  EXPECT_EQ(silver.output().at("nodes").as_array().size(), 5U);
  EXPECT_EQ(silver.output().at("tests").as_array().size(), 5U);
  EXPECT_EQ(silver.output().at("generation").as_int(), 1);

  const auto gold = warehouse_.run("gold_transformer", {"--run-id", "r1"});
  expect_green(gold);
  EXPECT_EQ(warehouse_.marker("gold"), "1|1|2026-02-01|r1");
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM gold.summary"), "3");
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA IN "
                             "('silver__next', 'gold__next', 'seeds__next')"),
            "0")
      << "the shadows are empty after a publish";
  EXPECT_TRUE(fs::exists(warehouse_.file("target/compiled/shop/models/silver/history.sql")));
  EXPECT_TRUE(fs::exists(warehouse_.file("target/run/shop/models/silver/history.sql")));
}

TEST_F(Transformer, ASecondRunFindsNothingNew) {
  first_day();
  const std::string before = warehouse_.published();
  for (const char* program : {"silver_transformer", "gold_transformer"}) {
    const auto outcome = warehouse_.run(program);
    expect_green(outcome);
    EXPECT_TRUE(outcome.output().at("nothing_new").as_bool());
  }
  EXPECT_EQ(warehouse_.published(), before);
  warehouse_.write("models/silver/counts.sql", std::string(counts) + "having count(*) > 0\n");
  const auto changed = warehouse_.run("silver_transformer");
  expect_green(changed);
  EXPECT_FALSE(changed.output().at("nothing_new").as_bool()) << "the project changed";
}

TEST_F(Transformer, KeepsTheHistoryOfThreeDays) {
  first_day();
  second_day();
  expect_green(warehouse_.run("silver_transformer"));
  expect_green(warehouse_.run("gold_transformer"));
  warehouse_.stage("2026-02-03", "(1, 9), (2, 7), (4, 1)");
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(warehouse_.rows("SELECT tenant_id, status, valid_from, valid_to, is_current FROM "
                            "silver.history ORDER BY tenant_id, valid_from"),
            "1|1|2026-02-01|2026-02-02|0;1|7|2026-02-02|2026-02-03|0;1|9|2026-02-03|\\N|1;"
            "2|7|2026-02-01|\\N|1;3|9|2026-02-01|\\N|1;4|1|2026-02-02|\\N|1");
  EXPECT_EQ(warehouse_.rows("SELECT day, tenants FROM silver.days ORDER BY 1"),
            "2026-02-01|3;2026-02-02|3;2026-02-03|3");
  EXPECT_EQ(warehouse_.rows("SELECT table_name, generation, business_date, rows_before, rows_after "
                            "FROM pipeline.backup ORDER BY schema_name, generation, table_name"),
            "summary|1|2026-02-01|3|3;days|1|2026-02-01|1|1;history|1|2026-02-01|3|3;"
            "days|2|2026-02-02|2|2;history|2|2026-02-02|5|5");
}

TEST_F(Transformer, ReadersSeeOneDayAtATime) {
  first_day();
  test::PollingReader reader(
      warehouse_.server().root_options(),
      {"SELECT (SELECT MAX(counted_on) FROM silver.counts), (SELECT MAX(day) FROM silver.days), "
       "(SELECT business_date FROM silver.pipeline_marker), (SELECT COUNT(*) > 0 FROM "
       "silver.stg_tenants)"});
  for (const std::string date : {"2026-02-02", "2026-02-03", "2026-02-04"}) {
    reader.wait_for_turns(20);
    // The view looks at staging itself, so staging must not be empty in between.
    warehouse_.mark_staging(date, std::stoul(date.substr(8)));
    expect_green(warehouse_.run("silver_transformer"));
  }
  reader.wait_for_turns(20);
  reader.stop();
  EXPECT_THAT(reader.errors(), IsEmpty());
  std::vector<std::string> expected;
  for (const std::string date : {"2026-02-01", "2026-02-02", "2026-02-03", "2026-02-04"}) {
    expected.push_back(date + "|" + date + "|" + date + "|1\n");
  }
  EXPECT_EQ(reader.observations(), expected);
}

TEST_F(Transformer, ARerunOfTheSameDateGivesTheRowsOfAFirstRun) {
  first_day();
  second_day();
  expect_green(warehouse_.run("silver_transformer"));
  const std::string first = warehouse_.content();
  for (int again = 0; again < 2; ++again) {
    const auto outcome = warehouse_.run("silver_transformer", {"--force"});
    expect_green(outcome);
    EXPECT_EQ(warehouse_.content(), first);
  }
  EXPECT_EQ(warehouse_.marker("silver").substr(0, 14), "4|2|2026-02-02");
}

TEST_F(Transformer, ADateAppliedFirstOfAllIsBuiltFromNothingAgain) {
  first_day();
  const std::string first = warehouse_.content();
  expect_green(warehouse_.run("silver_transformer", {"--force"}));
  EXPECT_EQ(warehouse_.content(), first);
}

TEST_F(Transformer, RefusedSqlNamesFileAndLineAndPublishesNothing) {
  first_day();
  second_day();
  warehouse_.write("models/silver/history.sql",
                   replace_all(history, "cast(null as date)", "\n  NULL::date"));
  const auto outcome = expect_refused("silver_transformer", "Pipeline.SqlRejected", 1);
  EXPECT_THAT(outcome.cause(), HasSubstr("models/silver/history.sql:6: "));
  EXPECT_EQ(outcome.result.error->context.at("node").as_string(), "model.shop.history");
  EXPECT_EQ(outcome.result.error->context.at("line").as_string(), "6");
  const auto& nodes = outcome.output().at("nodes").as_array();
  ASSERT_THAT(nodes, SizeIs(5));
  for (const auto& node : nodes) {
    if (node.at("unique_id").as_string() == "model.shop.history") {
      EXPECT_EQ(node.at("status").as_string(), "error");
    }
  }
  warehouse_.write("models/silver/history.sql", history);
  expect_green(warehouse_.run("silver_transformer"));
}

TEST_F(Transformer, AnUnknownColumnNamesItsLine) {
  warehouse_.stage("2026-02-01", "(1, 1)");
  warehouse_.write("models/silver/counts.sql",
                   "{{ config(materialized='table') }}\n\nselect status,\n  no_such_column\nfrom "
                   "{{ ref('stg_tenants') }}\n");
  const auto outcome = expect_refused("silver_transformer", "Pipeline.SqlRejected", 1);
  EXPECT_THAT(outcome.cause(), HasSubstr("models/silver/counts.sql:4: Unknown column"));
}

TEST_F(Transformer, AFailingPostHookPublishesNothing) {
  first_day();
  second_day();
  warehouse_.write("models/silver/days.sql",
                   replace_all(days, "materialized='incremental'",
                               "materialized='incremental', post_hook='update {{ this }} set "
                               "nobody = 1'"));
  const auto outcome = expect_refused("silver_transformer", "Pipeline.HookFailed", 1);
  EXPECT_THAT(outcome.cause(),
              AllOf(HasSubstr("models/silver/days.sql: post-hook 1 of model.shop.days"),
                    HasSubstr("nobody")));
}

TEST_F(Transformer, GoldIsNotBuiltOverStagingThatSilverHasNotSeen) {
  first_day();
  second_day();
  const auto outcome = expect_refused("gold_transformer", "Pipeline.GuardRefused", 21, {"--force"});
  EXPECT_THAT(outcome.cause(), HasSubstr("run the stage of the layer silver first"));
}

TEST_F(Transformer, ATableThatAHookMakesBesideTheModelsIsNamedInsteadOfLost) {
  first_day();
  second_day();
  warehouse_.write("models/silver/days.sql",
                   replace_all(days, "materialized='incremental'",
                               "materialized='incremental', post_hook='create table {{ this.schema "
                               "}}.audit_log (a int)'"));
  const auto outcome = expect_refused("silver_transformer", "Pipeline.HookFailed", 1);
  EXPECT_THAT(outcome.cause(), HasSubstr("a hook made silver__next.audit_log"));
}

TEST_F(Transformer, WhatAHookDoesToItsSessionDoesNotReachTheNextModelOrTheTests) {
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7)");
  // counts is built first; days and history must still see the business date.
  warehouse_.write(
      "models/silver/counts.sql",
      replace_all(counts, "materialized='table',",
                  "materialized='table', post_hook=[\"set timestamp = default\", "
                  "\"set time_zone = '+00:00'\", \"set sql_mode = ''\", "
                  "\"create temporary table {{ this.schema }}.history as select 0 as x\"],"));
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(warehouse_.value("SELECT MAX(valid_from) FROM silver.history"), "2026-02-01");
  EXPECT_EQ(warehouse_.value("SELECT MAX(counted_at) FROM silver.days"), "2026-02-01 07:00:00");
}

TEST_F(Transformer, AHookOfSeveralStatementsIsSentOneByOne) {
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7)");
  warehouse_.write("models/silver/marked.sql",
                   "{{ config(materialized='table', post_hook=\"insert into {{ this }} values "
                   "(';'); -- a second; and a third\\nupdate {{ this }} set mark = concat(mark, "
                   "'!'); insert into {{ this }} values ('last')\") }}\n"
                   "select cast('x' as char(9)) as mark\n");
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(warehouse_.value("SELECT GROUP_CONCAT(mark ORDER BY mark) FROM silver.marked"),
            ";!,last,x!");
  fs::remove(warehouse_.file("project/models/silver/marked.sql"));
}

TEST_F(Transformer, AViewIsPublishedWithTheAnswersThatItsCandidateGot) {
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7)");
  // The first publish: the live table that the view asks for does not exist yet.
  warehouse_.write(
      "models/silver/pivot.sql",
      "{% set found = run_query('select status from ' ~ ref('counts') ~ ' order by 1') "
      "%}\nselect {% if execute %}{% for row in found.rows %}{{ row[0] }} as s{{ row[0] "
      "}}, {% endfor %}{% endif %}'a' || 'b' as joined\n-- depends_on: {{ ref('counts') }}\n");
  warehouse_.root().execute("SET GLOBAL sql_mode = CONCAT(@@GLOBAL.sql_mode, ',PIPES_AS_CONCAT')");
  const auto outcome = warehouse_.run("silver_transformer");
  warehouse_.root().execute(
      "SET GLOBAL sql_mode = REPLACE(@@GLOBAL.sql_mode, 'PIPES_AS_CONCAT', '')");
  expect_green(outcome);
  EXPECT_EQ(warehouse_.value("SELECT CONCAT_WS(',', s1, s7, joined) FROM silver.pivot"), "1,7,ab");
  fs::remove(warehouse_.file("project/models/silver/pivot.sql"));
}

TEST_F(Transformer, ANameInAListThatNoLayerBuildsIsAMistake) {
  first_day();
  second_day();
  warehouse_.write_config(
      "protect:\n  history:\n    - table: silver.histroy\n      key: [tenant_id]\n"
      "      closed_when: valid_to IS NOT NULL\n");
  const auto outcome = warehouse_.run("silver_transformer");
  EXPECT_EQ(outcome.program.exit_code, 10) << outcome.program.text();
  EXPECT_THAT(outcome.cause(), HasSubstr("did you mean silver.history?"));
}

TEST_F(Transformer, AHookThatNamesALiveTableIsRefusedByTheServer) {
  first_day();
  second_day();
  warehouse_.write(
      "models/silver/days.sql",
      replace_all(days, "materialized='incremental'",
                  "materialized='incremental', post_hook='delete from silver.history'"));
  const auto outcome = expect_refused("silver_transformer", "Pipeline.HookFailed", 1);
  EXPECT_THAT(outcome.cause(), HasSubstr("does it name a live table"));
  EXPECT_EQ(outcome.result.error->context.at("errno").as_string(), "1142");
}

TEST_F(Transformer, AFailingDataTestPublishesNothing) {
  first_day();
  warehouse_.stage("2026-02-02", "(1, 7), (2, 5)");
  warehouse_.write("tests/labels_are_known.sql",
                   "select tenant_id from {{ ref('stg_tenants') }} where label is null\n");
  const auto outcome = expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1);
  EXPECT_THAT(outcome.cause(), AllOf(HasSubstr("labels_are_known"), HasSubstr("(1 rows)"),
                                     HasSubstr("target/compiled/shop/tests/labels_are_known.sql")));
  std::string warned;
  for (const auto& test : outcome.output().at("tests").as_array()) {
    if (test.at("status").as_string() == "warn") warned = test.at("unique_id").as_string();
  }
  EXPECT_THAT(warned, HasSubstr("not_null_stg_tenants_label"));
}

TEST_F(Transformer, ATestThatTheServerRefusesNamesItsFileAndLine) {
  first_day();
  second_day();
  warehouse_.write("tests/zz_broken.sql",
                   "select tenant_id\nfrom {{ ref('stg_tenants') }}\nwhere and 1 = 1\n");
  const auto outcome = expect_refused("silver_transformer", "Pipeline.SqlRejected", 1);
  EXPECT_THAT(outcome.cause(), HasSubstr("tests/zz_broken.sql:3: "));
  const auto& tests = outcome.output().at("tests").as_array();
  ASSERT_THAT(tests, SizeIs(6));
  EXPECT_EQ(tests.front().at("status").as_string(), "pass");
}

TEST_F(Transformer, RefusesWithoutAnUpstreamAndWithAnotherDate) {
  auto outcome = expect_refused("silver_transformer", "Pipeline.GuardRefused", 21);
  EXPECT_THAT(outcome.cause(), HasSubstr("staging was never published"));
  warehouse_.stage("2026-02-01", "(1, 1)");
  outcome = expect_refused("gold_transformer", "Pipeline.GuardRefused", 21);
  EXPECT_THAT(outcome.cause(), HasSubstr("silver was never published"));
  outcome = expect_refused("silver_transformer", "Pipeline.GuardRefused", 21,
                           {"--business-date", "2026-02-02"});
  EXPECT_THAT(outcome.cause(), AllOf(HasSubstr("2026-02-02"), HasSubstr("2026-02-01")));
  expect_green(warehouse_.run("silver_transformer", {"--business-date", "2026-02-01"}));
  warehouse_.stage("2026-01-31", "(1, 7)");
  outcome = expect_refused("silver_transformer", "Pipeline.GuardRefused", 21, {"--force"});
  EXPECT_THAT(outcome.cause(), HasSubstr("history would be built backwards"));
}

TEST_F(Transformer, RefusesWhatItCannotDoBeforeAnythingIsTouched) {
  first_day();
  second_day();
  warehouse_.write("models/silver/days.sql", replace_all(days, "materialized='incremental'",
                                                         "materialized='incremental', "
                                                         "on_schema_change='sync_all_columns'"));
  auto outcome = expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10);
  EXPECT_THAT(outcome.cause(), HasSubstr("sync_all_columns"));
  warehouse_.write("models/silver/days.sql",
                   replace_all(days, "materialized='incremental'",
                               "materialized='incremental', schema='vault'"));
  outcome = expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10);
  EXPECT_THAT(outcome.cause(), HasSubstr("models/silver/days.sql: it would be built in vault"));
  warehouse_.write("models/silver/days.sql", days + std::string("-- {{ ref('summary') }}"));
  outcome = expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10);
  warehouse_.write("models/silver/days.sql", days);
  warehouse_.root().execute(
      "CREATE TRIGGER silver.t BEFORE INSERT ON silver.counts FOR EACH ROW SET NEW.tenants = 1");
  outcome = expect_refused("silver_transformer", "Pipeline.GuardRefused", 21);
  EXPECT_THAT(outcome.cause(), HasSubstr("has the trigger t"));
}

TEST_F(Transformer, AFailingOnRunEndHookLeavesTheModelsAndIsCaughtUpAlone) {
  warehouse_.root().execute("DROP TABLE IF EXISTS scratch__next.ends");
  warehouse_.write("dbt_project.yml",
                   std::string(dbt_project) +
                       "on-run-end:\n  - \"insert into scratch__next.ends select '{{ results | "
                       "length }}', count(*) from {{ ref('counts') }}\"\n");
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7)");
  auto outcome = warehouse_.run("silver_transformer");
  EXPECT_EQ(outcome.program.exit_code, 1) << outcome.program.text();
  EXPECT_EQ(outcome.error(), "Pipeline.OnRunEndFailed");
  EXPECT_THAT(outcome.cause(), HasSubstr("dbt_project.yml: on-run-end hook 1: "));
  const std::string state = "SELECT generation, on_run_end FROM silver.pipeline_marker";
  EXPECT_EQ(warehouse_.rows(state), "1|pending");
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM silver.counts"), "2");

  warehouse_.root().execute("CREATE TABLE scratch__next.ends (results INT, counts INT)");
  const std::string content = warehouse_.content();
  outcome = warehouse_.run("silver_transformer");
  expect_green(outcome);
  EXPECT_EQ(outcome.output().at("on_run_end").as_string(), "done");
  EXPECT_TRUE(outcome.output().at("nothing_new").as_bool());
  EXPECT_EQ(warehouse_.content(), content) << "only the hooks ran";
  EXPECT_EQ(warehouse_.rows(state), "1|done");
  EXPECT_EQ(warehouse_.rows("SELECT * FROM scratch__next.ends"), "0|2");

  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM scratch__next.ends"), "1") << "once is enough";
  warehouse_.stage("2026-02-02", "(1, 9)");
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(warehouse_.rows("SELECT * FROM scratch__next.ends ORDER BY results"), "0|2;10|1");
  EXPECT_EQ(warehouse_.rows(state), "2|done");
}

TEST_F(Transformer, HooksOfARunThatDiedInThemAreRunByTheNext) {
  warehouse_.root().execute("CREATE OR REPLACE TABLE scratch__next.ends (results INT)");
  warehouse_.write(
      "dbt_project.yml",
      std::string(dbt_project) + "on-run-end: \"replace into scratch__next.ends values (1)\"\n");
  warehouse_.stage("2026-02-01", "(1, 1)");
  const auto killed = warehouse_.run("silver_transformer", {},
                                     {{"PIPELINE_FAILPOINT", "run_after_on_run_end:kill"}});
  EXPECT_EQ(killed.program.signal, SIGKILL) << killed.program.text();
  EXPECT_EQ(warehouse_.value("SELECT on_run_end FROM silver.pipeline_marker"), "pending");
  // The second publish of a run is the marker's alone.
  for (const char* point : {"publish_after_journal:kill@1", "publish_after_rename:kill@1"}) {
    SCOPED_TRACE(point);
    const auto again = warehouse_.run("silver_transformer", {}, {{"PIPELINE_FAILPOINT", point}});
    EXPECT_EQ(again.program.signal, SIGKILL) << again.program.text();
  }
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(warehouse_.rows("SELECT generation, on_run_end FROM silver.pipeline_marker"), "1|done");
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM pipeline.publish_journal WHERE state = "
                             "'planned'"),
            "0");
}

TEST_F(Transformer, AFailingOnRunStartHookStopsTheRun) {
  first_day();
  second_day();
  warehouse_.write("dbt_project.yml",
                   std::string(dbt_project) + "on-run-start: [\"select nonsense\"]\n");
  const auto outcome = expect_refused("silver_transformer", "Pipeline.HookFailed", 1);
  EXPECT_THAT(outcome.cause(), HasSubstr("on-run-start hook 1"));
}

TEST_F(Transformer, AHookThatLeavesATransactionOpenHoldsNothingUp) {
  warehouse_.write("models/silver/counts.sql",
                   replace_all(counts, "materialized='table',",
                               "materialized='table', post_hook=['set autocommit = 0', \"update "
                               "{{ this }} set label = 'open'\"],"));
  warehouse_.write("models/silver/zz_last.sql",
                   "{{ config(materialized='view') }}select * from {{ ref('counts') }}\n");
  warehouse_.stage("2026-02-01", "(1, 1)");
  const auto outcome = warehouse_.run("silver_transformer");
  expect_green(outcome);
  EXPECT_EQ(outcome.output().at("publish_attempts").as_int(), 1);
  EXPECT_EQ(warehouse_.value("SELECT label FROM silver.counts"), "open");
}

TEST_F(Transformer, ModelsMayBecomeTablesViewsAndTablesAgain) {
  first_day();
  const std::string as_view =
      "select status, count(*) as tenants, max(label) as label, curdate() as "
      "counted_on from {{ ref('stg_tenants') }} group by status\n";
  warehouse_.write("models/silver/counts.sql", as_view);
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(
      warehouse_.value("SELECT TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
                       "'silver' AND TABLE_NAME = 'counts'"),
      "VIEW");
  warehouse_.write("models/silver/counts.sql", counts);
  warehouse_.write("models/silver/stg_tenants.sql",
                   "{{ config(materialized='table') }}" + std::string(stg_tenants));
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(warehouse_.rows("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
                            "'silver' AND TABLE_TYPE = 'BASE TABLE' AND TABLE_NAME NOT LIKE "
                            "'%backup%' ORDER BY 1"),
            "counts;days;history;pipeline_marker;stg_tenants");
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM silver.counts"), "3");
}

TEST_F(Transformer, AFullRefreshStartsFromNothing) {
  first_day();
  second_day();
  expect_green(warehouse_.run("silver_transformer", {"--full-refresh"}));
  EXPECT_EQ(warehouse_.rows("SELECT day FROM silver.days"), "2026-02-02");
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM pipeline.backup WHERE table_name = 'days'"),
            "1");
}

TEST_F(Transformer, ARerunOfTheDayOfAFullRefreshDoesNotUndoIt) {
  first_day();
  second_day();
  expect_green(warehouse_.run("silver_transformer"));
  const std::string only_today = "2026-02-02";
  for (const std::vector<std::string>& again :
       {std::vector<std::string>{"--full-refresh", "--select", "days"}, {}, {"--force"}}) {
    expect_green(warehouse_.run("silver_transformer", again));
    EXPECT_EQ(warehouse_.rows("SELECT day FROM silver.days"), only_today) << join(again, " ");
  }
  warehouse_.stage("2026-02-03", "(1, 1)");
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(warehouse_.rows("SELECT day FROM silver.days ORDER BY 1"), "2026-02-02;2026-02-03");
}

TEST_F(Transformer, GoldFinishesASilverThatDiedBehindItsRename) {
  warehouse_.write("models/silver/all_counts.sql", "select * from {{ ref('counts') }}\n");
  warehouse_.write("models/gold/wide.sql", "select * from {{ ref('all_counts') }}\n");
  first_day();
  second_day();
  warehouse_.write("models/silver/counts.sql", replace_all(shop::counts, "curdate() as counted_on",
                                                           "curdate() as counted_on, 5 as extra"));
  EXPECT_EQ(
      warehouse_
          .run("silver_transformer", {}, {{"PIPELINE_FAILPOINT", "publish_after_rename:kill"}})
          .program.signal,
      9);
  expect_green(warehouse_.run("gold_transformer"));
  EXPECT_EQ(warehouse_.value("SELECT MAX(extra) FROM gold.wide"), "5");
}

TEST_F(Transformer, AHistoryThatIsGoneIsNotBuiltFromNothing) {
  first_day();
  second_day();
  warehouse_.root().execute("DROP TABLE silver.history");
  auto outcome = expect_refused("silver_transformer", "Pipeline.GuardRefused", 21);
  EXPECT_THAT(outcome.cause(), HasSubstr("silver.history"));
  warehouse_.reset();
  first_day();
  second_day();
  warehouse_.root().execute("DROP TABLE silver.pipeline_marker");
  outcome = expect_refused("silver_transformer", "Pipeline.GuardRefused", 21);
  EXPECT_THAT(outcome.cause(), HasSubstr("marker"));
}

TEST_F(Transformer, AHistoryThatBecameAViewIsNotBuiltFromNothing) {
  first_day();
  warehouse_.write("models/silver/days.sql",
                   "select curdate() as day, count(*) as tenants, now() as counted_at from {{ "
                   "ref('stg_tenants') }}\n");
  expect_green(warehouse_.run("silver_transformer"));
  second_day();
  warehouse_.write("models/silver/days.sql", shop::days);
  EXPECT_THAT(
      expect_refused("silver_transformer", "Pipeline.GuardRefused", 21).cause(),
      HasSubstr("silver.days is a view now, but was a table with the rows of earlier days"));
  warehouse_.root().execute("DROP VIEW silver.days");
  expect_green(warehouse_.run("silver_transformer", {"restore", "days"}));
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(warehouse_.rows("SELECT day FROM silver.days ORDER BY 1"), "2026-02-01;2026-02-02");
}

TEST_F(Transformer, AnIncrementalTableOfManyRowsKeepsItsKeysAndRows) {
  warehouse_.write("models/silver/days.sql",
                   "{{ config(materialized='incremental', unique_key='n', indexes=[{'columns': "
                   "['n'], 'unique': true}, {'columns': ['day', 'n']}]) }}\n"
                   "select seq as n, curdate() as day, count(*) over () as tenants\n"
                   "from seq_1_to_{{ '100' if is_incremental() else '30000' }}\n");
  first_day();
  const std::string indexes =
      "SELECT INDEX_NAME, NON_UNIQUE, SEQ_IN_INDEX, COLUMN_NAME FROM "
      "information_schema.STATISTICS WHERE TABLE_SCHEMA = 'silver' AND TABLE_NAME = 'days' ORDER "
      "BY 1, 3";
  const std::string before = warehouse_.rows(indexes);
  second_day();
  const auto outcome = warehouse_.run("silver_transformer");
  expect_green(outcome);
  EXPECT_EQ(warehouse_.rows("SELECT day, COUNT(*), MAX(n) FROM silver.days GROUP BY day ORDER BY "
                            "day"),
            "2026-02-01|29900|30000;2026-02-02|100|100");
  EXPECT_EQ(warehouse_.rows(indexes), before);
}

/// The configuration with the server behind a proxy.
void go_through(ShopWarehouse& warehouse, const test::FaultProxy& proxy) {
  const std::string config = test::read_text_file(warehouse.file("pipeline.yaml"));
  warehouse.write("../pipeline.yaml", replace_all(config, "socket: " + warehouse.server().socket(),
                                                  "socket: " + proxy.endpoint().socket));
}

TEST_F(Transformer, ALostAnswerToTheRenameIsNotGuessedAbout) {
  first_day();
  second_day();
  test::FaultProxy proxy(warehouse_.server().endpoint());
  go_through(warehouse_, proxy);
  proxy.arm({.kind = test::Fault::Kind::lose_answer, .pattern = "RENAME TABLE"});
  auto outcome = warehouse_.run("silver_transformer");
  EXPECT_EQ(proxy.struck(), 1);
  EXPECT_EQ(outcome.program.exit_code, 16) << outcome.program.text();
  EXPECT_EQ(outcome.error(), "Pipeline.Unavailable");
  outcome = warehouse_.run("silver_transformer");
  expect_green(outcome);
  EXPECT_THAT(outcome.output().at("settled").as_array(), SizeIs(1));
  EXPECT_TRUE(outcome.output().at("nothing_new").as_bool()) << "the server had done it";
  EXPECT_EQ(warehouse_.rows("SELECT business_date FROM silver.pipeline_marker"), "2026-02-02");
}

TEST_F(Transformer, ALostSessionInAModelPublishesNothingAndIsRetried) {
  first_day();
  second_day();
  test::FaultProxy proxy(warehouse_.server().endpoint());
  go_through(warehouse_, proxy);
  for (const auto kind : {test::Fault::Kind::lose_request, test::Fault::Kind::lose_answer}) {
    proxy.arm({.kind = kind, .pattern = "CREATE TABLE `silver__next`.`counts`"});
    expect_refused("silver_transformer", "Pipeline.Unavailable", 16);
  }
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(warehouse_.rows("SELECT day, tenants FROM silver.days ORDER BY 1"),
            "2026-02-01|3;2026-02-02|3");
}

TEST_F(Transformer, MakesSchemasThatAreMissing) {
  for (const char* schema : {"seeds", "seeds__next", "silver__next"}) {
    warehouse_.root().execute(fmt::format("DROP DATABASE {}", schema));
  }
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7), (3, 9)");
  const auto outcome = warehouse_.run("silver_transformer");
  expect_green(outcome);
  EXPECT_THAT(outcome.program.err, HasSubstr("the schema seeds was not there; it was made"));
  EXPECT_EQ(warehouse_.value("SELECT GROUP_CONCAT(DISTINCT DEFAULT_COLLATION_NAME) FROM "
                             "information_schema.SCHEMATA WHERE SCHEMA_NAME IN ('seeds', "
                             "'seeds__next')"),
            "utf8mb4_unicode_ci");
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM seeds.code_status"), "3");
}

TEST_F(Transformer, WaitsForNobodyWhoHoldsTheLock) {
  warehouse_.stage("2026-02-01", "(1, 1)");
  const auto program = warehouse_.program("silver_transformer", {},
                                          {{"PIPELINE_FAILPOINT", "run_before_publish:pause"},
                                           {"PIPELINE_FAILPOINT_GATE", warehouse_.file("gate")}});
  auto first = std::async(std::launch::async, [&] { return test::run_program(program); });
  ASSERT_TRUE(wait_for([&] {
    return warehouse_.value(
               "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
               "'silver__next' AND TABLE_NAME = 'pipeline_marker'") == "1";
  }));
  const auto second =
      test::run_program({.argv = {std::string(PIPELINE_BIN_DIR) + "/silver_transformer", "--config",
                                  warehouse_.file("pipeline.yaml"), "--result-file",
                                  warehouse_.file("second.json")}});
  warehouse_.write("../gate", "");
  EXPECT_EQ(second.exit_code, 18) << second.text();
  expect_green(warehouse_.finish(first.get()));
}

TEST_F(Transformer, AWrongPasswordIsSaidWithItsPlace) {
  warehouse_.stage("2026-02-01", "(1, 1)");
  warehouse_.write("../secrets/build", "wrong-password\n");
  const auto outcome = warehouse_.run("silver_transformer");
  EXPECT_EQ(outcome.program.exit_code, 15) << outcome.program.text();
  EXPECT_THAT(outcome.cause(), AllOf(HasSubstr("etl_build"), HasSubstr("secrets/build"),
                                     Not(HasSubstr("wrong-password"))));
  const auto check = warehouse_.run("silver_transformer", {"check", "--json"});
  EXPECT_EQ(check.program.exit_code, 15);
  EXPECT_THAT(Json::parse(check.program.out).at("accounts").at("build").as_string(),
              HasSubstr("access denied"));
}

TEST_F(Transformer, AProtectedTableIsNotRebuiltInFull) {
  warehouse_.write_config(
      "protect:\n  history:\n    - table: silver.history\n      key: [tenant_id, valid_from]\n"
      "      closed_when: valid_to IS NOT NULL\n");
  first_day();
  const auto outcome =
      expect_refused("silver_transformer", "Pipeline.GuardRefused", 21, {"--full-refresh"});
  EXPECT_THAT(outcome.cause(), HasSubstr("silver.history"));
}

TEST_F(Transformer, ChangedColumnsAreRefusedUnderFailAndAddedOnesIgnoredOtherwise) {
  first_day();
  second_day();
  const std::string with_more =
      replace_all(days, "count(*) as tenants", "count(*) as tenants, 1 as more");
  warehouse_.write("models/silver/days.sql",
                   replace_all(with_more, "materialized='incremental'",
                               "materialized='incremental', on_schema_change='fail'"));
  const auto outcome = expect_refused("silver_transformer", "Pipeline.SqlRejected", 1);
  EXPECT_THAT(outcome.cause(), HasSubstr("the table lacks more"));
  warehouse_.write("models/silver/days.sql", with_more);
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(warehouse_.rows("SELECT day, tenants FROM silver.days ORDER BY 1"),
            "2026-02-01|3;2026-02-02|3");
}

TEST_F(Transformer, CheckTellsAccountsLockAndMarkers) {
  first_day();
  auto outcome = warehouse_.run("gold_transformer", {"check", "--json"});
  expect_green(outcome);
  const Json answer = Json::parse(outcome.program.out);
  EXPECT_EQ(answer.at("accounts").dump(), R"({"build":"ok","publish":"ok","janitor":"ok"})");
  EXPECT_EQ(answer.at("lock").as_string(), "free");
  EXPECT_EQ(answer.at("marker").at("schema").as_string(), "gold");
  EXPECT_EQ(answer.at("marker").at("business_date").as_string(), "2026-02-01");
  EXPECT_EQ(answer.at("upstream").at("schema").as_string(), "silver");
  warehouse_.root().execute("RENAME TABLE pipeline.publish_journal TO pipeline.elsewhere");
  outcome = warehouse_.run("gold_transformer", {"check"});
  warehouse_.root().execute("RENAME TABLE pipeline.elsewhere TO pipeline.publish_journal");
  EXPECT_EQ(outcome.program.exit_code, 22) << "the pipeline's own tables are missing";
  EXPECT_THAT(outcome.program.out, HasSubstr("publish_journal"));
  outcome = warehouse_.run("gold_transformer", {"check", "--layer", "bronze"});
  EXPECT_EQ(outcome.program.exit_code, 10);
}

/// A model that takes longer than any test waits, unless the gate row is there.
std::string slow_model() {
  return "{{ config(materialized='table') }}\nselect sleep(120) as slept from "
         "{{ ref('stg_tenants') }}\n";
}

std::string statements_of_builders(ShopWarehouse& warehouse) {
  return warehouse.value(
      "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'etl_build' AND INFO LIKE "
      "'%sleep(120)%'");
}

TEST_F(Transformer, StopsWithinTenSecondsAndLeavesNoStatementBehind) {
  first_day();
  second_day();
  warehouse_.write("models/silver/slow.sql", slow_model());
  const std::string before = warehouse_.published();
  auto program = warehouse_.program("silver_transformer", {});
  auto ended = std::async(std::launch::async, [&] { return test::run_program(program); });
  ASSERT_TRUE(wait_for([&] { return statements_of_builders(warehouse_) == "1"; }));
  const auto asked = std::chrono::steady_clock::now();
  ::kill(warehouse_.pid_of_transformer(), SIGTERM);
  const auto outcome = warehouse_.finish(ended.get());
  EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(10));
  EXPECT_EQ(outcome.program.exit_code, 130) << outcome.program.text();
  EXPECT_EQ(outcome.error(), "Pipeline.Cancelled");
  EXPECT_TRUE(wait_for([&] { return statements_of_builders(warehouse_) == "0"; }));
  EXPECT_EQ(warehouse_.published(), before);
}

TEST_F(Transformer, StopsWhileAReaderHoldsUpThePublish) {
  first_day();
  second_day();
  const std::string before = warehouse_.published();
  Connection reader = warehouse_.server().open_root();
  reader.execute("START TRANSACTION");
  reader.query("SELECT * FROM silver.counts");
  auto program = warehouse_.program("silver_transformer", {});
  auto ended = std::async(std::launch::async, [&] { return test::run_program(program); });
  ASSERT_TRUE(wait_for([&] {
    return warehouse_.value(
               "SELECT COUNT(*) FROM pipeline.publish_journal WHERE state = "
               "'planned'") == "1";
  }));
  const auto asked = std::chrono::steady_clock::now();
  ::kill(warehouse_.pid_of_transformer(), SIGTERM);
  const auto outcome = warehouse_.finish(ended.get());
  EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(5));
  EXPECT_EQ(outcome.program.exit_code, 130) << outcome.program.text();
  EXPECT_EQ(outcome.error(), "Pipeline.Cancelled");
  reader.execute("ROLLBACK");
  EXPECT_EQ(warehouse_.published(), before);
  expect_green(warehouse_.run("silver_transformer"));
}

TEST_F(Transformer, ANewRunEndsTheStatementsOfAKilledOne) {
  first_day();
  second_day();
  warehouse_.write("models/silver/slow.sql", slow_model());
  auto program = warehouse_.program("silver_transformer", {});
  auto ended = std::async(std::launch::async, [&] { return test::run_program(program); });
  ASSERT_TRUE(wait_for([&] { return statements_of_builders(warehouse_) == "1"; }));
  ::kill(warehouse_.pid_of_transformer(), SIGKILL);
  EXPECT_EQ(ended.get().signal, SIGKILL);
  EXPECT_EQ(statements_of_builders(warehouse_), "1") << "it outlives its client";
  fs::remove(warehouse_.file("project/models/silver/slow.sql"));
  const auto begin = std::chrono::steady_clock::now();
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10))
      << "the next run waited for the statement instead of ending it";
  EXPECT_EQ(statements_of_builders(warehouse_), "0");
  EXPECT_EQ(warehouse_.marker("silver").substr(0, 14), "2|2|2026-02-02");
}

TEST_F(Transformer, AKilledRunLeavesNothingThatTheNextOneDoesNotMend) {
  first_day();
  second_day();
  expect_green(warehouse_.run("silver_transformer"));
  const std::string undisturbed = warehouse_.content();
  struct Point {
    std::string name;
    enum class Seen { old_layer, either } seen;
  };
  using Seen = Point::Seen;
  for (const auto& [point, seen] : std::vector<Point>{{"run_after_seed", Seen::old_layer},
                                                      {"run_after_model", Seen::old_layer},
                                                      {"run_before_tests", Seen::old_layer},
                                                      {"run_before_publish", Seen::old_layer},
                                                      {"publish_after_journal", Seen::old_layer},
                                                      {"publish_before_rename", Seen::either},
                                                      {"publish_after_rename", Seen::either},
                                                      {"publish_after_catalogue", Seen::either},
                                                      {"publish_before_close", Seen::either},
                                                      {"run_after_publish", Seen::either}}) {
    SCOPED_TRACE(point);
    warehouse_.reset();
    first_day();
    second_day();
    const std::string before = warehouse_.published();
    const auto killed =
        warehouse_.run("silver_transformer", {}, {{"PIPELINE_FAILPOINT", point + ":kill"}});
    EXPECT_EQ(killed.program.signal, SIGKILL) << killed.program.text();
    if (seen == Seen::old_layer) {
      EXPECT_EQ(warehouse_.published(), before);
    }
    expect_green(warehouse_.run("silver_transformer"));
    EXPECT_EQ(warehouse_.content(), undisturbed);
    EXPECT_EQ(warehouse_.rows("SELECT upstream_generation, business_date FROM "
                              "silver.pipeline_marker"),
              "2|2026-02-02");
    EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM pipeline.backup WHERE table_name = 'history' "
                               "AND rows_before = rows_after"),
              "1");
    EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM pipeline.publish_journal WHERE state = "
                               "'planned'"),
              "0");
  }
}

}  // namespace
}  // namespace pipeline
