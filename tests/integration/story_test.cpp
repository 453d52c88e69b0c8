// The whole story with the real binaries: two green days, a failed third, its repair, and quiet
// after it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include <fmt/core.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "common/mariadb/identifier.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/polling_reader.h"
#include "tests/support/run_program.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string source_dir = PIPELINE_SOURCE_DIR;
const std::string bin_dir = PIPELINE_BIN_DIR;
const std::string sample_source = bin_dir + "/make_source --scale 0.005 --seed 1";

/// A warehouse, a store, a project of its own and the bundled configuration, in one folder.
class House {
 public:
  House() {
    server_.apply_grants();
    for (const auto* folder : {"mariadb", "secrets", "store/dumps", "store/processed", "deploy"}) {
      fs::create_directories(var_.file(folder));
    }
    fs::create_symlink(server_.socket(), var_.file("mariadb/mariadbd.sock"));
    for (const auto* account : {"etl_load", "etl_build", "etl_publish", "etl_janitor"}) {
      var_.write(std::string("secrets/") + account, std::string("pw_") + account + "\n");
    }
    fs::copy(source_dir + "/stages/dbt", var_.file("dbt"), fs::copy_options::recursive);
    fs::remove_all(var_.file("dbt/target"));
    fs::copy(source_dir + "/deploy/state_machine.yaml", var_.file("deploy/state_machine.yaml"));
    var_.write("deploy/pipeline.yaml",
               replace_all(test::read_text_file(source_dir + "/deploy/pipeline.yaml"),
                           "../stages/dbt", "../dbt"));
    var_.write("alert", "#!/bin/sh\nexec cat >>\"$(dirname \"$0\")/alerts.jsonl\"\n");
    fs::permissions(var_.file("alert"), fs::perms::owner_all);
    load_staging_extras();
  }

  /// Dumps the source as it is on that day, with the bytes that mariadb-dump would write.
  void dump_day(int day, const std::string& date) {
    const std::string key = "gghouse_" + replace_all(date, "-", "") + ".sql.gz";
    const auto dumped = test::run_program(
        {.argv = {
             "/bin/bash", "-c",
             fmt::format("set -o pipefail; {} --dump --day {} --date {} | tee {} | gzip -6 >{}",
                         sample_source, day, date, var_.file("source_" + date + ".sql"),
                         var_.file("store/dumps/" + key))}});
    ASSERT_TRUE(dumped.ok()) << dumped.text();
  }

  test::ProgramResult orchestrator(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {bin_dir + "/orchestrator", "--config", var_.file("deploy/pipeline.yaml")});
    return test::run_program({.argv = arguments,
                              .env = {{"PIPELINE_VAR", var_.path()}},
                              .time_limit = std::chrono::minutes(2)});
  }

  Json history() {
    const auto result = orchestrator({"history", "--json"});
    EXPECT_TRUE(result.ok()) << result.text();
    return Json::parse(result.out);
  }

  std::string scalar(const std::string& sql) {
    return server_.open_root().query_value(sql).value_or("NULL");
  }

  /// CHECKSUM TABLE, or for a table with a stored generated column, whose checksum MariaDB gives
  /// differently for equal rows, an order-free sum over its rows.
  static std::string checksum(Connection& root, const std::string& schema,
                              const std::string& table) {
    const auto generated =
        root.query_value(fmt::format("SELECT COUNT(*) FROM information_schema.COLUMNS WHERE "
                                     "TABLE_SCHEMA = '{}' AND TABLE_NAME = "
                                     "'{}' AND EXTRA LIKE '%GENERATED%'",
                                     schema, table));
    if (generated == "0") {
      return root.query("CHECKSUM TABLE " + quote_name(schema, table)).rows[0][1].value_or("NULL");
    }
    std::string columns;
    for (const auto& row : root.query("SHOW COLUMNS FROM " + quote_name(schema, table)).rows) {
      columns += fmt::format(", COALESCE(HEX({}), '~')", quote_name(*row[0]));
    }
    return root
        .query_value(fmt::format("SELECT CONCAT(COUNT(*), ' ', SUM(CRC32(CONCAT_WS('|'{}))), ' ', "
                                 "SUM(CRC32(REVERSE(CONCAT_WS('|'{}))))) FROM {}",
                                 columns, columns, quote_name(schema, table)))
        .value_or("NULL");
  }

  /// The checksum of every base table of the schemas, by name.
  std::string checksums(const std::string& schemas) {
    Connection root = server_.open_root();
    std::string all;
    const auto tables = root.query(
        "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE "
        "TABLE' AND "
        "TABLE_SCHEMA IN (" +
        schemas + ") ORDER BY 1, 2");
    for (const auto& row : tables.rows) {
      all += fmt::format("{}.{}={}\n", *row[0], *row[1], checksum(root, *row[0], *row[1]));
    }
    return all;
  }

  void edit_model(const std::string& from, const std::string& to) {
    const std::string path = var_.file("dbt/models/silver/tenant_status_history.sql");
    const std::string text = test::read_text_file(path);
    ASSERT_NE(text.find(from), std::string::npos) << path << " holds no " << from;
    std::ofstream(path) << replace_all(text, from, to);
  }

  std::vector<Json> alerts() {
    std::vector<Json> messages;
    std::ifstream file(var_.file("alerts.jsonl"));
    for (std::string line; std::getline(file, line);) messages.push_back(Json::parse(line));
    return messages;
  }

  test::MariadbServer& server() { return server_; }
  const test::TempDir& var() const { return var_; }

 private:
  void load_staging_extras() {
    const auto loaded = test::run_program(
        {.argv = {"/bin/bash", "-c",
                  fmt::format("set -o pipefail; {} --staging-extras --date 2026-02-01 | mariadb "
                              "--no-defaults --socket={} --user=root "
                              "--default-character-set=utf8mb4 staging",
                              sample_source, server_.socket())}});
    ASSERT_TRUE(loaded.ok()) << loaded.text();
  }
  test::MariadbServer server_;
  test::TempDir var_;
};

class Story : public testing::Test {
 protected:
  static void SetUpTestSuite() { house_ = std::make_unique<House>(); }
  static void TearDownTestSuite() { house_.reset(); }
  static House& house() { return *house_; }

 private:
  static std::unique_ptr<House> house_;
};

std::unique_ptr<House> Story::house_;

std::vector<std::string> statuses(const Json& history) {
  std::vector<std::string> words;
  for (const auto& run : history.as_array()) {
    words.push_back(run.at("business_date").as_string() + " " + run.at("status").as_string());
  }
  return words;
}

/// Foreign keys and partitions are taken off the copies in staging, and reported.
std::string without_what_is_taken_off(std::string definition) {
  definition = std::regex_replace(
      definition, std::regex(",\n  CONSTRAINT `[^`]*` FOREIGN KEY [^\n]*?(?=,?\n)"), "");
  const auto partitions = definition.find("\n PARTITION BY");
  return partitions == std::string::npos ? definition : definition.substr(0, partitions);
}

// The tests of this suite are the chapters of one story and run in their order.

TEST_F(Story, Chapter1TwoDaysAreLoadedInOrderByOneStart) {
  house().dump_day(1, "2026-02-01");
  house().dump_day(2, "2026-02-02");
  const auto run = house().orchestrator({"run", "--date", "2026-02-02"});
  ASSERT_TRUE(run.ok()) << run.text();
  EXPECT_THAT(statuses(house().history()),
              ElementsAre("2026-02-02 SUCCEEDED", "2026-02-01 SUCCEEDED"));
  for (const auto* schema : {"staging", "silver", "gold"}) {
    EXPECT_EQ(house().scalar(fmt::format(
                  "SELECT CONCAT(business_date, ' ', generation) FROM {}.pipeline_marker", schema)),
              "2026-02-02 2");
  }
  EXPECT_TRUE(fs::exists(house().var().file("store/processed/gghouse_20260201.sql.gz")));
  EXPECT_FALSE(fs::exists(house().var().file("store/dumps/gghouse_20260201.sql.gz")));
}

TEST_F(Story, Chapter1StagingEqualsWhatTheClientLoads) {
  Connection root = house().server().open_root();
  house().server().run_sql(
      "DROP DATABASE IF EXISTS reference; CREATE DATABASE reference CHARACTER SET utf8mb4 "
      "COLLATE utf8mb4_unicode_ci");
  const auto loaded = test::run_program(
      {.argv = {"/bin/bash", "-c",
                fmt::format(
                    "mariadb --no-defaults --socket={} --user=root --default-character-set=utf8mb4 "
                    "reference <{}",
                    house().server().socket(), house().var().file("source_2026-02-02.sql"))}});
  ASSERT_TRUE(loaded.ok()) << loaded.text();
  const auto tables = root.query(
      "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'reference' ORDER BY "
      "1");
  int compared = 0;
  for (const auto& row : tables.rows) {
    const std::string& table = *row[0];
    const auto rows = root.query_value("SELECT COUNT(*) FROM " + quote_name("reference", table));
    if (rows == "0") continue;
    EXPECT_EQ(House::checksum(root, "staging", table), House::checksum(root, "reference", table))
        << table;
    const auto definition = [&](const std::string& schema) {
      return root.query("SHOW CREATE TABLE " + quote_name(schema, table)).rows[0][1].value_or("");
    };
    EXPECT_EQ(definition("staging"), without_what_is_taken_off(definition("reference"))) << table;
    ++compared;
  }
  EXPECT_EQ(compared, 70) << "81 tables, ten empty ones, and the nationalities of day 2";
  EXPECT_EQ(house().scalar("SELECT GROUP_CONCAT(TABLE_NAME) FROM information_schema.TABLES WHERE "
                           "TABLE_SCHEMA = 'staging' AND TABLE_NAME = 'Orders'"),
            "NULL")
      << "Orders is empty in the dump and nobody names it";
  EXPECT_EQ(house().scalar("SELECT COUNT(*) FROM staging.m_nationalities"), "0")
      << "empty on day 2, kept because a source() names it";
  EXPECT_NE(house().scalar("SELECT COUNT(*) FROM staging.llm_enrichment_cache"), "0");
}

TEST_F(Story, Chapter2RunAgainChangesNothing) {
  const std::string schemas = "'staging','seeds','silver','gold'";
  const std::string before = house().checksums(schemas);
  const auto run = house().orchestrator({"run", "--date", "2026-02-02"});
  ASSERT_TRUE(run.ok()) << run.text();
  EXPECT_THAT(run.out + run.err, HasSubstr("nothing new"));
  EXPECT_EQ(house().checksums(schemas), before);
}

TEST_F(Story, Chapter3APostgresCastFailsOnceNamesModelAndLineAndChangesNothing) {
  house().dump_day(3, "2026-02-03");
  house().edit_model("cast(null as date)", "null::date");
  const std::string before = house().checksums("'seeds','silver','gold'");
  test::PollingReader reader(
      house().server().root_options(),
      {"SELECT generation, run_id FROM silver.pipeline_marker",
       "SELECT generation, run_id FROM gold.pipeline_marker",
       "SELECT COUNT(*), SUM(is_current), MAX(valid_from) FROM silver.tenant_status_history",
       "SELECT COUNT(*) FROM gold.moveouts"});
  const auto begin = std::chrono::steady_clock::now();
  const auto run = house().orchestrator({"run", "--date", "2026-02-03"});
  reader.wait_for_turns(1000);
  const auto seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  reader.stop();
  EXPECT_EQ(run.exit_code, 1) << run.text();
  EXPECT_GE(reader.turns(), 1000U);
  EXPECT_GE(static_cast<double>(reader.turns()) / seconds, 100.0) << "reads per second";
  EXPECT_THAT(reader.errors(), IsEmpty());
  EXPECT_THAT(reader.observations(), SizeIs(1)) << "silver and gold stood still for every reader";
  EXPECT_EQ(house().checksums("'seeds','silver','gold'"), before);

  const auto shown = house().orchestrator({"show", "last", "--json"});
  ASSERT_TRUE(shown.ok()) << shown.text();
  const Json detail = Json::parse(shown.out);
  int silver_attempts = 0;
  for (const auto& attempt : detail.at("attempts").as_array()) {
    if (attempt.at("state").as_string() != "Silver") continue;
    ++silver_attempts;
    EXPECT_EQ(attempt.at("error").as_string(), "Pipeline.SqlRejected");
    EXPECT_THAT(attempt.at("cause").as_string(),
                testing::ContainsRegex("models/silver/tenant_status_history.sql:[0-9]+"));
  }
  EXPECT_EQ(silver_attempts, 1) << "rejected SQL is not retried";
  EXPECT_EQ(statuses(house().history()).at(0), "2026-02-03 FAILED");

  const auto alerts = house().alerts();
  ASSERT_THAT(alerts, SizeIs(1));
  EXPECT_THAT(alerts[0].at("text").as_string(), HasSubstr("rerun --only silver"));
  EXPECT_THAT(alerts[0].at("text").as_string(), HasSubstr("Staging"));
}

TEST_F(Story, Chapter4FixedAndRerunLayerByLayerBothPublish) {
  house().edit_model("null::date", "cast(null as date)");
  const std::string closed_rows =
      "SELECT COUNT(*) FROM silver.tenant_status_history WHERE valid_to IS NOT NULL";
  const std::string closed_before = house().scalar(closed_rows);
  const auto silver = house().orchestrator({"rerun", "--only", "silver"});
  ASSERT_TRUE(silver.ok()) << silver.text();
  EXPECT_EQ(house().scalar("SELECT business_date FROM silver.pipeline_marker"), "2026-02-03");
  EXPECT_EQ(house().scalar("SELECT business_date FROM gold.pipeline_marker"), "2026-02-02");
  const auto gold = house().orchestrator({"rerun", "--only", "gold"});
  ASSERT_TRUE(gold.ok()) << gold.text();
  EXPECT_EQ(house().scalar("SELECT business_date FROM gold.pipeline_marker"), "2026-02-03");
  EXPECT_GT(std::stoi(house().scalar(closed_rows)), std::stoi(closed_before));
  EXPECT_EQ(
      house().scalar("SELECT COUNT(*) FROM (SELECT tenant_id FROM silver.tenant_status_history "
                     "GROUP BY tenant_id HAVING SUM(is_current) <> 1) t"),
      "0");
  EXPECT_THAT(house().alerts(), SizeIs(1));
}

TEST_F(Story, Chapter5TheHistoryOfEarlierDaysIsWhole) {
  EXPECT_EQ(house().scalar("SELECT COUNT(DISTINCT valid_from) FROM silver.tenant_status_history"),
            "3");
  // The backup that day 3 swapped out holds days 1 and 2: each of its closed rows must still be
  // there.
  const std::string backup = house().scalar(
      "SELECT backup_name FROM pipeline.backup WHERE table_name = 'tenant_status_history' AND "
      "business_date = '2026-02-02' ORDER BY created_at DESC LIMIT 1");
  ASSERT_NE(backup, "NULL");
  EXPECT_EQ(house().scalar(fmt::format(
                "SELECT COUNT(*) FROM silver.`{}` b LEFT JOIN silver.tenant_status_history h ON "
                "h.tenant_id = b.tenant_id AND h.valid_from = b.valid_from AND h.valid_to = "
                "b.valid_to AND "
                "h.status <=> b.status WHERE b.valid_to IS NOT NULL AND h.tenant_id IS NULL",
                backup)),
            "0");
  EXPECT_NE(house().scalar("SELECT COUNT(*) FROM pipeline.backup WHERE rows_before = rows_after"),
            "0");
  EXPECT_EQ(house().scalar("SELECT COUNT(*) FROM pipeline.backup WHERE rows_before <> rows_after"),
            "0");
}

TEST_F(Story, Chapter6NoSecretIsInAnythingThatWasWritten) {
  for (const auto& entry : fs::recursive_directory_iterator(house().var().path())) {
    if (!entry.is_regular_file() || entry.path().string().find("/secrets/") != std::string::npos)
      continue;
    const std::string text = test::read_text_file(entry.path().string());
    EXPECT_EQ(text.find("pw_etl_"), std::string::npos) << entry.path();
  }
}

}  // namespace
}  // namespace pipeline
