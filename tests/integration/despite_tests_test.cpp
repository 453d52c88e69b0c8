// A layer whose data tests failed goes live only if the configuration or a person says so, and then
// as any other: whole, guarded, journalled, and told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

#include <fmt/core.h>

#include "common/base/text.h"
#include "tests/integration/shop_warehouse.h"

namespace pipeline {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* publish_and_alert = "  on_test_failure: publish_and_alert\n";
constexpr const char* protect_history =
    "protect:\n  history:\n    - {table: silver.history, key: [tenant_id, valid_from]}\n"
    "  tables:\n    - {table: silver.days, min_rows: 1}\n";

/// Up to the RENAME and behind it.
constexpr std::string_view points_before[] = {"run_before_publish", "publish_after_journal"};
constexpr std::string_view points_behind[] = {"publish_after_catalogue", "publish_after_views",
                                              "publish_before_close", "run_after_publish"};

class DespiteTests : public ShopTest {
 protected:
  /// Tenant 4 comes on the second day, and a test does not expect it.
  void fail_on_the_second_day() {
    warehouse_.write("tests/no_fourth.sql",
                     "select tenant_id from {{ ref('stg_tenants') }} where tenant_id = 4\n");
    first_day();
    second_day();
  }

  ShopWarehouse::Outcome publish(std::vector<std::string> more = {},
                                 std::map<std::string, std::string> env = {}) {
    std::vector<std::string> arguments{"publish", "--despite-tests", "known gap"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return warehouse_.run("silver_transformer", arguments, std::move(env));
  }

  std::string refused(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"publish", "--despite-tests", "known gap"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return expect_refused("silver_transformer", "Pipeline.GuardRefused", 21, arguments).cause();
  }

  void expect_nothing_new(const ShopWarehouse::Outcome& outcome) {
    expect_green(outcome);
    const Json* nothing_new = outcome.output().find("nothing_new");
    ASSERT_NE(nothing_new, nullptr);
    EXPECT_TRUE(nothing_new->as_bool());
  }

  std::string shown_date() {
    return warehouse_.value("SELECT business_date FROM silver.pipeline_marker");
  }
  std::string history() {
    return warehouse_.rows(
        "SELECT tenant_id, status, valid_from, valid_to, is_current FROM silver.history ORDER BY "
        "tenant_id, valid_from");
  }
  void expect_second_day_is_live() {
    EXPECT_EQ(shown_date(), "2026-02-02");
    EXPECT_EQ(history(), second_history_);
    EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM silver.stg_tenants WHERE tenant_id = 4"), "1");
    EXPECT_EQ(warehouse_.rows("SELECT day, tenants FROM silver.days ORDER BY day"),
              "2026-02-01|3;2026-02-02|3");
  }

  const std::string second_history_ =
      "1|1|2026-02-01|2026-02-02|0;1|7|2026-02-02|\\N|1;2|7|2026-02-01|\\N|1;"
      "3|9|2026-02-01|\\N|1;4|1|2026-02-02|\\N|1";
};

TEST_F(DespiteTests, PublishAndAlertPublishesTheLayerAndEndsWithAnErrorOnce) {
  warehouse_.write_config("", publish_and_alert);
  fail_on_the_second_day();
  const auto outcome = warehouse_.run("silver_transformer", {"--run-id", "red"});
  EXPECT_EQ(outcome.program.exit_code, 1) << outcome.program.text();
  EXPECT_EQ(outcome.error(), "Pipeline.PublishedWithFailedTests");
  EXPECT_THAT(outcome.cause(),
              AllOf(HasSubstr("silver generation 2 is published for 2026-02-02"),
                    HasSubstr("test.shop.no_fourth (1 rows)"), HasSubstr("target/compiled")));
  EXPECT_EQ(outcome.status("test.shop.no_fourth"), "fail");
  EXPECT_EQ(outcome.output().at("despite_tests").dump(),
            R"j({"reason":"on_test_failure: publish_and_alert","failed_tests":)j"
            R"j(["test.shop.no_fourth (1 rows)"]})j");
  EXPECT_EQ(warehouse_.marker("silver"), "2|2|2026-02-02|red");
  EXPECT_THAT(warehouse_.value("SELECT reason FROM pipeline.publish_journal WHERE run_id = 'red'"),
              HasSubstr("in spite of failed tests, on_test_failure: publish_and_alert: "
                        "test.shop.no_fourth (1 rows)"));
  expect_second_day_is_live();
  expect_nothing_new(warehouse_.run("silver_transformer"));
  expect_green(warehouse_.run("gold_transformer"));
}

TEST_F(DespiteTests, PublishAndAlertLosesNoAlertWhereverTheProcessDies) {
  warehouse_.write_config("", publish_and_alert);
  fail_on_the_second_day();
  int day = 2;
  for (const auto* points : {points_before, points_behind}) {
    const std::size_t count =
        points == points_before ? std::size(points_before) : std::size(points_behind);
    for (std::size_t i = 0; i < count; ++i) {
      SCOPED_TRACE(points[i]);
      warehouse_.stage(fmt::format("2026-02-{:02}", day), "(1, 7), (2, 7), (4, 1)");
      const auto died = warehouse_.run("silver_transformer", {},
                                       {{"PIPELINE_FAILPOINT", std::string(points[i]) + ":kill"}});
      ASSERT_EQ(died.program.signal, 9) << died.program.text();
      const auto next = warehouse_.run("silver_transformer");
      EXPECT_EQ(next.error(), "Pipeline.PublishedWithFailedTests") << next.program.text();
      EXPECT_THAT(next.cause(), HasSubstr("test.shop.no_fourth (1 rows)"));
      EXPECT_EQ(shown_date(), fmt::format("2026-02-{:02}", day));
      expect_nothing_new(warehouse_.run("silver_transformer"));
      ++day;
    }
  }
}

TEST_F(DespiteTests, EveryAttemptOfTheRunThatTellsIsToldSoThatARetrySwallowsNothing) {
  warehouse_.write_config("", publish_and_alert);
  fail_on_the_second_day();
  const auto attempt = [&](const char* run_id) {
    return warehouse_.run("silver_transformer", {"--run-id", run_id});
  };
  EXPECT_EQ(attempt("red").error(), "Pipeline.PublishedWithFailedTests");
  const auto retried = attempt("red");
  EXPECT_EQ(retried.error(), "Pipeline.PublishedWithFailedTests") << retried.program.text();
  EXPECT_THAT(retried.cause(), HasSubstr("test.shop.no_fourth (1 rows)"));
  EXPECT_TRUE(retried.output().at("nothing_new").as_bool());
  expect_nothing_new(attempt("green"));

  // Killed behind the note that says that the tests were told.
  warehouse_.stage("2026-02-03", "(1, 7), (2, 7), (4, 1)");
  const auto died = warehouse_.run("silver_transformer", {"--run-id", "killed"},
                                   {{"PIPELINE_FAILPOINT", "run_after_failed_tests_told:kill"}});
  ASSERT_EQ(died.program.signal, 9) << died.program.text();
  EXPECT_EQ(attempt("killed").error(), "Pipeline.PublishedWithFailedTests");
  expect_nothing_new(attempt("green"));

  // A run that tells for another one is retried too.
  warehouse_.stage("2026-02-04", "(1, 7), (2, 7), (4, 1)");
  ASSERT_EQ(warehouse_
                .run("silver_transformer", {"--run-id", "dead"},
                     {{"PIPELINE_FAILPOINT", "run_after_publish:kill"}})
                .program.signal,
            9);
  EXPECT_EQ(attempt("heir").error(), "Pipeline.PublishedWithFailedTests");
  EXPECT_EQ(attempt("heir").error(), "Pipeline.PublishedWithFailedTests");
  EXPECT_EQ(attempt("dead").error(), "Pipeline.PublishedWithFailedTests");
  expect_nothing_new(attempt("green"));
}

TEST_F(DespiteTests, ANewerGenerationDoesNotHideTestsThatADeadRunDidNotTell) {
  warehouse_.write_config("", publish_and_alert);
  fail_on_the_second_day();
  const auto die_behind_the_rename = [&](std::vector<std::string> arguments) {
    ASSERT_EQ(warehouse_
                  .run("silver_transformer", std::move(arguments),
                       {{"PIPELINE_FAILPOINT", "run_after_publish:kill"}})
                  .program.signal,
              9);
  };
  const auto expect_told = [&](const ShopWarehouse::Outcome& outcome, const std::string& words) {
    EXPECT_EQ(outcome.program.exit_code, 1);
    EXPECT_EQ(outcome.error(), "Pipeline.PublishedWithFailedTests") << outcome.program.text();
    EXPECT_THAT(outcome.cause(),
                AllOf(HasSubstr(words), HasSubstr("test.shop.no_fourth (1 rows)")));
    expect_nothing_new(warehouse_.run("silver_transformer"));
  };
  die_behind_the_rename({"--run-id", "monday"});
  warehouse_.stage("2026-02-03", "(1, 7), (2, 7)");
  expect_told(warehouse_.run("silver_transformer", {"--run-id", "tuesday"}),
              "silver generation 2 was published for 2026-02-02 by the run monday");
  EXPECT_EQ(warehouse_.marker("silver"), "3|3|2026-02-03|tuesday");

  warehouse_.stage("2026-02-04", "(1, 7), (2, 7), (4, 1)");
  die_behind_the_rename({"--run-id", "wednesday"});
  warehouse_.write("tests/no_fourth.sql",
                   "select tenant_id from {{ ref('stg_tenants') }} where tenant_id = 5\n");
  expect_told(warehouse_.run("silver_transformer", {"--force"}),
              "silver generation 4 was published for 2026-02-04 by the run wednesday");

  warehouse_.stage("2026-02-05", "(1, 7), (2, 7), (5, 1)");
  die_behind_the_rename({"--run-id", "thursday"});
  // A person's command takes a generation, and tells nobody of tests.
  expect_green(warehouse_.run("silver_transformer",
                              {"holds", "silver.days", "2026-02-05", "--reason", "seen"}));
  expect_told(warehouse_.run("silver_transformer"),
              "silver generation 6 was published for 2026-02-05 by the run thursday");
}

TEST_F(DespiteTests, APublishThatAViewLeavesUnfinishedIsToldOnceToo) {
  warehouse_.write_config("", publish_and_alert);
  fail_on_the_second_day();
  ASSERT_EQ(warehouse_
                .run("silver_transformer", {"--run-id", "red"},
                     {{"PIPELINE_FAILPOINT", "publish_after_catalogue:kill"}})
                .program.signal,
            9);
  warehouse_.root().execute(
      "UPDATE pipeline.publish_journal SET plan = JSON_SET(plan, '$.views[0].select', 'select 1 "
      "from nowhere.at_all') WHERE run_id = 'red'");
  EXPECT_EQ(warehouse_.run("silver_transformer").error(), "Pipeline.PublishedWithFailedTests");
  EXPECT_EQ(warehouse_.value("SELECT state FROM pipeline.publish_journal WHERE run_id = 'red'"),
            "unfinished");
  expect_nothing_new(warehouse_.run("silver_transformer"));
}

TEST_F(DespiteTests, ManyFailedTestsAreAllCountedAndTheFirstTenSaid) {
  constexpr int failing = 13;
  warehouse_.write_config("", publish_and_alert);
  first_day();
  second_day();
  for (int i = 0; i < failing; ++i) {
    warehouse_.write(fmt::format("tests/red_{:02}.sql", i),
                     "select tenant_id from {{ ref('stg_tenants') }} where tenant_id = 4\n");
  }
  const auto outcome = warehouse_.run("silver_transformer", {"--run-id", "red"});
  EXPECT_EQ(outcome.error(), "Pipeline.PublishedWithFailedTests") << outcome.program.text();
  EXPECT_EQ(outcome.result.error->context.at("failed_tests").as_string(), "13");
  EXPECT_EQ(outcome.output().at("despite_tests").at("failed_tests").as_array().size(), 13U);
  EXPECT_THAT(outcome.cause(), AllOf(HasSubstr("test.shop.red_09 (1 rows), 3 more"),
                                     Not(HasSubstr("test.shop.red_10"))));
  EXPECT_THAT(warehouse_.value("SELECT reason FROM pipeline.publish_journal WHERE run_id = 'red'"),
              HasSubstr("test.shop.red_09 (1 rows), 3 more"));
}

/// What refuses a layer whatever is said of its tests.
struct Refusal {
  const char* what;
  const char* path;
  std::string text;
  const char* error;
  int exit_code;
  const char* named;
};

std::vector<Refusal> refusals() {
  const std::string deleting =
      replace_all(replace_all(shop::history, "post_hook=\"", "post_hook=[\""), "{% endif %}\") }}",
                  "{% endif %}\", \"delete from {{ this }} where tenant_id = 3\"]) }}");
  const std::string emptying = replace_all(shop::days, "materialized='incremental'",
                                           "materialized='incremental', post_hook='delete from "
                                           "{{ this }}'");
  const std::string invalid = replace_all(shop::days, "materialized='incremental'",
                                          "materialized='incremental', "
                                          "meta={'validate': 'select 1 = 0'}");
  return {{"a protected row is lost", "models/silver/history.sql", deleting,
           "Pipeline.GuardRefused", 21, "silver.history is protected"},
          {"a floor", "models/silver/days.sql", emptying, "Pipeline.GuardRefused", 21,
           "silver.days would have 0 rows"},
          {"a validation", "models/silver/days.sql", invalid, "Pipeline.DataTestFailed", 1,
           "validation 1 of model.shop.days"}};
}

TEST_F(DespiteTests, GuardsAndValidationsRefuseOnBothWays) {
  warehouse_.write_config(protect_history);
  fail_on_the_second_day();
  for (const auto& refusal : refusals()) {
    SCOPED_TRACE(refusal.what);
    warehouse_.write("models/silver/history.sql", shop::history);
    warehouse_.write("models/silver/days.sql", shop::days);
    warehouse_.write(refusal.path, refusal.text);
    warehouse_.write_config(protect_history, publish_and_alert);
    const auto refused = expect_refused("silver_transformer", refusal.error, refusal.exit_code);
    EXPECT_THAT(refused.cause(), HasSubstr(refusal.named));
    EXPECT_EQ(refused.output().find("despite_tests"), nullptr)
        << "it is published in spite of none";
    warehouse_.write_config(protect_history);
    EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1).cause(),
                HasSubstr("test.shop.no_fourth"));
    EXPECT_THAT(expect_refused("silver_transformer", refusal.error, refusal.exit_code,
                               {"publish", "--despite-tests", "known gap"})
                    .cause(),
                HasSubstr(refusal.named));
  }
  EXPECT_EQ(shown_date(), "2026-02-01");
}

TEST_F(DespiteTests, PublishAndAlertIsForFailedTestsAloneAndWhenAllWereAsked) {
  warehouse_.write_config("", publish_and_alert);
  fail_on_the_second_day();
  warehouse_.write("tests/zz_broken.sql", "select x from {{ ref('stg_tenants') }}\n");
  expect_refused("silver_transformer", "Pipeline.PartialFailure", 1);
  warehouse_.write("tests/zz_broken.sql", "select 1 from {{ ref('stg_tenants') }} where 1 = 0\n");
  expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1,
                 {"--fail-fast", "--threads", "1"});
}

TEST_F(DespiteTests, APersonPublishesWhatTheRunLeft) {
  fail_on_the_second_day();
  EXPECT_THAT(
      expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10, {"publish"}).cause(),
      HasSubstr("publish --despite-tests \"reason\""));
  expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10,
                 {"publish", "--despite-tests", " "});
  EXPECT_THAT(refused(), HasSubstr("no run left candidates of silver of which tests alone failed"));
  expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1, {"--run-id", "red"});
  const auto published = publish({"--run-id", "person"});
  expect_green(published);
  EXPECT_EQ(published.output().at("built_by").as_string(), "red");
  EXPECT_EQ(published.output().at("despite_tests").dump(),
            R"j({"reason":"known gap","failed_tests":["test.shop.no_fourth (1 rows)"]})j");
  EXPECT_EQ(warehouse_.marker("silver"), "2|2|2026-02-02|person");
  EXPECT_EQ(warehouse_.value("SELECT reason FROM pipeline.publish_journal WHERE run_id = 'person'"),
            "in spite of failed tests, known gap: test.shop.no_fourth (1 rows)");
  expect_second_day_is_live();
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
                             "'silver__next'"),
            "0");
  expect_nothing_new(publish());
  expect_nothing_new(warehouse_.run("silver_transformer"));
  expect_green(warehouse_.run("gold_transformer"));
  warehouse_.stage("2026-02-03", "(1, 7), (2, 7)");
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(history(), second_history_);
}

TEST_F(DespiteTests, AForcedRerunOfTheDayThatIsLiveIsPublishedToo) {
  first_day();
  warehouse_.write("tests/never.sql", "select 1 from {{ ref('stg_tenants') }} limit 1\n");
  expect_green(warehouse_.run("gold_transformer"));
  expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1, {"--force"});
  expect_green(publish());
  EXPECT_EQ(warehouse_.value("SELECT generation FROM silver.pipeline_marker"), "2");
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM silver.days"), "1");
}

TEST_F(DespiteTests, WhatDoesNotFitAnyMoreIsRefused) {
  fail_on_the_second_day();
  const auto leave = [&](std::vector<std::string> arguments = {}) {
    expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1, std::move(arguments));
  };
  leave();
  warehouse_.root().execute("DROP TABLE silver__next.counts");
  EXPECT_THAT(refused(), HasSubstr("silver__next.counts is not there any more"));
  leave();
  warehouse_.write("models/silver/counts.sql", shop::counts + std::string("-- another\n"));
  EXPECT_THAT(refused(), HasSubstr("the project, its vars or its target"));
  warehouse_.write("models/silver/counts.sql", shop::counts);
  EXPECT_THAT(refused({"--vars", "{a: 1}"}), HasSubstr("the project, its vars or its target"));
  leave({"--full-refresh"});
  EXPECT_THAT(refused(), HasSubstr("one with --full-refresh"));
  // A newer run that failed for something else leaves nothing to publish.
  warehouse_.write("tests/zz_broken.sql", "select x from {{ ref('stg_tenants') }}\n");
  expect_refused("silver_transformer", "Pipeline.PartialFailure", 1);
  warehouse_.write("tests/zz_broken.sql", "select 1 from {{ ref('stg_tenants') }} where 1 = 0\n");
  EXPECT_THAT(refused(), HasSubstr("no run left candidates"));
  leave();
  warehouse_.stage("2026-02-03", "(1, 7), (2, 7), (4, 1)");
  EXPECT_THAT(refused(), HasSubstr("staging moved from generation 2 to 3 since"));
  leave();
  expect_green(warehouse_.run("silver_transformer",
                              {"holds", "silver.days", "2026-02-01", "--reason", "seen"}));
  EXPECT_THAT(refused(), HasSubstr("silver moved from generation 1 to"));
}

TEST_F(DespiteTests, CandidatesThatSomebodyWroteToAreRefusedByName) {
  fail_on_the_second_day();
  const struct {
    const char* sql;
    const char* named;
  } writes[] = {
      {"UPDATE silver__next.counts SET tenants = tenants + 1 LIMIT 1", "silver__next.counts"},
      {"DELETE FROM silver__next.history LIMIT 1", "silver__next.history"},
      {"ALTER TABLE silver__next.days ADD COLUMN more INT", "silver__next.days"},
      {"CREATE TABLE silver__next.pipeline_marker AS SELECT * FROM silver.pipeline_marker",
       "the marker of the run "},
  };
  for (const auto& write : writes) {
    SCOPED_TRACE(write.sql);
    expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1);
    warehouse_.root().execute(write.sql);
    EXPECT_THAT(refused(), AllOf(HasSubstr(write.named), HasSubstr("run the layer")));
  }
  expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1);
  expect_green(publish());
  expect_second_day_is_live();
}

TEST_F(DespiteTests, APartAndALayerAboveAreHeldToWhatTheyWereBuiltFrom) {
  first_day();
  warehouse_.write("tests/never.sql", "select 1 from {{ ref('counts') }} limit 1\n");
  expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1, {"--select", "counts"});
  EXPECT_THAT(refused(), HasSubstr("that run built model.shop.counts; give the --select"));
  expect_green(publish({"--select", "counts"}));
  EXPECT_EQ(warehouse_.value("SELECT generation FROM silver.pipeline_marker"), "2");
  warehouse_.write("tests/never.sql", "select 1 from {{ ref('summary') }} limit 1\n");
  expect_green(warehouse_.run("silver_transformer", {"--force"}));
  expect_refused("gold_transformer", "Pipeline.DataTestFailed", 1);
  expect_green(warehouse_.run("silver_transformer", {"--force"}));
  EXPECT_THAT(expect_refused("gold_transformer", "Pipeline.GuardRefused", 21,
                             {"publish", "--despite-tests", "known gap"})
                  .cause(),
              HasSubstr("moved from generation 3 to 4 since"));
  expect_refused("gold_transformer", "Pipeline.DataTestFailed", 1);
  expect_green(warehouse_.run("gold_transformer", {"publish", "--despite-tests", "known gap"}));
  EXPECT_EQ(warehouse_.value("SELECT upstream_generation FROM gold.pipeline_marker"), "4");
}

TEST_F(DespiteTests, KilledAnywhereItHappenedOrDidNotAndTheSameCommandFinishesIt) {
  fail_on_the_second_day();
  const auto kill_at = [&](std::string_view point) {
    expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1, {"--force"});
    const auto died = publish({}, {{"PIPELINE_FAILPOINT", std::string(point) + ":kill"}});
    EXPECT_EQ(died.program.signal, 9) << died.program.text();
  };
  for (const auto point : points_before) {
    SCOPED_TRACE(point);
    const std::string before = warehouse_.content();
    kill_at(point);
    EXPECT_EQ(warehouse_.content(), before);
    EXPECT_EQ(shown_date(), "2026-02-01");
  }
  expect_green(publish());
  expect_second_day_is_live();
  for (const auto point : points_behind) {
    SCOPED_TRACE(point);
    const std::string generation =
        warehouse_.value("SELECT generation FROM silver.pipeline_marker");
    kill_at(point);
    EXPECT_NE(warehouse_.value("SELECT generation FROM silver.pipeline_marker"), generation);
    expect_nothing_new(publish());
    expect_second_day_is_live();
    expect_nothing_new(warehouse_.run("silver_transformer"));
  }
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM pipeline.publish_journal WHERE state IN "
                             "('planned', 'unfinished')"),
            "0");
}

TEST_F(DespiteTests, APartOrAFullRefreshThatDiedBehindItsRenameIsFinishedByTheSameCommand) {
  warehouse_.root().execute("CREATE OR REPLACE TABLE scratch__next.ends (ended INT)");
  warehouse_.write("dbt_project.yml",
                   std::string(shop::dbt_project) +
                       "on-run-end: \"insert into scratch__next.ends values (1)\"\n");
  first_day();
  warehouse_.write("tests/never.sql", "select 1 from {{ ref('counts') }} limit 1\n");
  const std::vector<std::string> extents[] = {{"--select", "counts"}, {"--full-refresh"}};
  const std::string marker = "SELECT generation, on_run_end FROM silver.pipeline_marker";
  for (const auto& extent : extents) {
    std::vector<std::string_view> points(std::begin(points_behind), std::end(points_behind));
    points.emplace_back("run_after_on_run_end");
    for (const auto point : points) {
      SCOPED_TRACE(extent.front() + " " + std::string(point));
      const std::string before = warehouse_.value("SELECT generation FROM silver.pipeline_marker");
      expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1, extent);
      const auto died = publish(extent, {{"PIPELINE_FAILPOINT", std::string(point) + ":kill"}});
      ASSERT_EQ(died.program.signal, 9) << died.program.text();
      const std::string published = std::to_string(std::stoi(before) + 1);
      EXPECT_EQ(warehouse_.rows(marker), published + "|pending");
      const auto again = publish(extent);
      expect_nothing_new(again);
      EXPECT_EQ(again.output().at("on_run_end").as_string(), "done");
      EXPECT_EQ(warehouse_.rows(marker), published + "|done");
      expect_nothing_new(publish(extent));
    }
  }
  warehouse_.root().execute("DROP TABLE scratch__next.ends");
}

}  // namespace
}  // namespace pipeline
