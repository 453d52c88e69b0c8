// Incremental models that change their live table in place: all of an increment or nothing of it,
// each once, whatever fails and whenever the process dies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>

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
       "start transaction"},
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
  // There is no version before it to go back to, so its own tests always count.
  for (const char* transform : {"", "  on_test_failure: publish_and_alert\n"}) {
    warehouse_.write_config("", transform);
    EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1).cause(),
                HasSubstr("test.shop.one_newest"));
  }
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

TEST_F(InPlace, AChangeOfAnythingThatIsExecutedIsAnotherIncrement) {
  // The comment is another one in each run: it must not make another increment.
  const std::string model =
      "-- {{ invocation_id }} {{ run_started_at }}\n" +
      replace_all(replace_all(replace_all(visits, "@POST@", "\"{{ close() }}\""),
                              "{{ source('staging', 'tenants') }}", "{{ ref('visitors') }}"),
                  "1 as is_newest", "{{ one() }} + {{ var('more', 0) }} as is_newest");
  const std::string hook = "delete from {{ this }} where 1 = 0";
  const std::string parent = "select id, status from {{ source('staging', 'tenants') }}\n";
  const auto macro = [](const std::string& name, const std::string& text) {
    return "{% macro " + name + "() %}" + text + "{% endmacro %}\n";
  };
  warehouse_.write("macros/one.sql", macro("one", "1"));
  warehouse_.write("macros/close.sql", macro("close", hook));
  warehouse_.write("models/silver/visitors.sql", parent);
  warehouse_.write("models/silver/visits.sql", model);
  warehouse_.write("tests/one_newest.sql", "select 1 from {{ ref('visits') }} where 1 = 0\n");
  expect_green(warehouse_.run("silver_transformer"));
  const std::string rows = visits_of();
  const auto expect_held = [&] {
    const auto again = warehouse_.run("silver_transformer", {"--force"});
    expect_green(again);
    EXPECT_EQ(again.output().at("in_place").dump(),
              R"([{"table":"silver.visits","rows":0,"applied":"before"}])");
  };
  const auto expect_other = [&](std::vector<std::string> arguments = {}) {
    EXPECT_THAT(
        expect_refused("silver_transformer", "Pipeline.GuardRefused", 21, std::move(arguments))
            .cause(),
        AllOf(HasSubstr("silver.visits holds 2026-02-02 already"),
              HasSubstr("by other SQL, hooks or settings")));
  };
  warehouse_.write("models/silver/counts.sql", "select 1 as nothing_to_do_with_it\n");
  warehouse_.write("models/silver/silver.yml",
                   replace_all(shop::silver_yaml, "severity: warn", "severity: error"));
  warehouse_.write("models/gold/summary.sql", "select 1 as one\n");
  expect_held();
  warehouse_.write("macros/one.sql", macro("one", "1 + 0"));
  expect_other();
  warehouse_.write("macros/one.sql", macro("one", "1"));
  expect_other({"--vars", "{more: 1}"});
  warehouse_.write("macros/close.sql", macro("close", hook + " and 2 = 2"));
  expect_other();
  warehouse_.write("macros/close.sql", macro("close", hook));
  warehouse_.write("models/silver/visitors.sql", parent + "where id <> 12\n");
  expect_other();
  warehouse_.write("models/silver/visitors.sql", parent);
  expect_held();
  EXPECT_EQ(visits_of(), rows);
}

TEST_F(InPlace, AModelThatAsksTheServerIsKnownAgainAlthoughTheAnswerChanges) {
  const std::string model = replace_all(visits, "@POST@", close_hook) +
                            "-- {{ run_query('select count(*) as n from ' ~ this).rows }}\n";
  warehouse_.write("models/silver/visits.sql", model);
  warehouse_.write("macros/none.sql", "{% macro none_of_it() %}1{% endmacro %}\n");
  const auto died = warehouse_.run("silver_transformer", {},
                                   {{"PIPELINE_FAILPOINT", "in_place_after_commit:kill"}});
  ASSERT_EQ(died.program.signal, 9) << died.program.text();
  EXPECT_EQ(visits_of(), second_);
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(visits_of(), second_);
  warehouse_.write("macros/none.sql", "{% macro none_of_it() %}2{% endmacro %}\n");
  EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.GuardRefused", 21).cause(),
              HasSubstr("by other SQL, hooks or settings"));
}

TEST_F(InPlace, AFullRefreshCanBeForcedAgain) {
  expect_green(warehouse_.run("silver_transformer", {"--full-refresh"}));
  const std::string rows = visits_of();
  expect_green(warehouse_.run("silver_transformer", {"--force"}));
  EXPECT_EQ(visits_of(), rows);
}

/// A run that died behind its COMMIT, and a person who put an older copy under the table's name.
class InPlaceAfterADeath : public InPlace {
 protected:
  void die_behind_the_commit() {
    const auto died = warehouse_.run("silver_transformer", {"--run-id", "dead"},
                                     {{"PIPELINE_FAILPOINT", "in_place_after_commit:kill"}});
    ASSERT_EQ(died.program.signal, 9) << died.program.text();
    ASSERT_EQ(visits_of(), second_);
  }
  /// The server's clock of files knows seconds.
  void wait_for_the_next_second() {
    ASSERT_TRUE(wait_for([&] {
      return warehouse_.value(
                 "SELECT UTC_TIMESTAMP() > MAX(applied_at) FROM "
                 "pipeline.applied_batch") == "1";
    }));
  }
  std::string refused() {
    return expect_refused("silver_transformer", "Pipeline.GuardRefused", 21).cause();
  }
  void say_it_holds(const std::string& date) {
    expect_green(
        warehouse_.run("silver_transformer", {"holds", "silver.visits", date, "--reason", "seen"}));
  }
  void expect_finished() {
    expect_green(warehouse_.run("silver_transformer"));
    EXPECT_EQ(visits_of(), second_);
    EXPECT_EQ(warehouse_.value("SELECT business_date FROM silver.pipeline_marker"), "2026-02-02");
    stage(3);
    expect_green(warehouse_.run("silver_transformer"));
    EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM silver.visits WHERE tenant_id = 13"), "1");
  }
};

TEST_F(InPlaceAfterADeath, ABackupThatIsPutBackByHandIsNamed) {
  expect_green(warehouse_.run("silver_transformer", {"backup", "visits"}));
  const std::string backup =
      warehouse_.value("SELECT backup_name FROM pipeline.backup WHERE table_name = 'visits'");
  die_behind_the_commit();
  warehouse_.root().execute("DROP TABLE silver.visits");
  warehouse_.root().execute("RENAME TABLE silver." + backup + " TO silver.visits");
  for (int again = 0; again < 2; ++again) {
    EXPECT_THAT(refused(),
                AllOf(HasSubstr("silver.visits got its increment of 2026-02-02 in place by run "
                                "dead"),
                      HasSubstr("since then somebody"), HasSubstr("holds silver.visits ")));
  }
  say_it_holds("2026-02-01");
  expect_finished();
}

TEST_F(InPlaceAfterADeath, ACopyThatNobodyKnowsIsSeenAndTheDayIsAppliedAnew) {
  warehouse_.root().execute("CREATE TABLE silver.mine LIKE silver.visits");
  warehouse_.root().execute("INSERT INTO silver.mine SELECT * FROM silver.visits");
  die_behind_the_commit();
  wait_for_the_next_second();
  warehouse_.root().execute("DROP TABLE silver.visits");
  warehouse_.root().execute("RENAME TABLE silver.mine TO silver.visits");
  EXPECT_THAT(refused(),
              AllOf(HasSubstr("silver.visits got its increment of 2026-02-02 in place by run dead"),
                    HasSubstr("made, renamed or altered the table"),
                    HasSubstr("holds silver.visits DATE --reason")));
  say_it_holds("2026-02-01");
  expect_finished();
}

TEST_F(InPlaceAfterADeath, ATableThatSomebodyAlteredMayBeSaidToHoldTheDay) {
  die_behind_the_commit();
  wait_for_the_next_second();
  warehouse_.root().execute("ALTER TABLE silver.visits COMMENT 'looked at'");
  EXPECT_THAT(refused(), HasSubstr("made, renamed or altered the table"));
  say_it_holds("2026-02-02");
  expect_finished();
}

TEST_F(InPlace, ACommitThatTheServerRefusesIsNoLostAnswer) {
  const std::string gate = warehouse_.file("gate");
  const std::string trace = warehouse_.file("trace");
  std::filesystem::remove(gate);
  std::filesystem::remove(trace);
  const auto program = warehouse_.program("silver_transformer", {},
                                          {{"PIPELINE_FAILPOINT", "in_place_before_commit:pause"},
                                           {"PIPELINE_FAILPOINT_GATE", gate},
                                           {"PIPELINE_FAILPOINT_TRACE", trace}});
  auto running = std::async(std::launch::async, [&] { return test::run_program(program); });
  EXPECT_TRUE(wait_for([&] {
    std::ifstream lines(trace);
    return (std::string{std::istreambuf_iterator<char>(lines), {}})
               .find("in_place_before_commit") != std::string::npos;
  }));
  warehouse_.root().execute("SET GLOBAL read_only = 1");
  warehouse_.write("../gate", "");
  const auto refused = warehouse_.finish(running.get());
  warehouse_.root().execute("SET GLOBAL read_only = 0");
  EXPECT_EQ(refused.error(), "Pipeline.WrongDatabase") << refused.program.text();
  EXPECT_THAT(refused.cause(),
              AllOf(HasSubstr("the server refused the COMMIT of the in-place increments"),
                    HasSubstr("read-only")));
  EXPECT_EQ(visits_of(), first_);
  EXPECT_EQ(batches(), "");
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(visits_of(), second_);
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
