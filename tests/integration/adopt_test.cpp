// What dbt and the owners' scripts left becomes the pipeline's: nothing of it is touched, the runs
// behind it give what they give on a warehouse that the pipeline built, and whatever would go wrong
// in the first night is refused by name.
#include <filesystem>
#include <functional>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "tests/integration/restore_house.h"

namespace pipeline {
namespace {

using test::RestoreHouse;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace fs = std::filesystem;

const std::string vault_sql = PIPELINE_SOURCE_DIR "/deploy/sql/vault.sql";

/// One a program.
RestoreHouse& the_house() {
  static RestoreHouse instance;
  return instance;
}

/// Each test begins with the warehouse of 2026-02-01 as dbt leaves it: tables and views, no marker,
/// no record, nothing in the shadows; the dump of that day is archived, those of the next two wait.
class AdoptTest : public testing::Test {
 protected:
  AdoptTest() : house_(the_house()) {
    fs::remove_all(house_.file("project/tests"));
    house_.write_config();
    if (!fs::exists(house_.file("left.sql"))) make_what_dbt_left();
    start_over();
  }

  void make_what_dbt_left() {
    house_.reset();
    empty_all();
    for (const auto& file : fs::directory_iterator(house_.file("store/processed"))) {
      fs::rename(file.path(), house_.file("store/dumps/" + file.path().filename().string()));
    }
    for (const char* stage : {"staging_loader", "silver_transformer", "gold_transformer"}) {
      expect_green(house_.run(stage, {"--business-date", "2026-02-01"}));
    }
    forget();
    fs::copy(house_.file("store"), house_.file("store_left"), fs::copy_options::recursive);
    const auto dumped = test::run_program(
        {.argv = {"/bin/bash", "-c",
                  fmt::format("mariadb-dump --no-defaults --socket={} --user=root --databases "
                              "staging seeds silver gold >{}",
                              house_.server().socket(), house_.file("left.sql"))}});
    EXPECT_TRUE(dumped.ok()) << dumped.text();
  }

  /// Everything as dbt left it.
  void start_over() {
    empty_all();
    house_.server().run_sql_file(house_.file("left.sql"), {});
    fs::remove_all(house_.file("store"));
    fs::copy(house_.file("store_left"), house_.file("store"), fs::copy_options::recursive);
  }

  void empty_all() {
    sql("SET SESSION foreign_key_checks = 0");
    for (const std::string schema : {"staging", "seeds", "silver", "gold"}) {
      sql("CREATE OR REPLACE DATABASE " + schema + " COLLATE utf8mb4_unicode_ci");
      sql("CREATE OR REPLACE DATABASE " + schema + "__next COLLATE utf8mb4_unicode_ci");
    }
    forget_records();
  }

  void forget_records() {
    for (const char* table :
         {"session", "publish_journal", "published_table", "backup", "loaded_dump"}) {
      sql(std::string("TRUNCATE TABLE pipeline.") + table);
    }
  }

  /// As if the pipeline had never been here.
  void forget() {
    for (const std::string schema : {"staging", "seeds", "silver", "gold"}) {
      sql("DROP TABLE IF EXISTS " + schema + ".pipeline_marker");
      sql("CREATE OR REPLACE DATABASE " + schema + "__next COLLATE utf8mb4_unicode_ci");
    }
    forget_records();
  }

  void sql(const std::string& statement) { house_.root().execute(statement); }

  void expect_green(const RestoreHouse::Outcome& outcome) {
    EXPECT_TRUE(outcome.program.ok()) << outcome.program.text() << outcome.program.out;
  }

  RestoreHouse::Outcome adopt(const std::string& program, std::vector<std::string> more = {}) {
    more.insert(more.begin(), "adopt");
    return house_.run(program, std::move(more));
  }

  void adopt_all() {
    for (const char* program : {"staging_loader", "silver_transformer", "gold_transformer"}) {
      expect_green(adopt(program, {"--business-date", "2026-02-01"}));
    }
  }

  void run_two_days() {
    for (const char* date : {"2026-02-02", "2026-02-03"}) {
      for (const char* stage : {"staging_loader", "silver_transformer", "gold_transformer"}) {
        expect_green(house_.run(stage, {"--business-date", date}));
      }
    }
  }

  /// Leftovers of dbt, backups by hand and by the system before, tables of other programs.
  void leave_things() {
    for (const char* statement : {
             "CREATE TABLE silver.history__dbt_backup AS SELECT * FROM silver.history LIMIT 1",
             "CREATE TABLE silver.counts__dbt_tmp AS SELECT * FROM silver.counts LIMIT 1",
             "CREATE TABLE silver.history_backup_20260131_070000 AS SELECT * FROM silver.history",
             "ALTER TABLE silver.history_backup_20260131_070000 ADD COLUMN backup_created_at "
             "TIMESTAMP DEFAULT '2026-01-31 07:00:00'",
             "CREATE TABLE gold.summary_backup_20260130 AS SELECT * FROM gold.summary",
             "CREATE TABLE silver.notes (id INT) ENGINE=MyISAM",
             "INSERT INTO silver.notes VALUES (1), (2)",
             "CREATE TABLE staging.llm_enrichment_cache (tenant_id INT, llm_nationality TEXT)",
             "INSERT INTO staging.llm_enrichment_cache VALUES (1, '日本')",
             "CREATE TABLE staging.property_geo_latlon_backup (asset_id_hj TEXT, latitude DOUBLE)",
             "INSERT INTO staging.property_geo_latlon_backup VALUES ('T1', 35.6)",
             "CREATE TABLE staging.tenants_backup_20260131 AS SELECT * FROM staging.tenants",
         }) {
      sql(statement);
    }
  }

  /// Names and bytes of everything in the schemas that people read.
  std::string everything() {
    std::string text;
    const auto names = house_.root().query(
        "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, CREATE_TIME FROM information_schema.TABLES "
        "WHERE TABLE_SCHEMA IN ('staging', 'seeds', 'silver', 'gold') AND TABLE_NAME <> "
        "'pipeline_marker' ORDER BY 1, 2");
    for (const auto& row : names.rows) {
      const std::string name = *row[0] + "." + *row[1];
      text += name + " " + row[3].value_or("") + " " +
              (row[2] == "VIEW" ? house_.rows("SHOW CREATE VIEW " + name) : house_.checksum(name)) +
              "\n";
    }
    return text;
  }

  std::string records() {
    return house_.value(
        "SELECT (SELECT COUNT(*) FROM pipeline.publish_journal) + (SELECT COUNT(*) FROM "
        "pipeline.published_table) + (SELECT COUNT(*) FROM pipeline.loaded_dump) + (SELECT "
        "COUNT(*) FROM information_schema.TABLES WHERE TABLE_NAME = 'pipeline_marker')");
  }

  /// The adoption is refused with these words, and nothing is there that was not there before.
  RestoreHouse::Outcome expect_refused(const std::string& program, const std::string& words,
                                       std::vector<std::string> arguments = {"--business-date",
                                                                             "2026-02-01"}) {
    const std::string before = everything();
    const std::string records_before = records();
    auto outcome = adopt(program, std::move(arguments));
    EXPECT_EQ(outcome.error(), "Pipeline.GuardRefused") << outcome.program.text();
    EXPECT_THAT(outcome.cause(), AllOf(HasSubstr("nothing was changed"), HasSubstr(words)));
    EXPECT_EQ(everything(), before);
    EXPECT_EQ(records(), records_before);
    return outcome;
  }

  RestoreHouse& house_;
};

TEST_F(AdoptTest, TouchesNothingAndSaysWhatBecomesOfEachTable) {
  leave_things();
  const std::string before = everything();
  const auto staging = adopt("staging_loader", {"--business-date", "2026-02-01"});
  expect_green(staging);
  EXPECT_THAT(
      staging.program.out,
      AllOf(HasSubstr("staging.llm_enrichment_cache        no dump brings it"),
            HasSubstr("staging.property_geo_latlon_backup  no dump brings it"),
            HasSubstr("a backup of tenants, not the pipeline's"), HasSubstr("a table of the dump"),
            HasSubstr("staging is adopted as of 2026-02-01, generation 0")));
  // The day is that of the layer below where a key's newest date says so too.
  const auto silver = adopt("silver_transformer");
  expect_green(silver);
  EXPECT_THAT(
      silver.program.out,
      AllOf(HasSubstr("silver.history: newest valid_from is 2026-02-01"),
            HasSubstr("dbt's backup of history"), HasSubstr("dbt's new counts, not finished"),
            HasSubstr("a backup of history, not the pipeline's"), HasSubstr("no model makes it"),
            HasSubstr("the next run builds on it"), HasSubstr("each run makes it anew"),
            HasSubstr("keeps this one as a backup"),
            HasSubstr("silver is adopted as of 2026-02-01; the next run builds on it")));
  // Nothing of gold says which day it is.
  const auto unknown = adopt("gold_transformer");
  EXPECT_EQ(unknown.error(), "Pipeline.ConfigInvalid") << unknown.program.text();
  EXPECT_THAT(unknown.cause(), HasSubstr("say it with --business-date"));
  expect_green(adopt("gold_transformer", {"--business-date", "2026-02-01"}));

  EXPECT_EQ(everything(), before);
  EXPECT_EQ(house_.rows("SELECT generation, upstream_generation, business_date, source_object FROM "
                        "staging.pipeline_marker"),
            "0|0|2026-02-01|processed/gghouse_20260201.sql");
  EXPECT_EQ(house_.marker("silver").substr(0, 15), "0|0|2026-02-01|");
  EXPECT_EQ(house_.marker("seeds").substr(0, 15), "0|0|2026-02-01|");
  EXPECT_EQ(house_.marker("gold").substr(0, 15), "0|0|2026-02-01|");
  EXPECT_EQ(house_.value("SELECT owned_tables FROM pipeline.loaded_dump"),
            R"([{"table":"tenants","rows":3}])");
  // The backups of others stay theirs.
  EXPECT_EQ(house_.value("SELECT COUNT(*) FROM pipeline.backup"), "0");
  EXPECT_THAT(house_.run("silver_transformer", {"backups"}).program.out, HasSubstr("no backups"));

  for (const char* program : {"staging_loader", "silver_transformer", "gold_transformer"}) {
    const auto again = adopt(program, {"--business-date", "2026-02-01"});
    expect_green(again);
    EXPECT_THAT(again.program.out, HasSubstr("already adopted, as of 2026-02-01"));
  }
  EXPECT_EQ(everything(), before);
}

TEST_F(AdoptTest, TwoDaysOnItGiveTheRowsOfAWarehouseThatThePipelineBuilt) {
  leave_things();
  adopt_all();
  // For the adopted day there is nothing to do.
  const auto same_day = house_.run("silver_transformer");
  expect_green(same_day);
  EXPECT_TRUE(same_day.output().at("nothing_new").as_bool());
  run_two_days();
  const std::string now = house_.content();
  for (const auto& line : split(house_.three_days(), '\n')) EXPECT_THAT(now, HasSubstr(line));
  for (const auto& line : split(now, '\n')) {
    const bool left =
        line.find("__dbt_") != std::string::npos || line.find("`notes`") != std::string::npos;
    if (!left) {
      EXPECT_THAT(house_.three_days(), HasSubstr(line));
    }
  }
  EXPECT_EQ(house_.rows("SELECT * FROM staging.llm_enrichment_cache"), "1|日本");
  EXPECT_EQ(house_.rows("SELECT * FROM staging.property_geo_latlon_backup"), "T1|35.6");
  EXPECT_EQ(house_.value("SELECT COUNT(*) FROM silver.history_backup_20260131_070000"), "3");
  EXPECT_EQ(house_.value("SELECT COUNT(*) FROM staging.tenants_backup_20260131"), "3");
}

TEST_F(AdoptTest, YearsOfHistoryStayByteForByte) {
  sql("INSERT INTO silver.history SELECT 100000 + n.seq, n.seq % 17, DATE_ADD('2018-01-01', "
      "INTERVAL n.seq DAY), DATE_ADD('2018-02-01', INTERVAL n.seq DAY), 0 FROM "
      "silver.seq_1_to_2500 n");
  sql("INSERT INTO silver.days SELECT DATE_ADD('2018-01-01', INTERVAL n.seq DAY), n.seq, "
      "DATE_ADD('2018-01-01 07:00:00', INTERVAL n.seq DAY) FROM silver.seq_1_to_2500 n");
  const auto old_rows = [&] {
    sql("CREATE OR REPLACE TABLE scratch__next.h AS SELECT * FROM silver.history WHERE valid_from "
        "< '2026-01-01' ORDER BY tenant_id");
    sql("CREATE OR REPLACE TABLE scratch__next.d AS SELECT * FROM silver.days WHERE day < "
        "'2026-01-01' ORDER BY day");
    return house_.value("SELECT COUNT(*) FROM scratch__next.h") + " " +
           house_.checksum("scratch__next.h") + " " + house_.checksum("scratch__next.d") + " " +
           house_.value(
               "SELECT SHA2(GROUP_CONCAT(HEX(CONCAT_WS('|', tenant_id, status, "
               "valid_from, valid_to, is_current)) ORDER BY tenant_id), 256) FROM "
               "scratch__next.h");
  };
  sql("SET SESSION group_concat_max_len = 100000000");
  const std::string before = old_rows();
  EXPECT_THAT(before, testing::StartsWith("2500 "));
  adopt_all();
  run_two_days();
  EXPECT_EQ(old_rows(), before);
  const std::string new_rows =
      house_.rows("SELECT * FROM silver.history WHERE valid_from > '2026-01-01' ORDER BY 1, 3");
  const std::string new_days =
      house_.rows("SELECT * FROM silver.days WHERE day > '2026-01-01' ORDER BY 1");
  house_.reset();
  EXPECT_EQ(new_rows, house_.rows("SELECT * FROM silver.history ORDER BY 1, 3"));
  EXPECT_EQ(new_days, house_.rows("SELECT * FROM silver.days ORDER BY 1"));
}

TEST_F(AdoptTest, WhatTheFirstRunReplacesIsKeptAndComesBack) {
  adopt_all();
  const std::string adopted = house_.checksum("silver.history");
  run_two_days();
  // A table of unknown making is never dropped, a table that the run made itself is.
  EXPECT_EQ(house_.value("SELECT COUNT(*) FROM pipeline.backup WHERE table_name = 'counts'"), "1");
  const std::string first = house_.value(
      "SELECT run_id FROM pipeline.publish_journal WHERE schema_name = 'silver' AND generation = "
      "1");
  expect_green(house_.run("gold_transformer",
                          {"rollback", house_.value("SELECT run_id FROM "
                                                    "pipeline.publish_journal WHERE "
                                                    "schema_name = 'gold' AND generation "
                                                    "= 1")}));
  expect_green(house_.run("silver_transformer", {"rollback", first}));
  EXPECT_EQ(house_.checksum("silver.history"), adopted);
  expect_green(
      house_.run("staging_loader", {"--business-date", "2026-02-02", "--rewind", "replay"}));
  for (const char* date : {"2026-02-02", "2026-02-03"}) {
    for (const char* stage : {"staging_loader", "silver_transformer", "gold_transformer"}) {
      expect_green(house_.run(stage, {"--business-date", date}));
    }
  }
  EXPECT_EQ(house_.content(), house_.three_days());
}

TEST_F(AdoptTest, TheAdoptedDayIsNeverAppliedTwice) {
  adopt_all();
  const std::string before = house_.content();
  const auto forced = house_.run("silver_transformer", {"--force"});
  EXPECT_EQ(forced.error(), "Pipeline.GuardRefused") << forced.program.text();
  EXPECT_THAT(forced.cause(), HasSubstr("holds 2026-02-01 already"));
  EXPECT_EQ(house_.content(), before);
  // Nor is it quietly declared to be an earlier one.
  const auto declared =
      house_.run("silver_transformer", {"holds", "history", "2026-01-31", "--reason", "no"});
  EXPECT_EQ(declared.error(), "Pipeline.GuardRefused") << declared.program.text();
  EXPECT_THAT(adopt("silver_transformer", {"--business-date", "2026-01-31"}).cause(),
              HasSubstr("silver was adopted as of 2026-02-01, not 2026-01-31"));
}

TEST_F(AdoptTest, ADryRunChangesNothing) {
  leave_things();
  const std::string before = everything();
  const auto staging = adopt("staging_loader", {"--business-date", "2026-02-01", "--dry-run"});
  expect_green(staging);
  EXPECT_THAT(staging.program.out, HasSubstr("dry run: nothing was changed"));
  EXPECT_EQ(records(), "0");
  expect_green(adopt("staging_loader", {"--business-date", "2026-02-01"}));
  const std::string records_before = records();
  const auto silver = adopt("silver_transformer", {"--dry-run", "--json"});
  expect_green(silver);
  EXPECT_EQ(Json::parse(silver.program.out).at("business_date").as_string(), "2026-02-01");
  EXPECT_EQ(records(), records_before);
  EXPECT_EQ(everything(), before);
}

TEST_F(AdoptTest, KilledAnywhereItIsFinishedByTheNext) {
  const std::string before = everything();
  struct Kill {
    const char* program;
    std::vector<const char*> points;
  };
  const Kill kills[] = {{"staging_loader",
                         {"adopt_after_ledger", "restore_after_markers", "publish_after_journal",
                          "publish_after_catalogue", "publish_before_close", "adopt_after_marker"}},
                        {"silver_transformer",
                         {"restore_after_markers", "publish_after_journal",
                          "publish_after_catalogue", "publish_before_close", "adopt_after_marker"}},
                        {"gold_transformer", {"publish_after_journal", "publish_before_close"}}};
  for (const auto& [program, points] : kills) {
    const std::string schema = split(program, '_').front() == "staging"     ? "staging"
                               : std::string(program) == "gold_transformer" ? "gold"
                                                                            : "silver";
    for (std::size_t i = 0; i < points.size(); ++i) {
      SCOPED_TRACE(std::string(program) + " " + points[i]);
      const auto killed = house_.run(program, {"adopt", "--business-date", "2026-02-01"},
                                     {{"PIPELINE_FAILPOINT", std::string(points[i]) + ":kill"}});
      EXPECT_EQ(killed.program.signal, SIGKILL) << killed.program.text();
      EXPECT_EQ(everything(), before);
      expect_green(adopt(program, {"--business-date", "2026-02-01"}));
      EXPECT_EQ(house_.value("SELECT COUNT(*) FROM pipeline.publish_journal WHERE schema_name = '" +
                             schema + "' AND state = 'done'"),
                "1");
      if (i + 1 == points.size()) break;
      // Once more from the start.
      sql("DROP TABLE " + schema + ".pipeline_marker");
      if (schema == "silver") sql("DROP TABLE seeds.pipeline_marker");
      sql("DELETE FROM pipeline.publish_journal WHERE schema_name = '" + schema + "'");
      if (schema == "staging") sql("DELETE FROM pipeline.loaded_dump");
    }
  }
  run_two_days();
  EXPECT_EQ(house_.content(), house_.three_days());
}

struct Obstacle {
  const char* name;
  const char* program;
  std::vector<const char*> made_by;
  const char* words;
  const char* statement;  // that is offered; empty: none
};

TEST_F(AdoptTest, RefusesByNameWhatCannotTakePart) {
  const Obstacle obstacles[] = {
      {"trigger on staging",
       "staging_loader",
       {"CREATE TRIGGER staging.t BEFORE INSERT ON staging.tenants FOR EACH ROW SET NEW.id = 1"},
       "staging.tenants has the trigger t",
       "DROP TRIGGER `staging`.`t`"},
      {"foreign key on staging",
       "staging_loader",
       {"CREATE TABLE staging.owners (id INT PRIMARY KEY)",
        "INSERT INTO staging.owners VALUES (1), (7), (9)",
        "ALTER TABLE staging.tenants ADD CONSTRAINT f FOREIGN KEY (status) REFERENCES "
        "staging.owners (id)"},
       "staging.tenants has the foreign key f",
       "ALTER TABLE `staging`.`tenants` DROP FOREIGN KEY `f`"},
      {"a view in place of a dump's table",
       "staging_loader",
       {"DROP TABLE staging.tenants", "CREATE VIEW staging.tenants AS SELECT 1 AS id, 2 AS status"},
       "staging.tenants is a view, and dumps bring a table of that name",
       ""},
      {"trigger on history",
       "silver_transformer",
       {"CREATE TRIGGER silver.t BEFORE DELETE ON silver.history FOR EACH ROW SET @x = 1"},
       "silver.history has the trigger t",
       "DROP TRIGGER `silver`.`t`"},
      {"partitions",
       "silver_transformer",
       {"ALTER TABLE silver.days PARTITION BY HASH (YEAR(day)) PARTITIONS 2"},
       "silver.days is partitioned",
       "ALTER TABLE `silver`.`days` REMOVE PARTITIONING"},
      {"system versioning",
       "silver_transformer",
       {"ALTER TABLE silver.days ADD SYSTEM VERSIONING"},
       "silver.days is system-versioned",
       "ALTER TABLE `silver`.`days` DROP SYSTEM VERSIONING"},
      {"another engine",
       "silver_transformer",
       {"ALTER TABLE silver.days ENGINE=MyISAM"},
       "silver.days uses the engine MyISAM",
       "ALTER TABLE `silver`.`days` ENGINE=InnoDB"},
      {"referenced table",
       "gold_transformer",
       {"ALTER TABLE gold.moves ADD UNIQUE KEY d (day)",
        "CREATE TABLE gold.other (day DATE, CONSTRAINT f FOREIGN KEY (day) REFERENCES gold.moves "
        "(day) ON DELETE CASCADE)"},
       "gold.moves is referenced by the foreign key f of gold.other",
       "ALTER TABLE `gold`.`other` DROP FOREIGN KEY `f`"},
      {"dbt died between two renames",
       "silver_transformer",
       {"RENAME TABLE silver.history TO silver.history__dbt_backup"},
       "silver.history is not there, but history__dbt_backup is",
       ""},
      {"the history is in a backup only",
       "silver_transformer",
       {"RENAME TABLE silver.history TO silver.history_backup_20260201_070000"},
       "RENAME TABLE `silver`.`history_backup_20260201_070000` TO `silver`.`history`",
       ""},
      {"a view in place of a history",
       "silver_transformer",
       {"RENAME TABLE silver.history TO silver.rows_of_it",
        "CREATE VIEW silver.history AS SELECT * FROM silver.rows_of_it"},
       "silver.history is a view, and the model is incremental",
       ""},
      {"a later day than said",
       "silver_transformer",
       {"INSERT INTO silver.history VALUES (9, 1, '2026-02-02', NULL, 1)"},
       "silver.history has rows of 2026-02-02 (valid_from), a later day than 2026-02-01",
       ""},
  };
  for (const auto& obstacle : obstacles) {
    SCOPED_TRACE(obstacle.name);
    start_over();
    const std::string program = obstacle.program;
    if (program != "staging_loader") {
      expect_green(adopt("staging_loader", {"--business-date", "2026-02-01"}));
    }
    if (program == "gold_transformer") expect_green(adopt("silver_transformer"));
    for (const char* statement : obstacle.made_by) sql(statement);
    const auto outcome = expect_refused(program, obstacle.words);
    if (*obstacle.statement != '\0') {
      EXPECT_THAT(outcome.program.out, HasSubstr(std::string(obstacle.statement) + ";"));
    }
  }
}

TEST_F(AdoptTest, RefusesKeysThatNameNoRowAndALayerWhoseBelowIsNotAdopted) {
  EXPECT_THAT(adopt("silver_transformer", {"--business-date", "2026-02-01"}).cause(),
              HasSubstr("staging is not the pipeline's yet"));
  expect_green(adopt("staging_loader", {"--business-date", "2026-02-01"}));
  EXPECT_THAT(adopt("gold_transformer", {"--business-date", "2026-02-01"}).cause(),
              HasSubstr("silver is not the pipeline's yet"));
  EXPECT_THAT(adopt("silver_transformer", {"--business-date", "2026-01-31"}).cause(),
              HasSubstr("as of the last day that all of them hold"));
  house_.write_config(
      "protect:\n  history:\n    - {table: silver.history, key: [tenant_id, valid_from], "
      "closed_when: valid_to IS NOT NULL}\n");
  sql("ALTER TABLE silver.history DROP INDEX IF EXISTS history_key");
  for (const auto& row : house_.root().query("SHOW INDEX FROM silver.history").rows) {
    sql("ALTER TABLE silver.history DROP INDEX IF EXISTS `" + *row[2] + "`");
  }
  sql("INSERT INTO silver.history SELECT * FROM silver.history WHERE tenant_id = 2");
  expect_refused("silver_transformer", "silver.history is protected, and ");
}

TEST_F(AdoptTest, RefusesAStoreWithoutDumpsAndNamesAMissingRight) {
  fs::rename(house_.file("store/processed/gghouse_20260201.sql"), house_.file("kept.sql"));
  // Any dump tells which tables come from dumps.
  const auto other = adopt("staging_loader", {"--business-date", "2026-02-01", "--dry-run"});
  expect_green(other);
  EXPECT_THAT(other.program.out, HasSubstr("the one of 2026-02-02 told"));
  fs::rename(house_.file("store/dumps"), house_.file("dumps"));
  fs::create_directory(house_.file("store/dumps"));
  expect_refused("staging_loader", "without one nobody can tell");
  fs::remove(house_.file("store/dumps"));
  fs::rename(house_.file("dumps"), house_.file("store/dumps"));
  fs::rename(house_.file("kept.sql"), house_.file("store/processed/gghouse_20260201.sql"));

  expect_green(adopt("staging_loader", {"--business-date", "2026-02-01"}));
  const std::string before = records();
  sql("REVOKE ALTER ON `silver`.* FROM 'etl_publish'@'localhost'");
  const auto outcome = adopt("silver_transformer");
  sql("GRANT ALTER ON `silver`.* TO 'etl_publish'@'localhost'");
  EXPECT_EQ(outcome.error(), "Pipeline.AccessDenied") << outcome.program.text();
  EXPECT_THAT(outcome.cause(), AllOf(HasSubstr("nothing was changed"),
                                     HasSubstr("etl_publish lacks ALTER on silver.*")));
  EXPECT_EQ(records(), before);
}

TEST_F(AdoptTest, TellsRowsThatDifferFromTheDump) {
  sql("INSERT INTO staging.tenants VALUES (77, 1)");
  const auto outcome = adopt("staging_loader", {"--business-date", "2026-02-01", "--dry-run"});
  expect_green(outcome);
  EXPECT_THAT(outcome.program.out,
              HasSubstr("staging.tenants has 4 rows, the dump of 2026-02-01 brings 3"));
}

TEST_F(AdoptTest, RedTestsAreToldAndNotInTheWay) {
  house_.write_model("tests/no_status_nine.sql",
                     "select * from {{ ref('history') }} where status = 9\n");
  house_.write_model("tests/no_day_missing.sql",
                     "select * from {{ ref('days') }} where tenants < 1\n");
  expect_green(adopt("staging_loader", {"--business-date", "2026-02-01"}));
  const auto outcome = adopt("silver_transformer");
  expect_green(outcome);
  EXPECT_THAT(outcome.program.out,
              AllOf(HasSubstr("red today, not in the way: test.shop.no_status_nine: Got 1 result"),
                    Not(HasSubstr("no_day_missing"))));
  EXPECT_EQ(outcome.output().at("red_tests").as_array().size(), 1U);
}

TEST_F(AdoptTest, FillsTheVaultWithWhatIsThere) {
  sql("CREATE OR REPLACE DATABASE vault COLLATE utf8mb4_unicode_ci");
  house_.server().run_sql_file(vault_sql, {});
  house_.write_config(
      "vault:\n  schema: vault\nprotect:\n  history:\n    - {table: silver.history, key: "
      "[tenant_id, valid_from], closed_when: valid_to IS NOT NULL}\n");
  sql("INSERT INTO silver.history SELECT 100000 + n.seq, n.seq % 17, DATE_ADD('2018-01-01', "
      "INTERVAL n.seq DAY), DATE_ADD('2018-02-01', INTERVAL n.seq DAY), 0 FROM silver.seq_1_to_500 "
      "n");
  expect_green(adopt("staging_loader", {"--business-date", "2026-02-01"}));
  const auto killed = house_.run("silver_transformer", {"adopt"},
                                 {{"PIPELINE_FAILPOINT", "adopt_after_marker:kill"}});
  EXPECT_EQ(killed.program.signal, SIGKILL);
  const auto again = adopt("silver_transformer");
  expect_green(again);
  EXPECT_THAT(again.program.out, AllOf(HasSubstr("already adopted"),
                                       HasSubstr("vault: silver.history: 503 rows written")));
  expect_green(house_.run("silver_transformer", {"vault", "check"}));
  expect_green(adopt("gold_transformer", {"--business-date", "2026-02-01"}));
  const std::string adopted = house_.checksum("silver.history");
  run_two_days();
  expect_green(
      house_.run("silver_transformer", {"restore", "history", "--from-vault", "--as-of", "0"}));
  EXPECT_EQ(house_.checksum("silver.history"), adopted);
}

}  // namespace
}  // namespace pipeline
