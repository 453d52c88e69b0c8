// Backups and restores with the real programs on a real server: nothing is lost, no day is skipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "stages/publish/run_lock.h"
#include "tests/integration/restore_house.h"
#include "tests/support/polling_reader.h"

namespace pipeline {
namespace {

using test::RestoreHouse;
using testing::AllOf;
using testing::AnyOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

RestoreHouse& shared_house() {
  static RestoreHouse instance;
  return instance;
}

class Restoring : public testing::Test {
 protected:
  Restoring() : house_(shared_house()) { house_.reset(); }

  RestoreHouse::Outcome green(const std::string& program, std::vector<std::string> arguments) {
    auto outcome = house_.run(program, std::move(arguments));
    EXPECT_TRUE(outcome.program.ok()) << outcome.program.text() << outcome.program.out;
    return outcome;
  }

  RestoreHouse::Outcome refused(const std::string& program, std::vector<std::string> arguments,
                                int exit_code) {
    const std::string before = house_.content();
    auto outcome = house_.run(program, std::move(arguments));
    EXPECT_EQ(outcome.program.exit_code, exit_code) << outcome.program.text();
    EXPECT_EQ(house_.content(), before) << "a refusal changes nothing";
    return outcome;
  }

  /// Types what a command printed for bringing days back.
  void type_all(const Json& commands) {
    for (const auto& command : commands.as_array()) {
      const auto typed = house_.type(command.as_string());
      EXPECT_TRUE(typed.ok()) << command.as_string() << "\n" << typed.text();
    }
  }

  RestoreHouse& house_;
};

std::vector<std::string> texts(const Json& list) {
  std::vector<std::string> all;
  for (const auto& item : list.as_array()) all.push_back(item.as_string());
  return all;
}

TEST_F(Restoring, ACorruptedTableComesBackAndTheDayThatItThenLacksIsReplayed) {
  house_.root().execute("DELETE FROM silver.history WHERE is_current = 0");
  house_.root().execute("UPDATE silver.history SET status = 1");
  const auto restored = green("silver_transformer", {"restore", "history", "--run-id", "mend"});
  const Json& table = restored.output().at("tables").as_array().at(0);
  EXPECT_EQ(table.at("table").as_string(), "silver.history");
  EXPECT_EQ(table.at("backup").as_string(), house_.backup_of("silver.history", "day3"));
  EXPECT_EQ(table.at("business_date").as_string(), "2026-02-02");
  EXPECT_EQ(table.at("rows_before").as_int(), 4);
  EXPECT_EQ(table.at("rows_after").as_int(), 5);
  EXPECT_EQ(table.at("difference").dump(),
            R"({"key":["tenant_id","valid_from"],"only_in_live":2,"only_in_backup":3,)"
            R"("different":2,"equal":0})");
  EXPECT_EQ(house_.rows("SELECT tenant_id, status, valid_from, valid_to FROM silver.history ORDER "
                        "BY 1, 3"),
            "1|1|2026-02-01|2026-02-02;1|7|2026-02-02|\\N;2|7|2026-02-01|\\N;3|9|2026-02-01|\\N;"
            "4|1|2026-02-02|\\N");
  EXPECT_EQ(house_.value("SELECT COUNT(*) FROM silver." + table.at("kept_as").as_string()), "4")
      << "what was live is kept";
  EXPECT_LT(restored.output().at("rename_ms").as_int(), 1000);
  EXPECT_THAT(texts(restored.output().at("missing")), ElementsAre("2026-02-03"));
  EXPECT_THAT(
      texts(restored.output().at("replay")),
      ElementsAre("orchestrator run --date 2026-02-03 --config " + house_.file("pipeline.yaml")));
  EXPECT_EQ(house_.marker("silver"), "4|0|2026-02-03|mend");
  type_all(restored.output().at("replay"));
  EXPECT_EQ(house_.content(), house_.three_days());
}

TEST_F(Restoring, TheRowsAreBackBeforeTheyAreComparedAndNoComparisonFailsIt) {
  for (const std::string how : {"kill", "error", "term"}) {
    SCOPED_TRACE(how);
    house_.reset();
    const std::string backup =
        house_.checksum("silver." + house_.backup_of("silver.history", "day3"));
    house_.root().execute("DELETE FROM silver.history");
    const auto outcome = house_.run("silver_transformer", {"restore", "history"},
                                    {{"PIPELINE_FAILPOINT", "restore_before_compare:" + how}});
    EXPECT_EQ(house_.checksum("silver.history"), backup);
    EXPECT_EQ(house_.value("SELECT COUNT(*) FROM pipeline.publish_journal WHERE state <> 'done'"),
              "0");
    if (how == "kill") {
      EXPECT_EQ(outcome.program.signal, 9);
      continue;
    }
    EXPECT_TRUE(outcome.program.ok()) << outcome.program.text();
    const Json& table = outcome.output().at("tables").as_array().at(0);
    // A signal may come when all is compared already.
    if (how == "error") {
      EXPECT_NE(table.at("difference").find("not_compared"), nullptr);
    }
    EXPECT_EQ(table.at("rows_after").as_int(), 5);
  }
}

TEST_F(Restoring, NothingThatIsToldBehindTheSwapFailsIt) {
  house_.reset();
  house_.root().execute("DELETE FROM silver.history");
  const auto outcome = house_.run("silver_transformer", {"restore", "history"},
                                  {{"PIPELINE_FAILPOINT", "restore_before_count:unavailable"}});
  EXPECT_TRUE(outcome.program.ok()) << outcome.program.text();
  EXPECT_THAT(outcome.program.err, HasSubstr("is put back, but its rows were not counted"));
  EXPECT_EQ(house_.value("SELECT COUNT(*) FROM silver.history"), "5");
  EXPECT_EQ(outcome.output().at("tables").as_array().at(0).find("rows_after"), nullptr);
}

TEST_F(Restoring, DaysFurtherBackComeBackByTheCommandsThatItPrints) {
  const auto restored = green("silver_transformer", {"restore", "silver.days", "--at", "day2"});
  EXPECT_EQ(house_.rows("SELECT day FROM silver.days"), "2026-02-01");
  EXPECT_THAT(texts(restored.output().at("missing")), ElementsAre("2026-02-02", "2026-02-03"));
  const auto next = refused("silver_transformer", {}, 21);
  EXPECT_THAT(next.cause(), HasSubstr("silver.days holds 2026-02-01, and 2026-02-02 is not in it"));
  const auto commands = texts(restored.output().at("replay"));
  ASSERT_THAT(commands, SizeIs(4));
  EXPECT_THAT(commands[0], HasSubstr("gold_transformer rollback day2"));
  EXPECT_THAT(commands[1], HasSubstr("silver_transformer rollback day2"));
  EXPECT_THAT(commands[2], HasSubstr("staging_loader --business-date 2026-02-02 --rewind"));
  EXPECT_THAT(commands[3], HasSubstr("orchestrator run --date 2026-02-03"));
  type_all(restored.output().at("replay"));
  EXPECT_EQ(house_.content(), house_.three_days());
}

TEST_F(Restoring, ARestoreIsUndoneByTheCommandThatItPrints) {
  const std::string before = house_.checksum("silver.history");
  const auto restored = green("silver_transformer", {"restore", "history", "--at", "day2"});
  EXPECT_NE(house_.checksum("silver.history"), before);
  const auto undone = house_.type(restored.output().at("undo").as_string());
  EXPECT_TRUE(undone.ok()) << undone.text();
  EXPECT_EQ(house_.checksum("silver.history"), before);
  EXPECT_EQ(house_.content(), house_.three_days());
  green("silver_transformer", {});
  EXPECT_EQ(house_.content(), house_.three_days()) << "the day is built on the day before it";
}

/// What the owners' runbook says, word for word.
void restore_by_hand(RestoreHouse& house, const std::string& table, const std::string& backup) {
  house.root().execute("DROP TABLE " + table);
  house.root().execute(fmt::format("RENAME TABLE silver.{} TO {}", backup, table));
  house.root().execute("ALTER TABLE " + table + " DROP COLUMN IF EXISTS backup_created_at");
}

TEST_F(Restoring, TheOwnersOwnDropAndRenameWorksAndTheNextNightReplaysTheDay) {
  // What a fourth day gives without any of this.
  house_.deliver("2026-02-04", "(1,9),(4,9)");
  EXPECT_TRUE(
      house_.type("orchestrator run --date 2026-02-04 --config " + house_.file("pipeline.yaml"))
          .ok());
  const std::string four_days = house_.content();
  house_.reset();

  const std::string backup = house_.backup_of("silver.history", "day3");
  house_.root().execute("UPDATE silver.history SET status = 0");
  restore_by_hand(house_, "silver.history", backup);
  const auto listed = green("silver_transformer", {"backups", "history", "--json"});
  const Json backups = Json::parse(listed.program.out);
  EXPECT_EQ(backups.as_array().at(0).at("backup").as_string(), backup);
  EXPECT_EQ(backups.as_array().at(0).at("state").as_string(), "gone");

  house_.deliver("2026-02-04", "(1,9),(4,9)");
  const auto night =
      house_.type("orchestrator run --date 2026-02-04 --config " + house_.file("pipeline.yaml"));
  EXPECT_TRUE(night.ok()) << night.text();
  EXPECT_EQ(house_.content(), four_days) << "as if it had never been necessary";
}

TEST_F(Restoring, TheNextDumpIsNotLoadedOverADayThatWasTakenOutByHand) {
  restore_by_hand(house_, "silver.history", house_.backup_of("silver.history", "day3"));
  house_.deliver("2026-02-04", "(1,9),(4,9)");
  const auto loaded = refused("staging_loader", {"--business-date", "2026-02-04"}, 21);
  EXPECT_THAT(loaded.cause(), HasSubstr("silver shows 2026-02-03"));
}

// ---- rollback ----------------------------------------------------------------------------------

TEST_F(Restoring, ALayerGoesBackToBeforeARunAndForwardAgain) {
  const auto back = green("silver_transformer",
                          {"rollback", "day3", "--reason", "wrong prices", "--run-id", "undo3"});
  EXPECT_EQ(house_.rows("SELECT day FROM silver.days ORDER BY 1"), "2026-02-01;2026-02-02");
  EXPECT_EQ(house_.value("SELECT COUNT(*) FROM silver.history"), "5");
  EXPECT_EQ(house_.marker("silver"), "4|0|2026-02-02|undo3");
  EXPECT_EQ(house_.rows("SELECT kind, reason, run_id FROM pipeline.publish_journal ORDER BY "
                        "publish_id DESC LIMIT 1"),
            "rollback|wrong prices|undo3");
  EXPECT_EQ(back.output().at("reason").as_string(), "wrong prices");
  std::vector<std::string> stays;
  for (const auto& table : back.output().at("stays").as_array()) {
    stays.push_back(table.at("table").as_string());
  }
  EXPECT_THAT(stays, AllOf(Contains("silver.counts"), Contains("silver.stg_tenants"),
                           Contains("seeds.code_status")));
  EXPECT_THAT(texts(back.output().at("missing")), ElementsAre("2026-02-03"));
  type_all(back.output().at("replay"));
  EXPECT_EQ(house_.content(), house_.three_days());
}

TEST_F(Restoring, ARollbackIsUndoneByTheCommandThatItPrints) {
  const auto back = green("gold_transformer", {"rollback", "day2"});
  EXPECT_EQ(house_.rows("SELECT day FROM gold.moves"), "2026-02-01");
  const auto undone = house_.type(back.output().at("undo").as_string());
  EXPECT_TRUE(undone.ok()) << undone.text();
  EXPECT_EQ(house_.content(), house_.three_days());
  EXPECT_EQ(house_.value("SELECT business_date FROM gold.pipeline_marker"), "2026-02-03");
}

TEST_F(Restoring, WhatCannotGoBackIsSaidBeforeAnythingIsTouched) {
  EXPECT_THAT(refused("silver_transformer", {"rollback", "day1"}, 21).cause(),
              HasSubstr("the first that published silver"));
  EXPECT_THAT(refused("silver_transformer", {"rollback", "day9"}, 10).cause(),
              HasSubstr("day3 (2026-02-03)"));
  house_.root().execute("DROP TABLE silver." + house_.backup_of("silver.history", "day2"));
  EXPECT_THAT(refused("silver_transformer", {"rollback", "day2"}, 21).cause(),
              HasSubstr("silver.history cannot go back"));
  EXPECT_THAT(refused("silver_transformer", {"restore", "gold.moves"}, 10).cause(),
              HasSubstr("no table of this layer"));
  EXPECT_THAT(refused("silver_transformer", {"restore", "history", "--at", "day9"}, 10).cause(),
              HasSubstr(house_.backup_of("silver.history", "day3")));
  EXPECT_THAT(refused("silver_transformer", {"restore", "counts"}, 21).cause(),
              HasSubstr("no verified backup"));
  house_.root().execute(
      "CREATE TRIGGER silver.history_bi BEFORE INSERT ON silver.history FOR EACH ROW SET "
      "NEW.status "
      "= 1");
  EXPECT_THAT(refused("silver_transformer", {"restore", "history"}, 21).cause(),
              HasSubstr("has the trigger history_bi"));
}

// ---- choosing ----------------------------------------------------------------------------------

TEST_F(Restoring, AMomentMeansWhatWasLiveThen) {
  // As if each day had been published at seven in its own morning in Tokyo.
  house_.root().execute(
      "UPDATE pipeline.publish_journal SET created_at = business_date - INTERVAL 2 HOUR");
  const auto shown =
      green("silver_transformer", {"restore", "days", "--at", "2026-02-02 12:00", "--dry-run"});
  EXPECT_EQ(shown.output().at("tables").as_array().at(0).at("backup").as_string(),
            house_.backup_of("silver.days", "day3"));
  EXPECT_THAT(
      refused("silver_transformer", {"restore", "days", "--at", "2100-01-01 00:00"}, 21).cause(),
      HasSubstr("is live now"));
}

TEST_F(Restoring, ADryRunShowsEverythingAndChangesNothing) {
  const std::string before = house_.content() + house_.marker("silver");
  const std::string journal = house_.value("SELECT COUNT(*) FROM pipeline.publish_journal");
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"restore", "history", "--dry-run"}, {"rollback", "day3", "--dry-run"}}) {
    const auto shown = green("silver_transformer", words);
    EXPECT_TRUE(shown.output().at("dry_run").as_bool());
    EXPECT_THAT(shown.program.out,
                AllOf(HasSubstr("2 only in live, 0 only in the backup, 2 different, 3 equal (by "
                                "tenant_id, valid_from)"),
                      HasSubstr("dry run: nothing was changed"),
                      HasSubstr("orchestrator run --date 2026-02-03")));
  }
  EXPECT_EQ(house_.content() + house_.marker("silver"), before);
  EXPECT_EQ(house_.value("SELECT COUNT(*) FROM pipeline.publish_journal"), journal);
}

TEST_F(Restoring, ABackupThatSomebodyWroteToIsTakenOnlyByItsName) {
  const std::string backup = house_.backup_of("silver.history", "day3");
  house_.root().execute("UPDATE silver." + backup + " SET status = 5 LIMIT 1");
  EXPECT_THAT(refused("silver_transformer", {"restore", "history"}, 21).cause(),
              HasSubstr("was written to since it was made"));
  green("silver_transformer", {"restore", "history", "--at", backup});
  EXPECT_EQ(house_.value("SELECT COUNT(*) FROM silver.history WHERE status = 5"), "1");
}

TEST_F(Restoring, ATableThatSomebodyDroppedComesBack) {
  house_.root().execute("DROP TABLE silver.history");
  const auto restored = green("silver_transformer", {"restore", "history", "--json"});
  EXPECT_EQ(Json::parse(restored.program.out).at("missing").dump(), R"(["2026-02-03"])");
  type_all(restored.output().at("replay"));
  EXPECT_EQ(house_.content(), house_.three_days());
}

TEST_F(Restoring, ViewsGoOnAndOneThatCannotIsNamed) {
  house_.root().execute("ALTER TABLE silver.history ADD COLUMN note INT");
  house_.root().execute("CREATE VIEW silver.notes AS SELECT note FROM silver.history");
  const auto restored = green("silver_transformer", {"restore", "history"});
  EXPECT_THAT(texts(restored.output().at("views_unreadable")), ElementsAre("silver.notes"));
  EXPECT_EQ(house_.value("SELECT COUNT(*) FROM silver.current"), "4");
}

TEST_F(Restoring, ARestoreWaitsForNoRun) {
  Connection run = house_.server().open_root();
  run.query_value("SELECT GET_LOCK('" + publish::lock_name("silver") + "', 0)");
  EXPECT_EQ(refused("silver_transformer", {"restore", "history"}, 18).error(),
            "Pipeline.AlreadyRunning");
}

// ---- backup ------------------------------------------------------------------------------------

TEST_F(Restoring, ACopyIsListedAndBringsTheDayBackThatItHolds) {
  const std::string before = house_.checksum("silver.history");
  const auto made =
      green("silver_transformer", {"backup", "history", "silver.days", "--run-id", "by-hand"});
  EXPECT_EQ(made.output().at("backups").as_array().size(), 2U);
  const auto listed = green("silver_transformer", {"backups", "history"});
  EXPECT_THAT(listed.program.out,
              AllOf(HasSubstr("TABLE"), HasSubstr("2026-02-03"), HasSubstr("copied"),
                    HasSubstr("verified"), HasSubstr("by-hand")));
  house_.root().execute("UPDATE silver.history SET valid_to = '1999-01-01'");
  const auto restored = green("silver_transformer", {"restore", "history"});
  EXPECT_EQ(house_.checksum("silver.history"), before);
  EXPECT_THAT(restored.output().at("missing").as_array(), IsEmpty());
  const auto next = green("silver_transformer", {});
  EXPECT_TRUE(next.output().at("nothing_new").as_bool()) << "the table holds the day";
}

TEST_F(Restoring, WithoutATableEveryOneThatPublishesKeepIsCopied) {
  const auto made = green("gold_transformer", {"backup", "--json"});
  EXPECT_EQ(Json::parse(made.program.out).dump(), made.output().dump());
  std::vector<std::string> tables;
  for (const auto& backup : made.output().at("backups").as_array()) {
    EXPECT_TRUE(backup.at("verified").as_bool());
    tables.push_back(backup.at("table").as_string());
  }
  EXPECT_THAT(tables, ElementsAre("gold.moves", "gold.summary"));
}

TEST_F(Restoring, ACopyHasKeysChecksAndGeneratedColumnsUnderANameThatFits) {
  const std::string name(60, 'n');
  house_.root().execute(
      "CREATE TABLE silver." + name +
      " (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(9) NULL, b INT AS (LENGTH(a)) STORED, UNIQUE "
      "KEY by_a (a), KEY by_b (b), CONSTRAINT a_is_short CHECK (LENGTH(a) < 9))");
  house_.root().execute("INSERT INTO silver." + name + " (a) VALUES ('x'), (NULL), ('yy')");
  const auto definition = [&](const std::string& table) {
    return replace_all(
        house_.root().query("SHOW CREATE TABLE silver." + table).rows.at(0).at(1).value_or(""),
        table, "T");
  };
  const std::string before = definition(name);
  const auto made = green("silver_transformer", {"backup", name});
  const Json& backup = made.output().at("backups").as_array().at(0);
  EXPECT_TRUE(backup.at("verified").as_bool());
  const std::string& kept = backup.at("backup").as_string();
  EXPECT_LE(kept.size(), 64U);
  EXPECT_EQ(definition(kept), before);
  house_.root().execute("DELETE FROM silver." + name);
  green("silver_transformer", {"restore", name});
  EXPECT_EQ(house_.rows("SELECT id, a, b FROM silver." + name + " ORDER BY id"),
            "1|x|1;2|\\N|\\N;3|yy|2");
}

// ---- by hand -----------------------------------------------------------------------------------

TEST_F(Restoring, WhatNobodyKnowsTheDayOfIsAskedForAndThenGoneOnFrom) {
  restore_by_hand(house_, "silver.history", house_.backup_of("silver.history", "day3"));
  house_.root().execute("UPDATE silver.history SET status = 8 WHERE tenant_id = 2");
  const auto asked = refused("silver_transformer", {}, 21);
  EXPECT_THAT(asked.cause(), HasSubstr("holds silver.history DATE"));
  EXPECT_THAT(refused("silver_transformer", {"holds", "history", "2026-02-02"}, 10).cause(),
              HasSubstr("--reason"));
  green("silver_transformer",
        {"holds", "silver.history", "2026-02-02", "--reason", "put back and mended by hand"});
  green("silver_transformer", {});
  EXPECT_EQ(house_.value("SELECT COUNT(*) FROM silver.history"), "8")
      << "the third day was built on it: tenant 2 is back to 7";
}

TEST_F(Restoring, LostDaysAreGoneWithoutOnlyWhenSomebodySaysSo) {
  green("silver_transformer", {"restore", "days", "--at", "day2"});
  refused("silver_transformer", {}, 21);
  green("silver_transformer",
        {"holds", "days", "2026-02-02", "--reason", "the 2nd is lost, we know"});
  green("silver_transformer", {});
  EXPECT_EQ(house_.rows("SELECT day FROM silver.days ORDER BY 1"), "2026-02-01;2026-02-03");
}

// ---- the owners' own tests ---------------------------------------------------------------------

TEST_F(Restoring, OwnersTest1ASyntaxErrorLeavesTheTablesAndTheirBackups) {
  house_.deliver("2026-02-04", "(1,9),(4,9)");
  const std::string backups = house_.rows("SELECT backup_name FROM pipeline.backup ORDER BY 1");
  house_.write_model("models/silver/days.sql",
                     "{{ config(materialized='incremental') }}\nselect null::date as day\n");
  const auto night =
      house_.type("orchestrator run --date 2026-02-04 --config " + house_.file("pipeline.yaml"));
  EXPECT_EQ(night.exit_code, 1) << night.text();
  EXPECT_EQ(house_.content(), house_.three_days());
  EXPECT_EQ(house_.rows("SELECT backup_name FROM pipeline.backup ORDER BY 1"), backups);
  green("silver_transformer", {"restore", "history", "--dry-run"});
}

TEST_F(Restoring, OwnersTest2AFailingPostHookLeavesNothingHalfDone) {
  house_.deliver("2026-02-04", "(1,9),(4,9)");
  green("staging_loader", {"--business-date", "2026-02-04"});
  const std::string before = house_.checksum("silver.history");
  house_.write_model(
      "models/silver/history.sql",
      replace_all(test::read_text_file(house_.file("project/models/silver/history.sql")),
                  "set a.valid_to = b.newest", "set a.no_such_column = b.newest"));
  const auto failed = house_.run("silver_transformer");
  EXPECT_EQ(failed.error(), "Pipeline.HookFailed") << failed.program.text();
  EXPECT_EQ(house_.checksum("silver.history"), before);
  EXPECT_EQ(house_.marker("silver").substr(0, 14), "3|3|2026-02-03");
  const std::string kept = house_.checksum("silver." + house_.backup_of("silver.history", "day3"));
  green("silver_transformer", {"restore", "history"});
  EXPECT_EQ(house_.checksum("silver.history"), kept);
}

TEST_F(Restoring, OwnersTest3ATableComesBackFromItsBackupWhole) {
  const std::string before = house_.checksum("gold.summary");
  green("gold_transformer", {"backup", "summary"});
  house_.root().execute("DELETE FROM gold.summary");
  const auto restored = green("gold_transformer", {"restore", "gold.summary"});
  EXPECT_EQ(house_.checksum("gold.summary"), before);
  EXPECT_LT(restored.output().at("rename_ms").as_int(), 1000);
}

// ---- killed at any moment ----------------------------------------------------------------------

const std::vector<std::string> points_of_a_plan{"publish_after_journal", "publish_before_rename",
                                                "publish_after_rename",  "publish_after_catalogue",
                                                "publish_after_views",   "publish_before_close"};

TEST_F(Restoring, ARestoreOrRollbackThatIsKilledIsFinishedOrClosedByTheNextStart) {
  std::vector<std::string> points = points_of_a_plan;
  points.insert(points.begin(), "restore_after_markers");
  const std::string third_day = house_.checksum("silver.history");
  const std::string second_day =
      house_.checksum("silver." + house_.backup_of("silver.history", "day3"));
  std::string last_run = "day3";
  int restored = 0;
  for (const auto& point : points) {
    for (const auto& words :
         std::vector<std::vector<std::string>>{{"restore", "history"}, {"rollback", last_run}}) {
      SCOPED_TRACE(point + " " + words.front());
      const auto killed =
          house_.run("silver_transformer", words, {{"PIPELINE_FAILPOINT", point + ":kill"}});
      ASSERT_EQ(killed.program.signal, SIGKILL) << killed.program.text();
      const std::string seen = house_.checksum("silver.history");
      EXPECT_THAT(seen, AnyOf(third_day, second_day));
      EXPECT_EQ(seen == second_day, house_.value("SELECT upstream_generation FROM "
                                                 "silver.pipeline_marker") == "0")
          << "the marker tells which it is";
      if (seen == second_day) ++restored;
      last_run = fmt::format("again_{}_{}", point, words.front());
      const auto next = house_.run("silver_transformer", {"--run-id", last_run});
      EXPECT_TRUE(next.program.ok()) << next.program.text();
      EXPECT_EQ(house_.content(), house_.three_days());
      EXPECT_EQ(house_.value("SELECT COUNT(*) FROM pipeline.publish_journal WHERE state NOT IN "
                             "('done', 'abandoned')"),
                "0");
      if (next.output().at("nothing_new").as_bool()) {
        last_run = house_.value("SELECT run_id FROM silver.pipeline_marker");
      }
    }
  }
  EXPECT_EQ(restored, 8) << "four points lie behind the RENAME";
}

TEST_F(Restoring, ABackupThatIsKilledIsThereAndCataloguedOrNeither) {
  std::vector<std::string> points = points_of_a_plan;
  points.insert(points.begin(), "backup_after_copy");
  const std::string tables =
      "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'silver' AND TABLE_NAME "
      "LIKE 'history\\_backup\\_%'";
  for (const auto& point : points) {
    SCOPED_TRACE(point);
    const auto killed = house_.run("silver_transformer", {"backup", "history"},
                                   {{"PIPELINE_FAILPOINT", point + ":kill"}});
    ASSERT_EQ(killed.program.signal, SIGKILL) << killed.program.text();
    green("silver_transformer", {"backup", "days"});
    EXPECT_EQ(house_.value(tables),
              house_.value("SELECT COUNT(*) FROM pipeline.backup WHERE table_name = 'history' AND "
                           "rows_before = rows_after AND checksum = checksum_before"));
  }
  EXPECT_EQ(house_.value(tables), "6") << "two were there, four were made";
  green("silver_transformer", {"--force"});
  EXPECT_EQ(house_.value("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
                         "'silver__next'"),
            "0")
      << "copies that were not finished are swept";
  EXPECT_EQ(house_.content(), house_.three_days());
}

// ---- readers -----------------------------------------------------------------------------------

TEST_F(Restoring, ReadersSeeTheLayerBeforeOrAfterAndNothingElse) {
  test::PollingReader reader(
      house_.server().root_options(),
      {"SELECT (SELECT generation FROM silver.pipeline_marker), (SELECT COUNT(*) FROM "
       "silver.history), (SELECT COUNT(*) FROM silver.current), (SELECT COUNT(*) FROM "
       "silver.days)"});
  std::vector<std::string> expected{"3|7|4|3\n"};
  std::string last_run = "day3";
  for (int turn = 0; turn < 4; ++turn) {
    reader.wait_for_turns(20);
    const std::string id = fmt::format("turn{}", turn);
    green("silver_transformer", {"rollback", last_run, "--run-id", id});
    expected.push_back(fmt::format("{}|{}\n", 4 + turn, turn % 2 == 0 ? "5|4|2" : "7|4|3"));
    last_run = id;
  }
  reader.wait_for_turns(20);
  reader.stop();
  EXPECT_THAT(reader.errors(), IsEmpty());
  EXPECT_EQ(reader.observations(), expected);
}

}  // namespace
}  // namespace pipeline
