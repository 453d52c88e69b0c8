// Incremental models that change their live table in place: all of an increment or nothing of it,
// each once, whatever fails and whenever the process dies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include <fmt/core.h>

#include "common/base/text.h"
#include "tests/integration/shop_warehouse.h"

namespace pipeline {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// One row a tenant and day; the hook closes the row before.
constexpr const char* visits = R"({{ config(materialized='incremental', publish='in_place',
  unique_key=['tenant_id', 'day'], post_hook=@POST@) }}
select t.id as tenant_id, t.status, curdate() as day, 1 as is_newest
from {{ source('staging', 'tenants') }} t
{% if is_incremental() %}
where t.id not in (select tenant_id from {{ this }} where status = t.status and is_newest = 1)
{% endif %}
)";

constexpr const char* close_hook =
    "\"update {{ this }} a join (select tenant_id, max(day) newest from {{ this }} group by "
    "tenant_id) b on b.tenant_id = a.tenant_id set a.is_newest = (a.day = b.newest)\"";

constexpr const char* test_of_visits =
    "select tenant_id from {{ ref('visits') }} group by tenant_id having sum(is_newest) <> 1\n";

class InPlace : public ShopTest {
 protected:
  InPlace() {
    write_model(close_hook);
    warehouse_.write("tests/one_newest.sql", test_of_visits);
    stage(1);
    expect_green(warehouse_.run("silver_transformer"));
    grant();
    stage(2);
  }
  ~InPlace() override { warehouse_.root().execute("DROP TABLE IF EXISTS silver.visits"); }

  void write_model(const std::string& post_hook) {
    warehouse_.write("models/silver/visits.sql", replace_all(visits, "@POST@", post_hook));
  }

  void grant() {
    warehouse_.root().execute(
        "GRANT INSERT, UPDATE, DELETE ON silver.visits TO etl_build@localhost, etl_build@'%'");
  }

  void stage(int day) {
    const int statuses[] = {1, 7, 9};
    warehouse_.stage(fmt::format("2026-02-{:02}", day),
                     fmt::format("(1, {}), (2, 7), ({}, 1)", statuses[day % 3], 10 + day));
  }

  std::string visits_of(const std::string& what = "tenant_id, status, day, is_newest") {
    return warehouse_.rows("SELECT " + what + " FROM silver.visits ORDER BY 1, day");
  }
  std::string batches() {
    return warehouse_.rows("SELECT business_date FROM pipeline.applied_batch ORDER BY batch_id");
  }
  const std::string first_ = "1|7|2026-02-01|1;2|7|2026-02-01|1;11|1|2026-02-01|1";
  const std::string second_ =
      "1|7|2026-02-01|0;1|9|2026-02-02|1;2|7|2026-02-01|1;11|1|2026-02-01|1;12|1|2026-02-02|1";
};

TEST_F(InPlace, ChangesTheLiveTableAndPublishesTheRestOfTheLayerWithIt) {
  ASSERT_EQ(visits_of(), first_) << "the first build goes the normal way";
  expect_green(warehouse_.run("silver_transformer", {"check"}));
  const std::string id = warehouse_.value(
      "SELECT TABLE_ID FROM information_schema.INNODB_SYS_TABLES WHERE NAME = 'silver/visits'");
  const auto outcome = warehouse_.run("silver_transformer", {"--run-id", "two"});
  expect_green(outcome);
  EXPECT_EQ(visits_of(), second_);
  EXPECT_EQ(warehouse_.value("SELECT TABLE_ID FROM information_schema.INNODB_SYS_TABLES WHERE NAME "
                             "= 'silver/visits'"),
            id)
      << "it is the same table";
  EXPECT_EQ(outcome.output().at("in_place").dump(),
            R"([{"table":"silver.visits","rows":2,"applied":"now"}])");
  EXPECT_EQ(outcome.status("model.shop.visits"), "success");
  EXPECT_EQ(outcome.status("test.shop.one_newest"), "pass");
  EXPECT_EQ(batches(), "2026-02-02");
  EXPECT_EQ(warehouse_.marker("silver"), "2|2|2026-02-02|two");
  EXPECT_EQ(warehouse_.rows("SELECT business_date, backup_name FROM pipeline.published_table WHERE "
                            "table_name = 'visits' ORDER BY publish_id"),
            "2026-02-01|\\N;2026-02-02|\\N");
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
                             "'silver__next' AND TABLE_NAME LIKE 'visits%'"),
            "0");
}

TEST_F(InPlace, ARunOfTheSameDayAddsNothing) {
  expect_green(warehouse_.run("silver_transformer"));
  for (int again = 0; again < 2; ++again) {
    const auto rerun = warehouse_.run("silver_transformer", {"--force"});
    expect_green(rerun);
    EXPECT_EQ(rerun.output().at("in_place").dump(),
              R"([{"table":"silver.visits","rows":0,"applied":"before"}])");
    EXPECT_EQ(visits_of(), second_);
  }
  EXPECT_EQ(batches(), "2026-02-02");
  stage(3);
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(batches(), "2026-02-02;2026-02-03");
}

TEST_F(InPlace, AnotherIncrementForADayThatItHoldsIsRefused) {
  expect_green(warehouse_.run("silver_transformer"));
  warehouse_.stage("2026-02-02", "(1, 1)");
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.GuardRefused", 21).cause(),
              AllOf(HasSubstr("silver.visits holds 2026-02-02 already"),
                    HasSubstr("another increment for one day cannot be put on top"),
                    HasSubstr("--full-refresh")));
  expect_green(warehouse_.run("silver_transformer", {"--full-refresh"}));
  EXPECT_EQ(visits_of(), "1|1|2026-02-02|1") << "a full refresh goes the normal way";
}

/// Hooks as owners write them, with what is wrong with each.
struct BadHook {
  const char* hook;
  const char* error;
  int exit_code;
  const char* named;
};

TEST_F(InPlace, AFailingPostHookLeavesNoRowBehindOnEitherWay) {
  // The owners' mistake: a table may not be read where it is updated, or a column is not there.
  constexpr BadHook hooks[] = {
      {"\"update {{ this }} set closed_on = curdate() where is_newest = 0\"", "Pipeline.HookFailed",
       1, "post-hook 1 of model.shop.visits"},
      {"[\"delete from {{ this }}\", \"update {{ this }} set is_newest = 0 where nonsense = 1\"]",
       "Pipeline.HookFailed", 1, "post-hook 2 of model.shop.visits"},
  };
  for (const auto& bad : hooks) {
    SCOPED_TRACE(bad.hook);
    write_model(bad.hook);
    EXPECT_THAT(expect_refused("silver_transformer", bad.error, bad.exit_code).cause(),
                HasSubstr(bad.named));
    EXPECT_EQ(visits_of(), first_);
    warehouse_.write(
        "models/silver/visits.sql",
        replace_all(replace_all(visits, "publish='in_place',", ""), "@POST@", bad.hook));
    EXPECT_THAT(expect_refused("silver_transformer", bad.error, bad.exit_code).cause(),
                HasSubstr(bad.named));
    EXPECT_EQ(visits_of(), first_);
  }
  EXPECT_EQ(batches(), "");
  write_model(close_hook);
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(visits_of(), second_);
}

TEST_F(InPlace, WhatCouldEndTheTransactionIsRefusedBeforeTheWorkBegins) {
  constexpr BadHook hooks[] = {
      {"\"start transaction; update {{ this }} set is_newest = 0; commit;\"", "", 0,
       "several statements"},
      {"\"truncate table {{ this }}\"", "", 0, "truncate table"},
      {"\"alter table {{ this }} comment 'x'\"", "", 0, "alter table"},
      {"[\"select 1\", \"set autocommit = 1\"]", "", 0, "post-hook 2 of model.shop.visits"},
      {"\"call sys.anything()\"", "", 0, "call sys.anything()"},
      {"\"{% do run_query('drop table if exists scratch__next.x') %}\"", "", 0,
       "a template may only ask here"},
      {"after_commit(\"update {{ this }} set is_newest = 0\")", "", 0,
       "a hook outside the transaction"},
  };
  for (const auto& bad : hooks) {
    SCOPED_TRACE(bad.hook);
    write_model(bad.hook);
    const auto outcome = expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10);
    EXPECT_THAT(outcome.cause(), HasSubstr(bad.named));
    EXPECT_EQ(outcome.output().find("nodes"), nullptr) << "nothing was built";
  }
}

TEST_F(InPlace, AFailingTestValidationOrFloorLeavesNoRowBehind) {
  warehouse_.write("tests/one_newest.sql",
                   "select 1 from {{ ref('visits') }} where day = curdate() limit 1\n");
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1).cause(),
              HasSubstr("test.shop.one_newest"));
  warehouse_.write("tests/one_newest.sql", test_of_visits);
  warehouse_.write("models/silver/visits.yml",
                   "version: 2\nmodels:\n  - name: visits\n    config:\n      meta:\n        "
                   "validate: select count(*) = 0 from {{ this }} where day = curdate()\n");
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1).cause(),
              HasSubstr("validation 1 of model.shop.visits"));
  warehouse_.write("models/silver/visits.yml", "version: 2\n");
  warehouse_.write_config("protect:\n  tables:\n    - {table: silver.visits, min_rows: 100}\n");
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.GuardRefused", 21).cause(),
              HasSubstr("silver.visits would have 5 rows, fewer than its min_rows of 100"));
  warehouse_.write_config();
  EXPECT_EQ(visits_of(), first_);
  EXPECT_EQ(batches(), "");
  // Nothing of the other models went live either.
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM silver.days"), "1");
}

TEST_F(InPlace, NeedsTheRightOnThisOneTable) {
  warehouse_.root().execute(
      "REVOKE INSERT, UPDATE, DELETE ON silver.visits FROM etl_build@localhost, etl_build@'%'");
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.AccessDenied", 15).cause(),
              AllOf(HasSubstr("silver.visits is published in place"),
                    HasSubstr("GRANT INSERT, UPDATE, DELETE ON `silver`.`visits` TO 'etl_build'")));
  grant();
  expect_green(warehouse_.run("silver_transformer"));
}

TEST_F(InPlace, WhatDoesNotGoTogetherIsRefusedByName) {
  warehouse_.write_config(
      "protect:\n  history:\n    - {table: silver.visits, key: [tenant_id, day]}\n");
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10).cause(),
              HasSubstr("silver.visits is protected"));
  warehouse_.write_config();
  warehouse_.write("models/silver/reader.sql", "select * from {{ ref('visits') }}\n");
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10).cause(),
              HasSubstr("model.shop.reader of the same layer reads it"));
  warehouse_.write("models/silver/reader.sql",
                   "{{ config(materialized='table', publish='in_place') }} select 1 as one\n");
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 10).cause(),
              HasSubstr("publish: in_place is for incremental models"));
}

TEST_F(InPlace, ADeathBeforeTheCommitLeavesNoRowAndOneBehindItIsFinishedByTheNextRun) {
  int day = 2;
  for (const std::string point :
       {"in_place_after_increment", "in_place_after_hooks", "in_place_before_commit",
        "in_place_after_commit", "run_before_publish", "publish_after_journal",
        "publish_after_catalogue", "run_after_publish"}) {
    SCOPED_TRACE(point);
    stage(day);
    const std::string before = visits_of();
    const std::string layer = warehouse_.marker("silver");
    const auto died =
        warehouse_.run("silver_transformer", {}, {{"PIPELINE_FAILPOINT", point + ":kill"}});
    ASSERT_EQ(died.program.signal, 9) << died.program.text();
    const bool committed = point != "in_place_after_increment" && point != "in_place_after_hooks" &&
                           point != "in_place_before_commit";
    // The server takes a transaction back when it sees that its client is gone.
    ASSERT_TRUE(wait_for([&] { return (visits_of() != before) == committed; }));
    const std::string rows = visits_of();
    const auto next = warehouse_.run("silver_transformer");
    expect_green(next);
    const std::string today = fmt::format("2026-02-{:02}", day);
    EXPECT_EQ(warehouse_.value("SELECT business_date FROM silver.pipeline_marker"), today);
    if (committed) {
      EXPECT_EQ(visits_of(), rows) << "it is not applied twice";
    }
    EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM silver.visits WHERE tenant_id = " +
                               std::to_string(10 + day)),
              "1");
    EXPECT_EQ(
        warehouse_.value("SELECT COUNT(*) FROM pipeline.applied_batch WHERE business_date = '" +
                         today + "'"),
        "1");
    if (point == "in_place_after_commit") {
      EXPECT_NE(layer, warehouse_.marker("silver"));
      EXPECT_THAT(next.output().at("settled").dump(),
                  HasSubstr("silver.visits holds the increment of 2026-02-05"));
    }
    ++day;
  }
}

TEST_F(InPlace, ALayerThatIsNotPublishedAfterTheCommitSaysSoAndTheNextRunPublishesIt) {
  const auto failed = warehouse_.run("silver_transformer", {},
                                     {{"PIPELINE_FAILPOINT", "run_before_publish:error"}});
  EXPECT_FALSE(failed.program.ok());
  EXPECT_EQ(visits_of(), second_) << "the documented exception";
  EXPECT_EQ(warehouse_.value("SELECT business_date FROM silver.pipeline_marker"), "2026-02-01");
  // A command in between knows that the table holds the second day.
  expect_green(warehouse_.run("silver_transformer", {"backup", "visits"}));
  EXPECT_EQ(warehouse_.value("SELECT business_date FROM pipeline.backup WHERE table_name = "
                             "'visits'"),
            "2026-02-02");
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(visits_of(), second_);
  EXPECT_EQ(warehouse_.value("SELECT business_date FROM silver.pipeline_marker"), "2026-02-02");
}

TEST_F(InPlace, ALostAnswerToTheCommitIsNotGuessedAbout) {
  const auto lost = warehouse_.run(
      "silver_transformer", {}, {{"PIPELINE_FAILPOINT", "in_place_commit_answered:unavailable"}});
  EXPECT_EQ(lost.error(), "Pipeline.Unavailable") << lost.program.text();
  EXPECT_THAT(lost.cause(), HasSubstr("the next run finds in its ledger whether it happened"));
  EXPECT_EQ(visits_of(), second_) << "it did";
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(visits_of(), second_);
  stage(3);
  EXPECT_FALSE(warehouse_
                   .run("silver_transformer", {},
                        {{"PIPELINE_FAILPOINT", "in_place_before_commit:unavailable"}})
                   .program.ok());
  EXPECT_EQ(visits_of(), second_) << "it did not";
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(batches(), "2026-02-02;2026-02-03");
}

TEST_F(InPlace, ReadersNeverSeeHalfAnIncrement) {
  // Paused between increment and hooks, the rows are there for nobody else.
  const std::string gate = warehouse_.file("gate");
  std::filesystem::remove(gate);
  const auto program = warehouse_.program("silver_transformer", {},
                                          {{"PIPELINE_FAILPOINT", "in_place_after_increment:pause"},
                                           {"PIPELINE_FAILPOINT_GATE", gate}});
  auto running = std::async(std::launch::async, [&] { return test::run_program(program); });
  Connection dirty = warehouse_.server().open_root();
  dirty.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED");
  EXPECT_TRUE(
      wait_for([&] { return dirty.query_value("SELECT COUNT(*) FROM silver.visits") == "5"; }));
  EXPECT_EQ(visits_of(), first_);
  warehouse_.write("../gate", "");
  expect_green(warehouse_.finish(running.get()));
  EXPECT_EQ(visits_of(), second_);
}

}  // namespace
}  // namespace pipeline
