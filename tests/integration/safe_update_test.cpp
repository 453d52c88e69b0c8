// run-operation safe_update: a change of a live table that is published only if its validation
// holds, and that a rerun of the day does not undo.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

#include "common/base/text.h"
#include "tests/integration/shop_warehouse.h"

namespace pipeline {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Change {
  std::string update;
  std::string validation = "SELECT COUNT(*) > 0 FROM history";
  std::string target = "silver.history";
};

class SafeUpdate : public ShopTest {
 protected:
  SafeUpdate() {
    warehouse_.stage("2026-02-01", "(1, 1), (2, 7), (3, 9)");
    expect_green(warehouse_.run("silver_transformer"));
    second_day();
    expect_green(warehouse_.run("silver_transformer", {"--run-id", "day2"}));
  }

  static std::vector<std::string> arguments(const Change& change,
                                            std::vector<std::string> more = {}) {
    Json args = Json::object();
    args.set("target_table", change.target);
    args.set("update_query", change.update);
    args.set("validation_query", change.validation);
    std::vector<std::string> all{"run-operation", "safe_update", "--args", args.dump()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  ShopWarehouse::Outcome change(const Change& change, std::vector<std::string> more = {},
                                std::map<std::string, std::string> env = {}) {
    return warehouse_.run("silver_transformer", arguments(change, std::move(more)), std::move(env));
  }

  ShopWarehouse::Outcome refused(const Change& change, const std::string& error, int exit_code,
                                 std::vector<std::string> more = {}) {
    return expect_refused("silver_transformer", error, exit_code,
                          arguments(change, std::move(more)));
  }

  std::string history() {
    return warehouse_.rows(
        "SELECT tenant_id, status, valid_from, valid_to FROM silver.history ORDER BY 1, 3");
  }
  std::string shadow_tables() {
    return warehouse_.rows(
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'silver__next' AND "
        "TABLE_NAME <> 'pipeline_marker__old' ORDER BY 1");
  }
};

TEST_F(SafeUpdate, ChangesALiveTableWhoseOldRowsStayAsABackup) {
  const std::string before = history();
  const auto done =
      change({.update = "UPDATE history SET status = 9 WHERE tenant_id = 4",
              .validation = "SELECT COUNT(*) FROM history WHERE tenant_id = 4 AND status = 9"},
             {"--run-id", "mend", "--reason", "the form was wrong"});
  expect_green(done);
  EXPECT_THAT(done.program.out,
              AllOf(HasSubstr("silver.history: 5 rows -> 5 rows"),
                    HasSubstr("rows changed by statement: 1"),
                    HasSubstr("0 removed, 1 changed, 0 added, 4 equal"),
                    HasSubstr("the validation holds"), HasSubstr("undo: silver_transformer")));
  EXPECT_EQ(warehouse_.value("SELECT status FROM silver.history WHERE tenant_id = 4"), "9");
  const std::string backup = done.output().at("backup").as_string();
  EXPECT_EQ(warehouse_.value("SELECT status FROM silver." + backup + " WHERE tenant_id = 4"), "1");
  EXPECT_EQ(warehouse_.marker("silver"), "3|2|2026-02-02|mend")
      << "what is built from it sees something new";
  EXPECT_EQ(warehouse_.rows("SELECT kind, reason, state FROM pipeline.publish_journal WHERE run_id "
                            "= 'mend'"),
            "update|the form was wrong|done");
  EXPECT_EQ(warehouse_.rows("SELECT how, business_date FROM pipeline.published_table WHERE "
                            "publish_id = 3"),
            "updated|2026-02-02");
  expect_green(warehouse_.run("silver_transformer", {"restore", "history", "--at", "mend"}));
  EXPECT_EQ(history(), before);
}

TEST_F(SafeUpdate, EachChangeKeepsWhatItReplacedAlsoUnderOneRunId) {
  for (const std::string tenants : {"70", "71"}) {
    const auto done = change({.update = "UPDATE counts SET tenants = " + tenants + " LIMIT 1",
                              .validation = "SELECT 1",
                              .target = "silver.counts"},
                             {"--run-id", "mend"});
    expect_green(done);
    EXPECT_EQ(warehouse_.value("SELECT MAX(tenants) FROM silver." +
                               done.output().at("backup").as_string()),
              tenants == "70" ? "2" : "70");
  }
}

TEST_F(SafeUpdate, PublishesNothingWhenTheValidationDoesNotHold) {
  const Change none{.update = "DELETE FROM history WHERE tenant_id = 4", .validation = ""};
  for (const auto& [validation, gave] : std::vector<std::pair<std::string, std::string>>{
           {"SELECT COUNT(*) FROM history WHERE tenant_id = 4", "gave 0"},
           {"SELECT NULL", "gave NULL"},
           {"SELECT 1 FROM history WHERE tenant_id = 4", "gave no row"}}) {
    SCOPED_TRACE(validation);
    const auto outcome =
        refused({.update = none.update, .validation = validation}, "Pipeline.DataTestFailed", 1);
    EXPECT_THAT(outcome.cause(), AllOf(HasSubstr("the validation of update_query " + gave),
                                       HasSubstr("nothing was published")));
  }
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM pipeline.publish_journal"), "2");
}

TEST_F(SafeUpdate, NamesTheMistakeOfWhoWritesTheSchema) {
  const auto written =
      refused({.update = "UPDATE silver.history SET status = 9"}, "Pipeline.SqlRejected", 1);
  EXPECT_THAT(written.cause(), AllOf(HasSubstr("command denied"),
                                     HasSubstr("written without its schema: history, not "
                                               "silver.history")));
  const auto judged = refused({.update = "UPDATE history SET status = 9",
                               .validation = "SELECT COUNT(*) FROM `Silver`.history"},
                              "Pipeline.ConfigInvalid", 2);
  EXPECT_THAT(judged.cause(), HasSubstr("names silver.history, which is what is live already"));
}

TEST_F(SafeUpdate, ReadsOtherTablesOfTheSchemaAndWritesNoneOfThem) {
  expect_green(change({.update = "UPDATE history h JOIN counts c ON c.status = h.status SET "
                                 "h.is_current = h.is_current WHERE c.tenants > 100; "
                                 "UPDATE history SET status = (SELECT MAX(status) FROM "
                                 "stg_tenants) WHERE tenant_id = 4"}));
  EXPECT_EQ(warehouse_.value("SELECT status FROM silver.history WHERE tenant_id = 4"), "7");
  const auto other =
      refused({.update = "UPDATE counts SET tenants = 0"}, "Pipeline.SqlRejected", 1);
  EXPECT_THAT(other.cause(), HasSubstr("only history may be changed"));
  for (const std::string theft : {"RENAME TABLE history TO elsewhere", "DROP TABLE history"}) {
    EXPECT_THAT(refused({.update = theft}, "Pipeline.SqlRejected", 1).cause(),
                HasSubstr("left no table history behind"));
  }
}

TEST_F(SafeUpdate, RunsSeveralStatementsAsTheyAreWritten) {
  const auto done = change(
      {.update = "START TRANSACTION;\n-- two; steps\nSET @who = 4;\nUPDATE history SET status = 9 "
                 "WHERE tenant_id = @who;\nDELETE FROM history WHERE tenant_id = 3;\nCOMMIT;",
       .validation = "SELECT COUNT(*) = 4 FROM history"},
      {"--json"});
  expect_green(done);
  const Json printed = Json::parse(done.program.out);
  EXPECT_EQ(printed.at("rows_changed").dump(), "[0,0,1,1,0]");
  EXPECT_EQ(printed.at("rows_before").as_int(), 5);
  EXPECT_EQ(printed.at("rows_after").as_int(), 4);
  EXPECT_EQ(printed.at("difference").dump(),
            R"({"key":["tenant_id","valid_from"],"removed":1,"changed":1,"added":0,"equal":3})");
  const auto second = refused({.update = "UPDATE history SET status = 1; UPDATE history SET x = 1"},
                              "Pipeline.SqlRejected", 1);
  EXPECT_THAT(second.cause(), HasSubstr("update_query, statement 2: Unknown column"));
}

TEST_F(SafeUpdate, ADryRunShowsWhatItWouldDo) {
  const std::string before = warehouse_.published();
  const auto dry = change({.update = "UPDATE history SET status = 9"}, {"--dry-run"});
  expect_green(dry);
  EXPECT_THAT(dry.program.out, AllOf(HasSubstr("4 changed, 0 added, 1 equal"),
                                     HasSubstr("dry run: nothing was published")));
  EXPECT_EQ(warehouse_.published(), before);
  EXPECT_EQ(shadow_tables(), "");
  const auto same = change({.update = "UPDATE history SET status = status"});
  expect_green(same);
  EXPECT_TRUE(same.output().at("nothing_new").as_bool());
  EXPECT_EQ(warehouse_.published(), before);
}

TEST_F(SafeUpdate, AsksTheTestsAndGuardsOfTheTable) {
  EXPECT_THAT(refused({.update = "UPDATE history SET is_current = 1"}, "Pipeline.DataTestFailed", 1)
                  .cause(),
              HasSubstr("one_current"));
  warehouse_.write_config(
      "protect:\n  history:\n    - table: silver.history\n      key: [tenant_id, valid_from]\n"
      "      closed_when: valid_to IS NOT NULL\n");
  const Change closed{.update = "UPDATE history SET status = 9 WHERE valid_to IS NOT NULL"};
  EXPECT_THAT(refused(closed, "Pipeline.GuardRefused", 2).cause(),
              HasSubstr("1 closed row would have changed"));
  expect_green(change(closed, {"--override-guards", "it was wrong", "--run-id", "over"}));
  EXPECT_EQ(warehouse_.value("SELECT reason FROM pipeline.publish_journal WHERE run_id = 'over'"),
            "guards overridden: it was wrong");
}

TEST_F(SafeUpdate, IsMadeAgainWhenItsDayIsRunAgain) {
  expect_green(change({.update = "UPDATE history h JOIN counts c ON c.status = 7 SET h.status = 9 "
                                 "WHERE h.tenant_id = 4 AND c.tenants = 2"},
                      {"--run-id", "mend"}));
  expect_green(change({.update = "DELETE FROM history WHERE tenant_id = 3"}, {"--run-id", "more"}));
  const std::string mended = history();
  for (int again = 0; again < 2; ++again) {
    const auto rerun = warehouse_.run("silver_transformer", {"--force"});
    expect_green(rerun);
    EXPECT_EQ(history(), mended);
    EXPECT_EQ(rerun.output().at("changes_made_again").dump(),
              R"([{"table":"silver.history","run_id":"mend"},)"
              R"({"table":"silver.history","run_id":"more"}])");
  }
  warehouse_.stage("2026-02-03", "(1, 9), (2, 7), (4, 1)");
  const auto next = warehouse_.run("silver_transformer");
  expect_green(next);
  EXPECT_EQ(next.output().find("changes_made_again"), nullptr) << "it goes on from the changed one";
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM silver.history WHERE tenant_id = 3"), "0");
}

TEST_F(SafeUpdate, ARerunInWhichItDoesNotFitAnyMoreIsRefusedWithTheWayOut) {
  expect_green(change({.update = "UPDATE history SET status = 9 WHERE tenant_id = 4",
                       .validation = "SELECT COUNT(*) FROM history WHERE status = 9 AND tenant_id "
                                     "= 4"},
                      {"--run-id", "mend"}));
  warehouse_.stage("2026-02-02", "(1, 7), (2, 7)");
  const auto outcome = expect_refused("silver_transformer", "Pipeline.DataTestFailed", 1);
  EXPECT_THAT(outcome.cause(), AllOf(HasSubstr("the change of run mend to silver.history"),
                                     HasSubstr("restore silver.history --at mend")));
  const auto restored =
      warehouse_.run("silver_transformer", {"restore", "silver.history", "--at", "mend"});
  expect_green(restored);
  EXPECT_THAT(restored.program.out, HasSubstr("undoes  the change of run mend: UPDATE history"));
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM silver.history WHERE tenant_id = 4"), "0");
}

TEST_F(SafeUpdate, ATableThatEachRunMakesWholeSaysWhenTheChangeGoes) {
  expect_green(change({.update = "UPDATE counts SET label = 'x'",
                       .validation = "SELECT COUNT(*) FROM counts",
                       .target = "counts"},
                      {"--run-id", "paint"}));
  EXPECT_EQ(warehouse_.value("SELECT MIN(label) FROM silver.counts"), "x");
  const auto rerun = warehouse_.run("silver_transformer", {"--force"});
  expect_green(rerun);
  EXPECT_THAT(rerun.program.err, HasSubstr("silver.counts is made whole by this run, so the change "
                                           "of run paint is not in it any more"));
}

TEST_F(SafeUpdate, ADeathAtAnyPointLeavesTheTableWholeAndTheNextStartClosesIt) {
  const std::string before = history();
  const Change one{.update = "UPDATE history SET status = 9 WHERE tenant_id = 4"};
  for (const std::string point :
       {"safe_update_after_copy", "safe_update_before_publish", "publish_after_journal"}) {
    SCOPED_TRACE(point);
    EXPECT_EQ(change(one, {}, {{"PIPELINE_FAILPOINT", point + ":kill"}}).program.signal, 9);
    EXPECT_EQ(history(), before);
    expect_green(warehouse_.run("silver_transformer"));
    EXPECT_EQ(history(), before);
  }
  for (const std::string point :
       {"publish_after_catalogue", "publish_before_close", "safe_update_after_publish"}) {
    SCOPED_TRACE(point);
    const std::string run = "dies_" + point;
    EXPECT_EQ(change({.update = "UPDATE history SET valid_to = COALESCE(valid_to, '2026-03-01') + "
                                "INTERVAL 1 DAY WHERE tenant_id = 4"},
                     {"--run-id", run}, {{"PIPELINE_FAILPOINT", point + ":kill"}})
                  .program.signal,
              9);
    const std::string after = history();
    expect_green(warehouse_.run("silver_transformer", {"--force"}));
    EXPECT_EQ(history(), after) << "the rerun makes it again";
    EXPECT_EQ(
        warehouse_.value("SELECT state FROM pipeline.publish_journal WHERE run_id = '" + run + "'"),
        "done");
  }
  EXPECT_EQ(warehouse_.value("SELECT valid_to FROM silver.history WHERE tenant_id = 4"),
            "2026-03-04");
}

TEST_F(SafeUpdate, WrongArgumentsAreNamedBeforeAnythingIsTouched) {
  struct Case {
    std::vector<std::string> arguments;
    const char* named;
  };
  for (const auto& [arguments, named] : std::vector<Case>{
           {{"vacuum"}, "run-operation knows safe_update only"},
           {{"safe_update"}, "safe_update needs target_table"},
           {{"safe_update", "--args", "[1]"}, "--args must be a mapping"},
           {{"safe_update", "--args", "{target_tabel: x}"}, "did you mean target_table?"},
           {{"safe_update", "--args",
             "{target_table: silver.histroy, update_query: UPDATE x, validation_query: SELECT 1}"},
            "did you mean silver.history?"},
           {{"safe_update", "--args",
             "{target_table: stg_tenants, update_query: UPDATE x, validation_query: SELECT 1}"},
            "silver.stg_tenants is a view"},
           {{"safe_update", "--args",
             "{target_table: history, update_query: '-- nothing', validation_query: SELECT 1}"},
            "update_query holds no statement"},
           {{"safe_update", "--args",
             "{target_table: history, update_query: BEGIN NOT ATOMIC SELECT 1; END, "
             "validation_query: SELECT 1}"},
            "a compound statement cannot be taken apart"},
           {{"safe_update", "--args",
             "{target_table: history, update_query: UPDATE x, validation_query: SELECT 1; SELECT "
             "2}"},
            "must be one query"}}) {
    SCOPED_TRACE(named);
    std::vector<std::string> all{"run-operation"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    EXPECT_THAT(expect_refused("silver_transformer", "Pipeline.ConfigInvalid", 2, all).cause(),
                HasSubstr(named));
  }
}

/// Of a protected table that the vault keeps.
class VaultedSafeUpdate : public SafeUpdate {
 protected:
  VaultedSafeUpdate() {
    warehouse_.root().execute("CREATE OR REPLACE DATABASE vault COLLATE utf8mb4_unicode_ci");
    warehouse_.server().run_sql_file(PIPELINE_SOURCE_DIR "/deploy/sql/vault.sql", {});
    warehouse_.write_config(
        "vault:\n  schema: vault\nprotect:\n  history:\n    - table: silver.history\n      key: "
        "[tenant_id, valid_from]\n      closed_when: valid_to IS NOT NULL\n");
    expect_green(warehouse_.run("silver_transformer", {"vault", "init"}));
  }

  /// That the newest batch that counts is of the live generation, and every row as it was written.
  void expect_vault_knows_live() {
    EXPECT_EQ(
        warehouse_.value("SELECT b.generation FROM vault.batch b JOIN vault.published p USING "
                         "(schema_name, table_name, batch) ORDER BY b.batch DESC LIMIT 1"),
        warehouse_.value("SELECT generation FROM silver.pipeline_marker"));
    expect_green(warehouse_.run("silver_transformer", {"vault", "check"}));
  }
  void restore_as_of(const std::string& when) {
    expect_green(warehouse_.run("silver_transformer",
                                {"restore", "history", "--from-vault", "--as-of", when}));
  }

  const Change mend_{.update = "UPDATE history SET status = 9 WHERE tenant_id = 4",
                     .validation =
                         "SELECT COUNT(*) FROM history WHERE tenant_id = 4 AND status = "
                         "9"};
};

TEST_F(VaultedSafeUpdate, IsInTheVaultAndComesBackFromThereWithAndWithoutTheChange) {
  const std::string before = history();
  const std::string generation = warehouse_.value("SELECT generation FROM silver.pipeline_marker");
  expect_green(change(mend_, {"--run-id", "mend"}));
  const std::string after = history();
  ASSERT_NE(after, before);
  expect_vault_knows_live();
  EXPECT_THAT(
      warehouse_.run("silver_transformer", {"why", "silver.history", "tenant_id=4"}).program.out,
      AllOf(HasSubstr("mend"), HasSubstr("changed"), HasSubstr("status='9'")));
  warehouse_.root().execute("DELETE FROM silver.history WHERE tenant_id <> 2");
  restore_as_of("mend");
  EXPECT_EQ(history(), after);
  restore_as_of(generation);
  EXPECT_EQ(history(), before);
  expect_green(warehouse_.run("silver_transformer", {"vault", "check"}));
}

TEST_F(VaultedSafeUpdate, ARerunThatMakesItAgainLeavesTheVaultWithWhatIsLive) {
  expect_green(change(mend_, {"--run-id", "mend"}));
  const std::string after = history();
  const auto rerun = warehouse_.run("silver_transformer", {"--force"});
  expect_green(rerun);
  EXPECT_THAT(rerun.output().at("changes_made_again").dump(), HasSubstr("mend"));
  EXPECT_EQ(history(), after);
  expect_vault_knows_live();
}

TEST_F(VaultedSafeUpdate, WhatItWroteBeforeADeathCountsOnlyIfItWentLive) {
  const std::string before = history();
  for (const std::string point : {"vault_after_commit", "safe_update_before_publish"}) {
    SCOPED_TRACE(point);
    ASSERT_EQ(change(mend_, {}, {{"PIPELINE_FAILPOINT", point + ":kill"}}).program.signal, 9);
    EXPECT_EQ(history(), before);
    expect_green(warehouse_.run("silver_transformer", {"--force"}));
    EXPECT_EQ(history(), before);
    expect_vault_knows_live();
  }
  for (const std::string point :
       {"publish_after_catalogue", "safe_update_after_publish", "vault_before_published"}) {
    SCOPED_TRACE(point);
    ASSERT_EQ(change({.update = "UPDATE history SET status = CASE status WHEN 1 THEN 7 WHEN 7 THEN "
                                "9 ELSE 1 END WHERE tenant_id = 4"},
                     {}, {{"PIPELINE_FAILPOINT", point + ":kill"}})
                  .program.signal,
              9);
    const std::string after = history();
    expect_green(warehouse_.run("silver_transformer"));
    EXPECT_EQ(history(), after);
    expect_vault_knows_live();
  }
}

TEST_F(VaultedSafeUpdate, AChangeThatAGuardForbidsReachesTheVaultWithItsReasonOnly) {
  const std::string before = history();
  const Change rewrite{
      .update = "UPDATE history SET status = 9 WHERE valid_to IS NOT NULL",
      .validation = "SELECT COUNT(*) = 1 FROM history WHERE status = 9 AND valid_to IS NOT NULL"};
  EXPECT_THAT(refused(rewrite, "Pipeline.GuardRefused", 2).cause(),
              HasSubstr("1 closed row would have changed"));
  EXPECT_EQ(warehouse_.value("SELECT COUNT(*) FROM vault.batch WHERE kind = 'publish'"), "0");
  expect_green(change(rewrite, {"--override-guards", "the court said so"}));
  EXPECT_NE(history(), before);
  expect_vault_knows_live();
}

TEST_F(SafeUpdate, ARollbackOfItsDayTakesItBackAndTheDayIsBuiltWithoutIt) {
  const std::string built = history();
  expect_green(change({.update = "UPDATE history SET status = 9 WHERE tenant_id = 4"},
                      {"--run-id", "mend"}));
  const std::string first_day = "1|1|2026-02-01|\\N;2|7|2026-02-01|\\N;3|9|2026-02-01|\\N";
  const auto rolled = warehouse_.run("silver_transformer", {"rollback", "day2"});
  expect_green(rolled);
  EXPECT_EQ(history(), first_day);
  EXPECT_EQ(warehouse_.value("SELECT business_date FROM silver.pipeline_marker"), "2026-02-01");
  bool told = false;
  for (const auto& table : rolled.output().at("tables").as_array()) {
    if (table.at("table").as_string() != "silver.history") continue;
    EXPECT_THAT(table.at("changes_undone").dump(), HasSubstr("\"run_id\":\"mend\""));
    told = true;
  }
  EXPECT_TRUE(told);
  const auto again = warehouse_.run("silver_transformer");
  expect_green(again);
  EXPECT_EQ(again.output().find("changes_made_again"), nullptr);
  EXPECT_EQ(history(), built);
}

TEST_F(SafeUpdate, ARollbackOfTheChangeItselfLeavesTheDayAndARerunDoesNotBringItBack) {
  const std::string built = history();
  expect_green(change({.update = "UPDATE history SET status = 9 WHERE tenant_id = 4"},
                      {"--run-id", "mend"}));
  const auto rolled = warehouse_.run("silver_transformer", {"rollback", "mend"});
  expect_green(rolled);
  EXPECT_EQ(history(), built);
  EXPECT_EQ(warehouse_.value("SELECT business_date FROM silver.pipeline_marker"), "2026-02-02");
  EXPECT_THAT(rolled.output().at("tables").dump(), HasSubstr("\"run_id\":\"mend\""));
  const auto rerun = warehouse_.run("silver_transformer", {"--force"});
  expect_green(rerun);
  EXPECT_EQ(rerun.output().find("changes_made_again"), nullptr);
  EXPECT_EQ(history(), built);
}

TEST_F(SafeUpdate, ARollbackOfALaterDayKeepsTheChange) {
  expect_green(change({.update = "UPDATE history SET status = 9 WHERE tenant_id = 4"},
                      {"--run-id", "mend"}));
  const std::string mended = history();
  warehouse_.stage("2026-02-03", "(1, 7), (2, 9), (4, 9), (5, 1)");
  expect_green(warehouse_.run("silver_transformer", {"--run-id", "day3"}));
  const std::string third = history();
  ASSERT_NE(third, mended);
  const auto rolled = warehouse_.run("silver_transformer", {"rollback", "day3"});
  expect_green(rolled);
  EXPECT_EQ(history(), mended);
  EXPECT_THAT(rolled.output().at("tables").dump(), testing::Not(HasSubstr("update_query")));
  expect_green(warehouse_.run("silver_transformer"));
  EXPECT_EQ(history(), third);
}

}  // namespace
}  // namespace pipeline
