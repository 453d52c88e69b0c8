// A drill restores the newest backups where nobody looks, says which of them would not come back,
// and touches nothing that anybody reads.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/integration/restore_house.h"

namespace pipeline {
namespace {

using test::RestoreHouse;
using testing::AllOf;
using testing::HasSubstr;

const std::string vault_sql = PIPELINE_SOURCE_DIR "/deploy/sql/vault.sql";
constexpr const char* protect =
    "protect:\n  history:\n    - {table: silver.history, key: [tenant_id, valid_from], "
    "closed_when: valid_to IS NOT NULL}\n";

/// One a program.
RestoreHouse& the_house() {
  static RestoreHouse instance;
  return instance;
}

/// Each test begins with three days behind it.
class DrillTest : public testing::Test {
 protected:
  DrillTest() : house_(the_house()) {
    house_.reset();
    sql("TRUNCATE TABLE pipeline.restore_drill");
    sql("CREATE OR REPLACE DATABASE scratch__next COLLATE utf8mb4_unicode_ci");
  }

  void sql(const std::string& statement) { house_.root().execute(statement); }

  void expect_green(const RestoreHouse::Outcome& outcome) {
    EXPECT_TRUE(outcome.program.ok()) << outcome.program.text() << outcome.program.out;
  }

  RestoreHouse::Outcome drill(std::vector<std::string> more = {},
                              std::map<std::string, std::string> env = {}) {
    more.insert(more.begin(), "drill");
    return house_.run("silver_transformer", std::move(more), std::move(env));
  }

  /// "silver.history backup proven;..." in the order of the drills.
  static std::string outcomes(const RestoreHouse::Outcome& outcome) {
    std::vector<std::string> lines;
    for (const auto& one : outcome.output().at("drills").as_array()) {
      lines.push_back(one.at("table").as_string() + " " + one.at("source").as_string() + " " +
                      one.at("outcome").as_string());
    }
    return join(lines, ";");
  }

  std::string newest_backup(const std::string& table) {
    return house_.value("SELECT backup_name FROM pipeline.backup WHERE table_name = '" + table +
                        "' ORDER BY publish_id DESC LIMIT 1");
  }

  /// What readers of the layers and of the backups see.
  std::string everything() {
    std::string text = house_.content();
    for (const auto& row : house_.root()
                               .query("SELECT TABLE_SCHEMA, TABLE_NAME FROM "
                                      "information_schema.TABLES WHERE TABLE_NAME LIKE "
                                      "'%\\_backup\\_%' ORDER BY 1, 2")
                               .rows) {
      text += *row[1] + " " + house_.checksum(*row[0] + "." + *row[1]) + "\n";
    }
    return text + house_.marker("silver") + house_.marker("gold");
  }

  std::string in_scratch() {
    return house_.value(
        "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
        "'scratch__next'");
  }

  /// The drill fails with these words, proves the others, and leaves everything as it is.
  RestoreHouse::Outcome expect_found(const std::string& words) {
    const std::string before = everything();
    auto outcome = drill();
    EXPECT_EQ(outcome.program.exit_code, 21) << outcome.program.text();
    EXPECT_EQ(outcome.error(), "Pipeline.GuardRefused");
    EXPECT_THAT(outcome.cause(), HasSubstr(words));
    EXPECT_EQ(everything(), before);
    EXPECT_EQ(in_scratch(), "0");
    return outcome;
  }

  /// pipeline.yaml with a vault, and its tables filled.
  void open_vault() {
    sql("CREATE OR REPLACE DATABASE vault COLLATE utf8mb4_unicode_ci");
    house_.server().run_sql_file(vault_sql, {});
    house_.write_config(std::string("vault:\n  schema: vault\n") + protect);
    expect_green(house_.run("silver_transformer", {"vault", "init"}));
  }

  RestoreHouse& house_;
};

TEST_F(DrillTest, ProvesTheNewestBackupOfEachTableAndSaysSo) {
  const std::string before = everything();
  const auto outcome = drill();
  expect_green(outcome);
  EXPECT_EQ(outcomes(outcome), "silver.days backup proven;silver.history backup proven");
  expect_green(house_.run("gold_transformer", {"drill"}));
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(in_scratch(), "0");
  EXPECT_EQ(house_.value("SELECT restored_from FROM pipeline.restore_drill WHERE table_name = "
                         "'history' AND outcome = 'proven'"),
            newest_backup("history"));
  EXPECT_EQ(house_.value("SELECT row_count FROM pipeline.restore_drill WHERE table_name = "
                         "'history'"),
            house_.value("SELECT COUNT(*) FROM silver." + newest_backup("history")));

  EXPECT_THAT(house_.run("silver_transformer", {"backups"}).program.out,
              HasSubstr("silver.history: a restore from " + newest_backup("history") +
                        " (backup) was proven 0 min ago"));
  const auto listed = house_.run("silver_transformer", {"backups", "history", "--json"});
  const Json backups = Json::parse(listed.program.out);
  EXPECT_FALSE(backups.as_array().at(0).at("proven_at").is_null());
  EXPECT_TRUE(backups.as_array().at(1).at("proven_at").is_null());
  const auto check = house_.run("silver_transformer", {"check", "--json"});
  const Json answer = Json::parse(check.program.out);
  EXPECT_EQ(answer.at("restore_drills").as_array().size(), 2U);
  EXPECT_EQ(answer.at("restore_drills").as_array().at(0).at("outcome").as_string(), "proven");
  // One row a table, source and outcome, however often it is done.
  expect_green(drill({"history"}));
  EXPECT_EQ(house_.value("SELECT COUNT(*) FROM pipeline.restore_drill WHERE schema_name = "
                         "'silver'"),
            "2");
}

TEST_F(DrillTest, WithoutItsSchemaBlamesNoBackup) {
  house_.root().execute("DROP DATABASE scratch__next");
  const auto outcome = drill();
  EXPECT_EQ(outcome.program.exit_code, 22) << outcome.program.text();
  EXPECT_THAT(outcome.cause(), HasSubstr("no schema scratch__next"));
  EXPECT_EQ(house_.value("SELECT COUNT(*) FROM pipeline.restore_drill WHERE outcome <> 'proven'"),
            "0");
  house_.root().execute("CREATE DATABASE scratch__next COLLATE utf8mb4_unicode_ci");
}

TEST_F(DrillTest, NamesABackupThatWouldNotComeBack) {
  expect_green(drill());
  const std::string proven_at =
      house_.value("SELECT drilled_at FROM pipeline.restore_drill WHERE table_name = 'history'");
  const std::string backup = newest_backup("history");

  sql("UPDATE silver." + backup + " SET status = status + 100 LIMIT 1");
  const auto changed = expect_found("backup " + backup +
                                    " (silver.history): its rows have the "
                                    "checksum");
  EXPECT_EQ(outcomes(changed), "silver.days backup proven;silver.history backup failed");
  EXPECT_THAT(house_.run("silver_transformer", {"backups"}).program.out,
              AllOf(HasSubstr("was proven"), HasSubstr("FAILED")));
  // When it last was in order stays known.
  EXPECT_EQ(house_.value("SELECT drilled_at FROM pipeline.restore_drill WHERE table_name = "
                         "'history' AND outcome = 'proven'"),
            proven_at);

  sql("DELETE FROM silver." + backup + " LIMIT 1");
  expect_found("rows came back, ");
  sql("CREATE TRIGGER silver.watch BEFORE INSERT ON silver." + backup + " FOR EACH ROW SET @x = 1");
  expect_found("a restore would be refused: silver." + backup + " has the trigger watch");
  sql("UPDATE pipeline.backup SET rows_after = rows_before + 1 WHERE table_name = 'history'");
  expect_found("none of its backups is verified");
}

TEST_F(DrillTest, AsksNothingOfLiveThatARerunBuiltOnTheVersionBefore) {
  // The day is built again without a row of its first build, whose table is the newest backup.
  house_.write_model("models/silver/stg_tenants.sql",
                     "select t.id as tenant_id, t.status, s.label from {{ source('staging', "
                     "'tenants') }} t left join {{ ref('code_status') }} s on s.code = t.status "
                     "where t.id <> 4\n");
  expect_green(house_.run("silver_transformer", {"--force"}));
  expect_green(drill());
}

TEST_F(DrillTest, SeesThatLiveLostWhatItsPredecessorHad) {
  house_.write_config(protect);
  expect_green(drill());
  sql("DELETE FROM silver.history WHERE valid_from = '2026-02-01' LIMIT 1");
  expect_found("live was built on it, and ");
}

TEST_F(DrillTest, AsksLiveForItsPredecessorsRowsUnlessTheGuardsWereOverridden) {
  house_.write_config(protect);
  house_.write_model("tests/red.sql", "select 1 from {{ ref('history') }} limit 1\n");
  house_.deliver("2026-02-04", "(1,9),(2,1),(4,7)");
  expect_green(house_.run("staging_loader"));
  EXPECT_EQ(house_.run("silver_transformer").error(), "Pipeline.DataTestFailed");
  expect_green(house_.run("silver_transformer", {"publish", "--despite-tests", "known gap"}));
  expect_green(drill());
  sql("DELETE FROM silver.history WHERE valid_from = '2026-02-01' LIMIT 1");
  expect_found("live was built on it, and ");

  house_.write_model("tests/red.sql", "select 1 from {{ ref('history') }} where 1 = 0\n");
  expect_green(house_.run("gold_transformer"));
  house_.deliver("2026-02-05", "(1,1),(2,1),(4,7)");
  expect_green(house_.run("staging_loader"));
  expect_green(house_.run("silver_transformer", {"--override-guards", "known loss"}));
  sql("DELETE FROM silver.history WHERE valid_from = '2026-02-01' LIMIT 1");
  expect_green(drill());
}

TEST_F(DrillTest, ComparesACopyWithTheLiveTableThatItIsACopyOf) {
  expect_green(house_.run("silver_transformer", {"backup", "history"}));
  const auto outcome = drill({"history"});
  expect_green(outcome);
  EXPECT_EQ(outcome.output().at("drills").as_array().at(0).at("from").as_string(),
            newest_backup("history"));
  sql("UPDATE silver.history SET status = 42 LIMIT 1");
  expect_found("live holds the same version by the records, but other rows");
}

TEST_F(DrillTest, RebuildsTheVaultsNewestBatch) {
  open_vault();
  const std::string before = everything();
  const auto outcome = drill();
  expect_green(outcome);
  EXPECT_THAT(outcomes(outcome), HasSubstr("silver.history vault proven"));
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(in_scratch(), "0");

  sql("INSERT INTO silver.history VALUES (99, 1, '2026-02-03', NULL, 1)");
  expect_found(
      "the vault and live show the same generation, but 0 rows are only in the vault, 1 "
      "only in live");
  sql("DELETE FROM silver.history WHERE tenant_id = 99");
  sql("UPDATE vault.silver__history SET status = status + 1 LIMIT 1");
  const auto tampered = expect_found(
      "vault batch 1 (silver.history): the rows of batch 1 of "
      "silver.history in the vault are not those that were written");
  EXPECT_THAT(outcomes(tampered), HasSubstr("silver.history backup proven"));
}

TEST_F(DrillTest, KilledAnywhereLeavesScratchTablesThatTheNextRemoves) {
  open_vault();
  const std::string before = everything();
  for (const std::string point :
       {"drill_after_copy", "drill_after_rebuild", "drill_after_note", "vault_before_rebuild"}) {
    SCOPED_TRACE(point);
    const auto killed = drill({}, {{"PIPELINE_FAILPOINT", point + ":kill"}});
    EXPECT_EQ(killed.program.signal, SIGKILL) << killed.program.text();
    EXPECT_EQ(everything(), before);
    if (point != "drill_after_note") {
      EXPECT_NE(in_scratch(), "0");
    }
    expect_green(drill());
    EXPECT_EQ(in_scratch(), "0");
  }
  EXPECT_EQ(everything(), before);
}

TEST_F(DrillTest, LeavesWhatOthersPutIntoTheScratchSchema) {
  sql("CREATE TABLE scratch__next.mine (id INT)");
  sql("CREATE TABLE scratch__next.gold__moves__drill (id INT)");
  expect_green(drill());
  EXPECT_EQ(in_scratch(), "2");
  expect_green(house_.run("gold_transformer", {"drill"}));
  EXPECT_EQ(in_scratch(), "1");
}

TEST_F(DrillTest, SaysWhatIsMissingBeforeItBegins) {
  sql("RENAME TABLE pipeline.restore_drill TO pipeline.aside");
  const auto no_records = drill();
  sql("RENAME TABLE pipeline.aside TO pipeline.restore_drill");
  EXPECT_EQ(no_records.error(), "Pipeline.WrongDatabase") << no_records.program.text();
  EXPECT_THAT(no_records.cause(),
              HasSubstr("pipeline.restore_drill; apply deploy/sql/pipeline.sql"));
  sql("REVOKE ALL ON `scratch\\_\\_next`.* FROM 'etl_build'@'localhost', 'etl_build'@'%'");
  const auto no_right = drill();
  sql("GRANT ALL ON `scratch\\_\\_next`.* TO 'etl_build'@'localhost', 'etl_build'@'%'");
  EXPECT_EQ(no_right.error(), "Pipeline.AccessDenied") << no_right.program.text();
  EXPECT_THAT(no_right.cause(), HasSubstr("etl_build lacks"));
  // Records from before there were drills.
  sql("RENAME TABLE pipeline.restore_drill TO pipeline.aside");
  expect_green(house_.run("silver_transformer", {"backups"}));
  expect_green(house_.run("silver_transformer", {"check"}));
  sql("RENAME TABLE pipeline.aside TO pipeline.restore_drill");
}

TEST_F(DrillTest, DoesNotRunBesideARun) {
  Connection other = Connection::open(house_.server().account_options("etl_publish"));
  other.query_value("SELECT 1");
  const std::string lock =
      house_.value("SELECT CONCAT('pipeline:', LEFT(SHA2('silver', 256), 32))");
  other.query_value("SELECT GET_LOCK('" + lock + "', 0)");
  const auto outcome = drill();
  EXPECT_EQ(outcome.error(), "Pipeline.AlreadyRunning") << outcome.program.text();
}

}  // namespace
}  // namespace pipeline
