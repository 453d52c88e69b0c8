// staging_loader as people start it: the binary, a private server with the real grants, a folder as
// store, dumps made by mariadb-dump; compared with what the mariadb client makes of the same dump.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <thread>

#include <fmt/core.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "common/io/file.h"
#include "common/io/gzip.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/marker.h"
#include "stages/staging/load/loader.h"
#include "tests/support/fake_clock.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/run_program.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

const std::string source_dir = PIPELINE_SOURCE_DIR;
const std::string bin_dir = PIPELINE_BIN_DIR;

std::string gzipped(std::string_view text) {
  TextSink compressed;
  GzipSink sink(compressed);
  sink.write(text);
  sink.finish();
  return compressed.text();
}

test::ProgramResult shell(const std::string& command) {
  return test::run_program({.argv = {"/bin/bash", "-c", "set -o pipefail; " + command},
                            .time_limit = std::chrono::minutes(2)});
}

/// One server for the program. Each test begins with empty schemas and an empty store.
class Warehouse {
 public:
  Warehouse() { server_.apply_grants(); }

  test::MariadbServer& server() { return server_; }
  Connection root() { return server_.open_root(); }
  std::string client(const std::string& schema) {
    return fmt::format(
        "mariadb --no-defaults --socket={} --user=root --default-character-set=utf8mb4 {}",
        server_.socket(), schema);
  }

  void empty_all() {
    std::string sql;
    for (const std::string schema : {"staging", "staging__next", "silver", "gold", "reference"}) {
      sql += fmt::format(
          "DROP DATABASE IF EXISTS {0}; CREATE DATABASE {0} CHARACTER SET utf8mb4 COLLATE "
          "utf8mb4_unicode_ci;",
          schema);
    }
    for (const auto* table :
         {"session", "publish_journal", "published_table", "backup", "loaded_dump"}) {
      sql += fmt::format("DELETE FROM pipeline.{};", table);
    }
    server_.run_sql(sql);
  }

  /// The text of the sample source's dump of that day, made once: the tables that models read, and
  /// some of other shapes.
  const std::string& sample_dump(int day) {
    auto& text = sample_dumps_[day];
    if (!text.empty()) return text;
    const auto made = test::run_program(
        {.argv = {bin_dir + "/make_source", "--dump", "--scale", "0.003", "--seed", "7", "--day",
                  std::to_string(day), "--date", fmt::format("2026-02-0{}", day), "--tables",
                  "apartments,rooms,m_nationalities,tenants,movings,inquiries,payments,Orders,"
                  "bank_deposits,currency,gmo_order_numbers,Fundhing_Request,"
                  "paysle_charge_responses,schema_migrations"}});
    if (!made.ok()) throw std::runtime_error(made.text());
    return text = made.out;
  }

  /// Loads a dump as a person would.
  void load_by_client(const std::string& schema, const std::string& dump) {
    const std::string file = folder_.file("reference.sql");
    replace_file(file, dump);
    server_.run_sql(fmt::format(
        "DROP DATABASE IF EXISTS {0}; CREATE DATABASE {0} CHARACTER SET utf8mb4", schema));
    const auto loaded = shell(fmt::format("{} <{}", client(schema), file));
    if (!loaded.ok()) throw std::runtime_error(loaded.text());
  }

 private:
  test::MariadbServer server_;
  test::TempDir folder_;
  std::map<int, std::string> sample_dumps_;
};

class StagingLoaderTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { warehouse_ = std::make_unique<Warehouse>(); }
  static void TearDownTestSuite() { warehouse_.reset(); }

  void SetUp() override {
    warehouse_->empty_all();
    for (const auto* folder :
         {"mariadb", "secrets", "store/dumps", "store/processed", "deploy", "dbt"}) {
      fs::create_directories(var_.file(folder));
    }
    fs::create_symlink(warehouse_->server().socket(), var_.file("mariadb/mariadbd.sock"));
    for (const auto* account : {"etl_load", "etl_build", "etl_publish", "etl_janitor"}) {
      replace_file(var_.file(std::string("secrets/") + account),
                   std::string("pw_") + account + "\n");
    }
    write_config({});
    replace_file(var_.file("dbt/sources.yml"),
                 "sources:\n  - name: staging\n    tables:\n      - name: m_nationalities\n"
                 "      - name: named_by_a_source\n");
  }

  void write_config(const std::map<std::string, std::string>& replacements) {
    std::string text = read_file(source_dir + "/deploy/pipeline.yaml");
    text = replace_all(text, "../stages/dbt", "../dbt");
    for (const auto& [from, to] : replacements) {
      ASSERT_NE(text.find(from), std::string::npos) << from;
      text = replace_all(text, from, to);
    }
    replace_file(var_.file("deploy/pipeline.yaml"), text);
  }

  static std::string key_of(const std::string& date) {
    return "gghouse_" + replace_all(date, "-", "") + ".sql.gz";
  }
  void put(const std::string& date, std::string_view dump) { put_bytes(date, gzipped(dump)); }
  void put_bytes(const std::string& date, std::string_view bytes) {
    replace_file(var_.file("store/dumps/" + key_of(date)), bytes);
  }
  bool incoming(const std::string& date) {
    return fs::exists(var_.file("store/dumps/" + key_of(date)));
  }
  bool archived(const std::string& date) {
    return fs::exists(var_.file("store/processed/" + key_of(date)));
  }

  test::ProgramResult run(std::vector<std::string> arguments, const std::string& failpoints = {}) {
    arguments.insert(arguments.begin(), bin_dir + "/staging_loader");
    arguments.insert(arguments.end(), {"--config", var_.file("deploy/pipeline.yaml"), "--run-id",
                                       "run-1", "--result-file", var_.file("result.json")});
    return test::run_program(
        {.argv = arguments,
         .env = {{"PIPELINE_VAR", var_.path()}, {"PIPELINE_FAILPOINT", failpoints}},
         .time_limit = std::chrono::minutes(2)});
  }
  test::ProgramResult load(const std::string& date, std::vector<std::string> more = {},
                           const std::string& failpoints = {}) {
    more.insert(more.begin(), {"load", "--business-date", date});
    return run(more, failpoints);
  }
  void load_well(const std::string& date, std::vector<std::string> more = {}) {
    const auto result = load(date, std::move(more));
    ASSERT_TRUE(result.ok()) << result.text();
  }

  Json result_file() { return Json::parse(read_file(var_.file("result.json"))); }
  std::string error_name() { return result_file().at("error").at("name").as_string(); }
  std::string cause() { return result_file().at("error").at("cause").as_string(); }

  std::string scalar(const std::string& sql) {
    return warehouse_->root().query_value(sql).value_or("NULL");
  }
  std::string staging_marker() {
    return scalar("SELECT CONCAT(business_date, ' ', generation) FROM staging.pipeline_marker");
  }

  static std::vector<std::string> tables_of(const std::string& schema) {
    std::vector<std::string> names;
    const auto found = warehouse_->root().query(
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND "
        "TABLE_SCHEMA = " +
        quote_text(schema) + " AND TABLE_NAME <> 'pipeline_marker' ORDER BY 1");
    for (const auto& row : found.rows) names.push_back(*row[0]);
    return names;
  }
  static std::string checksum(const std::string& schema, const std::string& table) {
    const auto sum = warehouse_->root().query("CHECKSUM TABLE " + quote_name(schema, table));
    return sum.rows.at(0).at(1).value_or("NULL");
  }
  static std::string definition(const std::string& schema, const std::string& table) {
    return *warehouse_->root()
                .query("SHOW CREATE TABLE " + quote_name(schema, table))
                .rows.at(0)
                .at(1);
  }
  /// All rows, sorted: CHECKSUM TABLE gives other numbers for the same rows now and then where a
  /// table has a stored generated column (seen with MariaDB 10.11.19).
  static std::vector<std::string> content(const std::string& schema, const std::string& table) {
    std::vector<std::string> rows;
    warehouse_->root().stream("SELECT * FROM " + quote_name(schema, table),
                              [&](Connection::RowView row) {
                                std::string text;
                                for (const auto& value : row) {
                                  text += std::string(value.value_or("\\N")) + "|";
                                }
                                rows.push_back(std::move(text));
                              });
    std::sort(rows.begin(), rows.end());
    return rows;
  }
  /// Names, checksums and definitions of all tables of staging, the marker's generation excepted.
  static std::string picture() {
    std::string text;
    for (const auto& table : tables_of("staging")) {
      text += fmt::format("{} {}\n{}\n", table, checksum("staging", table),
                          definition("staging", table));
    }
    return text;
  }

  /// Makes a layer's marker show `date`, as its transformer would.
  static std::uint64_t built_from(Connection& root, const std::string& below) {
    const auto marker = publish::read_marker(root, below);
    return marker ? marker->generation : 0;
  }

  void set_layer(const std::string& schema, const std::string& date, std::uint64_t generation = 1) {
    Connection root = warehouse_->root();
    root.execute("CREATE DATABASE IF NOT EXISTS " + schema + "__next");
    publish::write_candidate_marker(
        root, schema,
        {.generation = generation,
         .upstream_generation = built_from(root, schema == "silver" ? "staging" : "silver"),
         .run_id = "t",
         .business_date = *BusinessDate::parse(date)});
    root.execute(fmt::format("DROP TABLE IF EXISTS {}.pipeline_marker", schema));
    root.execute(
        fmt::format("RENAME TABLE {0}__next.pipeline_marker TO {0}.pipeline_marker", schema));
  }
  void set_layers(const std::string& date) {
    set_layer("silver", date);
    set_layer("gold", date);
  }

  static Warehouse& warehouse() { return *warehouse_; }
  const test::TempDir& var() const { return var_; }

  static std::unique_ptr<Warehouse> warehouse_;
  test::TempDir var_;
};

std::unique_ptr<Warehouse> StagingLoaderTest::warehouse_;

/// A dump of few rows, as mysqldump would write it.
std::string small_dump(const std::string& tables) {
  return "-- MySQL dump\n/*!40101 SET NAMES utf8mb4 */;\n/*!40103 SET TIME_ZONE='+00:00' */;\n"
         "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n" +
         tables + "-- Dump completed on 2026-02-01  5:30:12\n";
}

std::string table(
    const std::string& name, const std::vector<std::string>& rows,
    const std::string& columns = "`id` int NOT NULL, `name` varchar(40), PRIMARY KEY (`id`)") {
  std::string text = fmt::format(
      "DROP TABLE IF EXISTS `{0}`;\nCREATE TABLE `{0}` ({1}) ENGINE=InnoDB DEFAULT "
      "CHARSET=utf8mb4;\n",
      name, columns);
  if (!rows.empty()) text += fmt::format("INSERT INTO `{}` VALUES {};\n", name, join(rows, ","));
  return text;
}

// What the loader takes off a definition, taken off the client's.
std::string without_taken_off(std::string text) {
  std::vector<std::string> kept;
  for (auto& line : split(text, '\n')) {
    const bool foreign_key = line.find("CONSTRAINT") != std::string::npos &&
                             line.find("FOREIGN KEY") != std::string::npos;
    if (line.find(" PARTITION BY") == 0) break;
    if (!foreign_key) kept.push_back(line);
  }
  text = replace_all(join(kept, "\n"), ",\n)", "\n)");
  text = replace_all(text, " WITH SYSTEM VERSIONING", "");
  return replace_all(text, "ENGINE=MyISAM", "ENGINE=InnoDB");
}

TEST_F(StagingLoaderTest, MakesStagingEqualToWhatTheClientLoads) {
  for (const int day : {1, 2}) {
    const std::string date = "2026-02-0" + std::to_string(day);
    SCOPED_TRACE(date);
    put(date, warehouse().sample_dump(day));
    load_well(date);
    warehouse().load_by_client("reference", warehouse().sample_dump(day));
    int compared = 0;
    for (const auto& name : tables_of("reference")) {
      if (scalar("SELECT COUNT(*) FROM " + quote_name("reference", name)) == "0") continue;
      EXPECT_EQ(definition("staging", name), without_taken_off(definition("reference", name)));
      EXPECT_TRUE(content("staging", name) == content("reference", name)) << name;
      if (definition("staging", name).find("GENERATED") == std::string::npos) {
        EXPECT_EQ(checksum("staging", name), checksum("reference", name)) << name;
        ++compared;
      }
    }
    EXPECT_EQ(compared, day == 2 ? 10 : 11);
    EXPECT_EQ(staging_marker(), fmt::format("{} {}", date, day));
    EXPECT_FALSE(incoming(date));
    EXPECT_TRUE(archived(date));
    EXPECT_EQ(result_file().at("output").at("outcome").as_string(), "loaded");
    set_layers(date);
  }
  const auto names = tables_of("staging");
  EXPECT_THAT(names, testing::Not(testing::Contains("Orders"))) << "empty, and nobody names it";
  EXPECT_THAT(names, testing::Contains("m_nationalities")) << "empty on day 2, named by a source";
  EXPECT_EQ(scalar("SELECT COUNT(*) FROM staging.m_nationalities"), "0");
}

TEST_F(StagingLoaderTest, LoadsByInsertsWhereTheServerWasStartedWithoutLocalInfile) {
  warehouse().server().add_argument("--local-infile=0");
  warehouse().server().restart();
  const auto check = run({"check"});
  put("2026-02-01", warehouse().sample_dump(1));
  const auto loaded = load("2026-02-01");
  warehouse().load_by_client("reference", warehouse().sample_dump(1));
  warehouse().server().add_argument("--local-infile=1");
  warehouse().server().restart();

  EXPECT_TRUE(check.ok()) << check.text();
  ASSERT_TRUE(loaded.ok()) << loaded.text();
  const std::string line = "rows go as INSERTs, since the server refuses LOCAL INFILE";
  EXPECT_THAT(loaded.err, HasSubstr(line));
  EXPECT_EQ(loaded.err.find(line), loaded.err.rfind(line)) << "said once";
  EXPECT_THAT(tables_of("staging"), testing::Contains("tenants"));
  for (const auto& name : tables_of("staging")) {
    EXPECT_EQ(content("staging", name), content("reference", name)) << name;
  }
}

/// A dump whose one row holds a text of so many bytes, made without holding it.
std::string command_for_dump_of_one_row(std::size_t bytes, const std::string& file) {
  return fmt::format(
      "{{ printf '%s\\n' '/*!40101 SET NAMES utf8mb4 */;' 'CREATE TABLE `t` (`id` int NOT NULL, "
      "`v` "
      "longtext, PRIMARY KEY (`id`)) DEFAULT CHARSET=utf8mb4;'; printf %s \"INSERT INTO \\`t\\` "
      "VALUES (1,'\"; head -c {} /dev/zero | tr '\\0' x; printf '%s\\n' \"');\" '-- Dump completed "
      "on 2026-02-01  5:30:12'; }} | gzip -1 >{}",
      bytes, file);
}

TEST_F(StagingLoaderTest, ARowOf64MegabytesIsLoadedInLittleMemoryWhereAPacketHoldsIt) {
  constexpr std::size_t row_bytes = 64U << 20U;
#ifdef __SANITIZE_ADDRESS__
  constexpr std::uint64_t memory_max = 1024U << 20U;  // what is freed is kept for a while
#else
  constexpr std::uint64_t memory_max = 512U << 20U;
#endif
  const std::string default_bytes = scalar("SELECT @@GLOBAL.max_allowed_packet");
  const auto put_huge_row = [&] {
    fs::create_directories(var().file("store/dumps"));
    const auto made = shell(
        command_for_dump_of_one_row(row_bytes, var().file("store/dumps/" + key_of("2026-02-01"))));
    ASSERT_TRUE(made.ok()) << made.text();
  };

  put_huge_row();
  const auto refused = load("2026-02-01");
  EXPECT_FALSE(refused.ok());
  EXPECT_EQ(error_name(), "Pipeline.DumpRefused");
  EXPECT_THAT(cause(), HasSubstr("a row of t"));
  EXPECT_THAT(cause(), HasSubstr("max_allowed_packet of " + default_bytes));
  EXPECT_THAT(cause(), HasSubstr("line 3, byte 150: "));

  for (const auto* local_infile : {"1", "0"}) {
    SCOPED_TRACE(std::string("local_infile=") + local_infile);
    warehouse().empty_all();
    fs::remove_all(var().file("store"));
    put_huge_row();
    warehouse().root().execute("SET GLOBAL max_allowed_packet = 134217728");
    warehouse().root().execute(std::string("SET GLOBAL local_infile = ") + local_infile);
    const auto loaded = load("2026-02-01");
    const std::string stored = scalar("SELECT MD5(v) FROM staging.t");
    const std::string wanted = scalar(fmt::format("SELECT MD5(REPEAT('x', {}))", row_bytes));
    warehouse().root().execute("SET GLOBAL local_infile = 1");
    warehouse().root().execute("SET GLOBAL max_allowed_packet = " + default_bytes);
    ASSERT_TRUE(loaded.ok()) << loaded.text();
    EXPECT_EQ(stored, wanted);
    std::cout << "VmHWM of staging_loader: " << (loaded.peak_bytes >> 20U) << " MiB\n";
    EXPECT_LT(loaded.peak_bytes, memory_max);
  }
}

TEST_F(StagingLoaderTest, ALoadOfMoreThanTenSecondsTellsHowFarItIs) {
  put("2026-02-01", warehouse().sample_dump(1));
  // It waits in the middle of its rows until it has told of itself.
  const std::string told = var().file("told");
  const std::string gate = var().file("gate");
  const auto waited = test::run_program(
      {.argv = {"/bin/bash", "-c",
                fmt::format("{} load --business-date 2026-02-01 --config {} 2>{} & "
                            "while kill -0 $! 2>/dev/null && ! grep -q '\"loading: ' {}; do sleep "
                            "0.1; done; touch {}; wait $!",
                            bin_dir + "/staging_loader", var().file("deploy/pipeline.yaml"), told,
                            told, gate)},
       .env = {{"PIPELINE_VAR", var().path()},
               {"PIPELINE_FAILPOINT", "loader_mid_rows:pause"},
               {"PIPELINE_FAILPOINT_GATE", gate}}});
  const std::string lines = read_file(told);
  ASSERT_TRUE(waited.ok()) << lines;
  std::vector<Json> tellings;
  for (const auto& line : split(lines, '\n')) {
    if (line.find("\"loading: ") != std::string::npos) tellings.push_back(Json::parse(line));
  }
  ASSERT_FALSE(tellings.empty()) << lines;
  const auto size = fs::file_size(var().file("store/processed/" + key_of("2026-02-01")));
  EXPECT_EQ(tellings[0].at("object_bytes").as_string(), std::to_string(size));
  EXPECT_EQ(tellings[0].at("object").as_string(), "dumps/" + key_of("2026-02-01"));
  EXPECT_EQ(tellings[0].at("level").as_string(), "info");
  for (const auto* field : {"read_bytes", "percent", "rows", "rows_per_second", "tables_done"}) {
    EXPECT_FALSE(tellings[0].at(field).as_string().empty()) << field;
  }
}

TEST_F(StagingLoaderTest, LoadsOddTablesAndValuesAsTheClientDoes) {
  for (const std::string golden :
       {"mariadb_dump_with_odd_tables", "mariadb_dump_hex_blob_of_one_database",
        "mariadb_dump_with_types_of_its_own"}) {
    SCOPED_TRACE(golden);
    warehouse().empty_all();
    const std::string dump = read_file(source_dir + "/tests/golden/dump/" + golden + ".sql");
    put("2026-02-01", dump);
    load_well("2026-02-01");
    warehouse().load_by_client(
        "reference", replace_all(replace_all(dump, "USE `src`;", ""), "CREATE DATABASE", "-- "));
    for (const auto& name : tables_of("reference")) {
      if (name == "Empty" || name == "parent") continue;  // without rows
      EXPECT_EQ(definition("staging", name), without_taken_off(definition("reference", name)));
      EXPECT_EQ(content("staging", name), content("reference", name)) << name;
    }
    fs::remove_all(var().file("store/processed"));
  }
}

TEST_F(StagingLoaderTest, KeepsCharsetsBitsYearsAndEscapesAsAnInsertWould) {
  const std::string dump = small_dump(table(
      "odd",
      {"(1,'caf\xC3\xA9','\xE6\x9D\xB1',b'101',7,0,'tab\there \\% \\_ \\N \\\\ \\' it''s','')",
       "(2,'?',NULL,b'1',255,2026,'NULL','\\N')",
       "(3,'','x',0x3FF,0,0000,'\\Z\\b\\r\\n\\0','\\\\N')"},
      "`id` int NOT NULL, `latin` varchar(20) CHARACTER SET latin1, `ucs` varchar(20) CHARACTER "
      "SET ucs2,"
      " `bits` bit(10), `eight` bit(8), `y` year, `t` text, `n` varchar(9), PRIMARY KEY (`id`)"));
  put("2026-02-01", dump);
  load_well("2026-02-01");
  warehouse().load_by_client("reference", dump);
  EXPECT_EQ(checksum("staging", "odd"), checksum("reference", "odd"));
  EXPECT_EQ(scalar("SELECT HEX(latin) FROM staging.odd WHERE id = 1"), "636166E9");
}

TEST_F(StagingLoaderTest, ReadsADumpThatIsNotCompressed) {
  replace_file(var().file("store/dumps/gghouse_20260201.sql"), small_dump(table("a", {"(1,'x')"})));
  load_well("2026-02-01");
  EXPECT_EQ(scalar("SELECT name FROM staging.a"), "x");
  EXPECT_TRUE(fs::exists(var().file("store/processed/gghouse_20260201.sql")));
}

TEST_F(StagingLoaderTest, ADamagedOrHostileDumpChangesNothing) {
  put("2026-02-01", small_dump(table("a", {"(1,'x')"}) + table("b", {"(1,'y')"})));
  load_well("2026-02-01");
  set_layers("2026-02-01");
  const std::string before = picture();
  const std::string marker = staging_marker();
  const std::string whole = small_dump(table("a", {"(1,'changed')", "(2,'new')"}));
  const std::string compressed = gzipped(whole);

  std::string flipped = compressed;
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 4);
  struct Case {
    const char* name;
    std::string bytes;
    const char* error;
  };
  const std::vector<Case> cases{
      {"truncated gzip", compressed.substr(0, compressed.size() - 20), "Pipeline.DumpCorrupt"},
      {"no gzip trailer", compressed.substr(0, compressed.size() - 8), "Pipeline.DumpCorrupt"},
      {"flipped bit", flipped, "Pipeline.DumpCorrupt"},
      {"cut inside a string", gzipped(whole.substr(0, whole.find("changed") + 3)),
       "Pipeline.DumpCorrupt"},
      {"cut inside a statement", gzipped(whole.substr(0, whole.find("PRIMARY"))),
       "Pipeline.DumpCorrupt"},
      {"cut at a statement's end", gzipped(whole.substr(0, whole.find("-- Dump completed"))),
       "Pipeline.DumpCorrupt"},
      {"rows that collide", gzipped(small_dump(table("a", {"(1,'x')", "(1,'y')"}))),
       "Pipeline.DumpCorrupt"},
      {"no gzip at all", whole, "Pipeline.DumpCorrupt"},
      {"empty", "", "Pipeline.DumpCorrupt"},
      {"no rows at all", gzipped(small_dump(table("a", {}))), "Pipeline.DumpCorrupt"},
      {"no tables at all", gzipped(small_dump("")), "Pipeline.DumpCorrupt"},
      {"drop database", gzipped(small_dump("DROP DATABASE gold;\n")), "Pipeline.DumpRefused"},
      {"grant", gzipped(small_dump("GRANT ALL ON *.* TO x;\n")), "Pipeline.DumpRefused"},
      {"local file", gzipped(small_dump("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE a;\n")),
       "Pipeline.DumpRefused"},
      {"update of live rows", gzipped(small_dump("UPDATE staging.a SET name='pwned';\n")),
       "Pipeline.DumpRefused"},
      {"other schema", gzipped(small_dump("CREATE TABLE gold.x (a int);\n")),
       "Pipeline.DumpRefused"},
      {"conditional drop", gzipped(small_dump("/*!50000 DROP TABLE staging.a */;\n")),
       "Pipeline.DumpRefused"},
      {"marker", gzipped(small_dump(table("pipeline_marker", {"(1,'x')"}))),
       "Pipeline.DumpRefused"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    put_bytes("2026-02-02", one.bytes);
    const auto result = load("2026-02-02");
    EXPECT_EQ(result.exit_code, 14) << result.text();
    EXPECT_EQ(error_name(), one.error) << cause();
    EXPECT_EQ(picture(), before);
    EXPECT_EQ(staging_marker(), marker);
    EXPECT_TRUE(incoming("2026-02-02")) << "a refused dump is not archived";
    EXPECT_FALSE(archived("2026-02-02"));
  }
}

TEST_F(StagingLoaderTest, TablesThatItDoesNotOwnAreNeverTouched) {
  warehouse().server().run_sql(
      "CREATE TABLE staging.llm_enrichment_cache (tenant_id INT PRIMARY KEY, full_name TEXT);"
      "INSERT INTO staging.llm_enrichment_cache VALUES (1, 'x');"
      "CREATE TABLE staging.tenant_daily_snapshots (tenant_id INT);");
  put("2026-02-01", small_dump(table("a", {"(1,'x')"})));
  load_well("2026-02-01");
  EXPECT_THAT(tables_of("staging"),
              ElementsAre("a", "llm_enrichment_cache", "tenant_daily_snapshots"));
  EXPECT_EQ(scalar("SELECT full_name FROM staging.llm_enrichment_cache"), "x");

  set_layers("2026-02-01");
  put("2026-02-02",
      small_dump(table("a", {"(1,'y')"}) + table("llm_enrichment_cache", {"(1,'z')"})));
  const std::string before = picture();
  EXPECT_EQ(load("2026-02-02").exit_code, 21);
  EXPECT_THAT(cause(), HasSubstr("llm_enrichment_cache"));
  EXPECT_EQ(picture(), before);
}

TEST_F(StagingLoaderTest, ACorrectedDumpMustReachTheLayersBeforeTheNextDayIsLoaded) {
  put("2026-02-01", small_dump(table("a", {"(1,'x')"})));
  load_well("2026-02-01");
  set_layers("2026-02-01");
  put("2026-02-01", small_dump(table("a", {"(1,'corrected')"})));
  load_well("2026-02-01");
  EXPECT_EQ(staging_marker(), "2026-02-01 2");
  const auto checked = run({"check", "--json"});
  EXPECT_THAT(checked.out, HasSubstr("\"outdated\":true"));
  put("2026-02-02", small_dump(table("a", {"(1,'y')"})));
  EXPECT_EQ(load("2026-02-02").exit_code, 21);
  EXPECT_THAT(cause(), HasSubstr("silver shows 2026-02-01 of an earlier delivery"));
  set_layers("2026-02-01");
  load_well("2026-02-02");
}

TEST_F(StagingLoaderTest, AViewOfADumpTablesNameIsRefusedLikeATable) {
  warehouse().server().run_sql("CREATE VIEW staging.a AS SELECT 42 AS mine");
  put("2026-02-01", small_dump(table("a", {"(1,'x')"})));
  EXPECT_EQ(load("2026-02-01").exit_code, 21);
  EXPECT_EQ(scalar("SELECT mine FROM staging.a"), "42");
  warehouse().server().run_sql("DROP VIEW staging.a");
}

TEST_F(StagingLoaderTest, TextThatIsNotOfItsCharacterSetIsRefusedWithTableAndColumn) {
  put("2026-02-01", small_dump(table("a", {"(1,'ab\xff\xfe"
                                           "cd')"})));
  EXPECT_EQ(load("2026-02-01").exit_code, 14);
  EXPECT_EQ(error_name(), "Pipeline.DumpRefused");
  EXPECT_THAT(cause(), HasSubstr("a value in the rows of a that cannot be stored as it stands"));
  EXPECT_THAT(cause(), testing::Not(HasSubstr("\\xFF")));
}

TEST_F(StagingLoaderTest, ANewDeliveryUnderTheSameNameIsNotRemovedWithTheOldOne) {
  put("2026-02-01", small_dump(table("a", {"(1,'x')"})));
  const std::string gate = var_.file("gate");
  std::thread deliver([&] {
    // The loader waits at the gate once the copy stands in processed/.
    while (!archived("2026-02-01")) std::this_thread::yield();
    put("2026-02-01", small_dump(table("a", {"(1,'newer')"})));
    replace_file(gate, "");
  });
  setenv("PIPELINE_FAILPOINT_GATE", gate.c_str(), 1);
  const auto loaded = load("2026-02-01", {}, "archive_after_copy:pause");
  unsetenv("PIPELINE_FAILPOINT_GATE");
  deliver.join();
  EXPECT_TRUE(loaded.ok()) << loaded.text();
  EXPECT_TRUE(incoming("2026-02-01")) << "the new delivery waits to be read";
}

TEST_F(StagingLoaderTest, DropsWhatIsEmptyUnlessSomethingReadsIt) {
  write_config({{"preserve: []", "preserve: [preserved]"}});
  put("2026-02-01", small_dump(table("a", {"(1,'x')"}) + table("emptied", {"(1,'x')"}) +
                               table("gone", {"(1,'x')"}) + table("viewed", {"(1,'x')"}) +
                               table("preserved", {"(1,'x')"}) + table("named_by_a_source", {}) +
                               table("never_filled", {})));
  load_well("2026-02-01");
  EXPECT_THAT(tables_of("staging"),
              ElementsAre("a", "emptied", "gone", "named_by_a_source", "preserved", "viewed"));
  warehouse().server().run_sql("CREATE VIEW silver.v AS SELECT id FROM staging.viewed");
  set_layers("2026-02-01");

  put("2026-02-02", small_dump(table("a", {"(1,'x')"}) + table("emptied", {}) +
                               table("preserved", {}) + table("named_by_a_source", {})));
  load_well("2026-02-02");
  EXPECT_THAT(tables_of("staging"), ElementsAre("a", "named_by_a_source", "preserved", "viewed"));
  EXPECT_EQ(scalar("SELECT COUNT(*) FROM silver.v"), "0")
      << "gone from the dump, kept for the view, empty";
  std::vector<std::string> dropped;
  const Json result = result_file();
  for (const auto& name : result.at("output").at("dropped").as_array()) {
    dropped.push_back(name.as_string());
  }
  EXPECT_THAT(dropped, UnorderedElementsAre("emptied", "gone"));

  // A table that was dropped comes back, and one that was kept gets rows again.
  set_layers("2026-02-02");
  put("2026-02-03", small_dump(table("a", {"(1,'x')"}) + table("emptied", {"(7,'back')"}) +
                               table("viewed", {"(8,'back')"})));
  load_well("2026-02-03");
  EXPECT_EQ(scalar("SELECT id FROM staging.emptied"), "7");
  EXPECT_EQ(scalar("SELECT id FROM silver.v"), "8");
}

TEST_F(StagingLoaderTest, ATableAboveTheShrinkGuardMustNotBecomeEmpty) {
  write_config({{"shrink_guard_rows: 1000", "shrink_guard_rows: 2"}});
  put("2026-02-01",
      small_dump(table("big", {"(1,'x')", "(2,'x')", "(3,'x')"}) + table("small", {"(1,'x')"})));
  load_well("2026-02-01");
  set_layers("2026-02-01");
  const std::string before = picture();
  for (const auto& emptied :
       {table("big", {}) + table("small", {"(1,'y')"}), table("small", {"(1,'y')"})}) {
    put("2026-02-02", small_dump(emptied));
    EXPECT_EQ(load("2026-02-02").exit_code, 21);
    EXPECT_EQ(error_name(), "Pipeline.GuardRefused");
    EXPECT_THAT(cause(), HasSubstr("big (3 rows)"));
    EXPECT_EQ(picture(), before);
  }
}

TEST_F(StagingLoaderTest, ATableBelowItsFloorIsLoadedWithAReasonOnly) {
  write_config({{"protect:\n",
                 "protect:\n  tables:\n    - {table: staging.big, max_shrink: 40%}\n"
                 "    - {table: gold.new_contracts, min_rows: 1}\n"}});
  put("2026-02-01", small_dump(table("big", {"(1,'x')", "(2,'x')", "(3,'x')"})));
  load_well("2026-02-01");
  set_layers("2026-02-01");
  const std::string before = picture();
  put("2026-02-02", small_dump(table("big", {"(1,'y')"})));
  EXPECT_EQ(load("2026-02-02").exit_code, 21);
  EXPECT_THAT(cause(), HasSubstr("staging.big would shrink from 3 rows to 1, by more than its "
                                 "max_shrink of 40 %"));
  EXPECT_EQ(picture(), before);
  EXPECT_TRUE(load("2026-02-02", {"--override-guards", "the archive was split"}).ok());
  EXPECT_EQ(scalar("SELECT COUNT(*) FROM staging.big"), "1");
  EXPECT_EQ(scalar("SELECT override_reason FROM pipeline.loaded_dump ORDER BY generation DESC "
                   "LIMIT 1"),
            "override-guards: the archive was split");
}

TEST_F(StagingLoaderTest, LiveTablesWithTriggersAreRefusedByNameBeforeAnyWork) {
  put("2026-02-01", small_dump(table("a", {"(1,'x')"})));
  load_well("2026-02-01");
  set_layers("2026-02-01");
  warehouse().server().run_sql(
      "CREATE TRIGGER staging.a_bi BEFORE INSERT ON staging.a FOR EACH ROW SET NEW.name = 'x'");
  put("2026-02-02", small_dump(table("a", {"(1,'y')"})));
  EXPECT_EQ(load("2026-02-02").exit_code, 21);
  EXPECT_THAT(cause(), HasSubstr("staging.a has the trigger a_bi"));
}

TEST_F(StagingLoaderTest, LoadsTheOldestFirstAndWaitsForTheLayers) {
  for (const auto* date : {"2026-02-01", "2026-02-02", "2026-02-03"}) {
    put(date, small_dump(table("a", {fmt::format("(1,'{}')", date)})));
  }
  load_well("2026-02-03");
  EXPECT_EQ(staging_marker(), "2026-02-01 1") << "the oldest, so that no day's history is lost";
  EXPECT_EQ(load("2026-02-03").exit_code, 21) << "silver and gold have not seen day 1";
  EXPECT_THAT(cause(), HasSubstr("silver shows nothing"));
  set_layer("silver", "2026-02-01");
  EXPECT_EQ(load("2026-02-03").exit_code, 21) << "gold has not";
  set_layers("2026-02-01");
  load_well("2026-02-03");
  EXPECT_EQ(staging_marker(), "2026-02-02 2");

  const auto newest = load("2026-02-03", {"--newest-only", "the history may miss a day"});
  EXPECT_TRUE(newest.ok()) << newest.text();
  EXPECT_EQ(staging_marker(), "2026-02-03 3");
  EXPECT_EQ(scalar("SELECT override_reason FROM pipeline.loaded_dump WHERE generation = 3"),
            "newest-only: the history may miss a day");
}

TEST_F(StagingLoaderTest, TheSameDumpAgainIsNothingNew) {
  put("2026-02-01", small_dump(table("a", {"(1,'x')"})));
  load_well("2026-02-01");
  const std::string before = picture();
  const std::string shadow = checksum("staging__next", "a");
  const auto again = load("2026-02-01");
  EXPECT_TRUE(again.ok()) << again.text();
  EXPECT_THAT(again.out, HasSubstr("nothing new"));
  EXPECT_EQ(result_file().at("output").at("outcome").as_string(), "nothing_new");
  put("2026-02-01", small_dump(table("a", {"(1,'x')"})));
  EXPECT_TRUE(load("2026-02-01").ok());
  EXPECT_FALSE(incoming("2026-02-01")) << "delivered twice, archived";
  EXPECT_EQ(staging_marker(), "2026-02-01 1");
  EXPECT_EQ(picture(), before);
  EXPECT_EQ(checksum("staging__next", "a"), shadow) << "nothing was written";

  put("2026-02-01", small_dump(table("a", {"(1,'corrected')"})));
  load_well("2026-02-01");
  EXPECT_EQ(staging_marker(), "2026-02-01 2") << "other bytes of the same date are loaded";
  EXPECT_EQ(scalar("SELECT name FROM staging.a"), "corrected");
  EXPECT_EQ(std::distance(fs::directory_iterator(var().file("store/processed")),
                          fs::directory_iterator()),
            2)
      << "the earlier delivery is kept in the archive";
}

TEST_F(StagingLoaderTest, RefusesMissingOldAndRepeatedDumpsByTheirOwnNames) {
  EXPECT_EQ(load("2026-02-01").exit_code, 11) << "a past date is not waited for";
  EXPECT_EQ(error_name(), "Pipeline.DumpNotYet");
  put("2026-02-01", small_dump(table("a", {"(1,'x')"})));
  load_well("2026-02-01");
  set_layers("2026-02-01");

  EXPECT_EQ(load("2026-02-02").exit_code, 11);
  EXPECT_EQ(error_name(), "Pipeline.DumpNotYet");
  put("2026-02-04", small_dump(table("a", {"(1,'4')"})));
  EXPECT_EQ(load("2026-02-04").exit_code, 12);
  EXPECT_EQ(error_name(), "Pipeline.DumpContinuity");
  EXPECT_THAT(cause(), HasSubstr("2026-02-02, 2026-02-03"));
  EXPECT_EQ(load("2026-02-04", {"--allow-gaps", "  "}).exit_code, 10) << "a reason is a reason";
  load_well("2026-02-04", {"--allow-gaps", "the source was down"});
  EXPECT_EQ(staging_marker(), "2026-02-04 2");
  EXPECT_EQ(scalar("SELECT override_reason FROM pipeline.loaded_dump WHERE generation = 2"),
            "allow-gaps: the source was down");
  set_layers("2026-02-04");

  EXPECT_EQ(load("2026-02-01").exit_code, 13);
  EXPECT_EQ(error_name(), "Pipeline.DumpFreshness");
  fs::copy(var().file("store/processed/" + key_of("2026-02-01")),
           var().file("store/dumps/" + key_of("2026-02-05")));
  const std::string before = picture();
  EXPECT_EQ(load("2026-02-05").exit_code, 13) << "the bytes of day 1 under a new name";
  EXPECT_THAT(cause(), HasSubstr("2026-02-01"));
  EXPECT_EQ(picture(), before);

  load_well("2026-02-01", {"--rewind", "day 4 was wrong"});
  EXPECT_EQ(staging_marker(), "2026-02-01 3");
  EXPECT_EQ(scalar("SELECT name FROM staging.a"), "x");
}

TEST_F(StagingLoaderTest, ListsTheDumpsAndChecksWhatALoadNeeds) {
  put("2026-02-01", small_dump(table("a", {"(1,'x')"})));
  put("2026-02-02", small_dump(table("a", {"(1,'y')"})));
  put("2026-02-04", small_dump(table("a", {"(1,'z')"})));
  load_well("2026-02-01");
  const auto listed = run({"ls", "--business-date", "2026-02-01", "--json"});
  ASSERT_TRUE(listed.ok()) << listed.text();
  const Json rows = Json::parse(listed.out);
  ASSERT_EQ(rows.as_array().size(), 3U);
  EXPECT_EQ(rows.as_array()[0].at("state").as_string(), "live, archived");
  EXPECT_EQ(rows.as_array()[1].at("state").as_string(), "future");
  EXPECT_THAT(run({"ls", "--business-date", "2026-02-02"}).out, HasSubstr("pending"));

  const auto checked = run({"check", "--json"});
  ASSERT_TRUE(checked.ok()) << checked.text();
  const Json answer = Json::parse(checked.out);
  EXPECT_TRUE(answer.at("ok").as_bool());
  EXPECT_EQ(answer.at("live").at("business_date").as_string(), "2026-02-01");
  EXPECT_EQ(answer.at("pending").dump(), "[\"2026-02-02\",\"2026-02-04\"]");
  EXPECT_EQ(answer.at("missing").dump(), "[\"2026-02-03\"]");
  EXPECT_EQ(answer.at("layers").dump(),
            "[{\"name\":\"silver\",\"business_date\":null,\"outdated\":false},{\"name\":\"gold\","
            "\"business_date\":null,\"outdated\":false}]");

  replace_file(var().file("secrets/etl_load"), "wrong\n");
  const auto refused = run({"check"});
  EXPECT_EQ(refused.exit_code, 15) << refused.text();
  EXPECT_EQ((refused.out + refused.err).find("wrong"), std::string::npos);
}

// ---- waiting for the dump --------------------------------------------------------------------

/// A clock that brings the dump when it has been slept on often enough.
class BringingClock : public test::FakeClock {
 public:
  BringingClock(std::chrono::system_clock::time_point start, std::function<void(int)> on_sleep)
      : FakeClock(start), on_sleep_(std::move(on_sleep)) {}
  void sleep_for(std::chrono::milliseconds duration) override {
    FakeClock::sleep_for(duration);
    on_sleep_(++sleeps_);
  }

 private:
  std::function<void(int)> on_sleep_;
  int sleeps_ = 0;
};

class StagingLoaderWaits : public StagingLoaderTest {
 protected:
  static constexpr std::chrono::minutes wait_until{7 * 60 + 40};
  LoaderOptions options() {
    return {.wait_until = wait_until,
            .poll_interval = std::chrono::seconds(30),
            .load_account = warehouse().server().account_options("etl_load"),
            .publish_account = warehouse().server().account_options("etl_publish")};
  }
  const BusinessDate today_ = *BusinessDate::parse("2026-02-01");
  const std::chrono::system_clock::time_point seven_ = today_.instant_at(std::chrono::hours(7));
};

TEST_F(StagingLoaderWaits, TakesADumpThatComesLateAndKeepsTheLockFreeMeanwhile) {
  const auto store = open_store(var().file("store"));
  bool lock_was_free = false;
  BringingClock clock(seven_, [&](int sleeps) {
    if (sleeps == 100) {
      lock_was_free = run({"check"}).ok();
      put("2026-02-01", small_dump(table("a", {"(1,'late')"})));
    }
  });
  const LoadReport report = StagingLoader(*store, clock, options()).load({.date = today_}, "run-w");
  EXPECT_EQ(report.outcome, LoadReport::Outcome::loaded);
  EXPECT_EQ(scalar("SELECT name FROM staging.a"), "late");
  EXPECT_TRUE(lock_was_free);
  EXPECT_LT(clock.now(), today_.instant_at(wait_until));
  // It looks each 30 s, in pieces that a signal can end.
  for (const auto sleep : clock.sleeps()) EXPECT_LE(sleep, std::chrono::milliseconds(500));
}

TEST_F(StagingLoaderWaits, ForTheManifestOfADumpThatIsThereWhereOneIsRequired) {
  const auto store = open_store(var().file("store"));
  put("2026-02-01", small_dump(table("a", {"(1,'announced')"})));
  BringingClock clock(seven_, [&](int sleeps) {
    if (sleeps != 100) return;
    EXPECT_EQ(scalar("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA='staging'"),
              "0");
    const std::string dump = read_file(var().file("store/dumps/" + key_of("2026-02-01")));
    var().write("store/dumps/gghouse_20260201.json",
                fmt::format(R"({{"size": {}, "sha256": "{}", "rows": {{"a": 1}}}})", dump.size(),
                            sha256_hex(dump)));
  });
  LoaderOptions wanted = options();
  wanted.places.manifests = DumpPlaces::Manifests::required;
  const LoadReport report = StagingLoader(*store, clock, wanted).load({.date = today_}, "run-w");
  EXPECT_EQ(report.outcome, LoadReport::Outcome::loaded);
  EXPECT_EQ(report.manifest, "dumps/gghouse_20260201.json");
  EXPECT_EQ(scalar("SELECT name FROM staging.a"), "announced");
  EXPECT_LT(clock.now(), today_.instant_at(wait_until));
}

TEST_F(StagingLoaderWaits, GivesUpAtTheHourOfTheBusinessDate) {
  const auto store = open_store(var().file("store"));
  test::FakeClock clock(seven_);
  try {
    StagingLoader(*store, clock, options()).load({.date = today_}, "run-w");
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::dump_not_yet);
  }
  EXPECT_EQ(clock.now(), today_.instant_at(wait_until));
}

TEST_F(StagingLoaderWaits, ASignalEndsTheWait) {
  const auto store = open_store(var().file("store"));
  test::FakeClock clock(seven_);
  LoaderOptions wanted = options();
  wanted.check_cancelled = [] { throw Error(ErrorKind::cancelled, "stopped"); };
  EXPECT_THROW(StagingLoader(*store, clock, wanted).load({.date = today_}, "run-w"), Error);
  EXPECT_EQ(clock.now(), seven_);
}

// ---- killed at every step -------------------------------------------------------------------

class StagingLoaderKilled : public StagingLoaderTest,
                            public testing::WithParamInterface<std::string> {
 protected:
  std::string dump(int day) {
    std::vector<std::string> rows;
    for (int id = 1; id <= 40'000; ++id)
      rows.push_back(fmt::format("({},'row {} of day {}')", id, id, day));
    return small_dump(table("many", rows) + table("a", {fmt::format("(1,'{}')", day)}) +
                      table(day == 1 ? "only_before" : "only_after", {"(1,'x')"}));
  }
  void begin() {
    put("2026-02-01", dump(1));
    load_well("2026-02-01");
    set_layers("2026-02-01");
    put("2026-02-02", dump(2));
  }
};

TEST_P(StagingLoaderKilled, ANormalRunAfterwardsEndsAsIfNothingHadHappened) {
  begin();
  const std::string old = picture();
  const auto killed = load("2026-02-02", {}, GetParam() + ":kill");
  ASSERT_EQ(killed.signal, SIGKILL) << "the point was not reached: " << killed.text();
  const std::string between = picture();
  const bool published = staging_marker().starts_with("2026-02-02");
  EXPECT_EQ(between == old, !published) << "staging is wholly old or wholly new";
  load_well("2026-02-02");

  EXPECT_THAT(staging_marker(), testing::StartsWith("2026-02-02"));
  EXPECT_FALSE(incoming("2026-02-02"));
  EXPECT_TRUE(archived("2026-02-02"));
  EXPECT_EQ(scalar("SELECT COUNT(*) FROM pipeline.publish_journal WHERE state = 'planned'"), "0");
  EXPECT_EQ(scalar("SELECT COUNT(*) FROM pipeline.loaded_dump WHERE published_at IS NOT NULL "
                   "AND generation = (SELECT generation FROM staging.pipeline_marker)"),
            "1");
  warehouse().load_by_client("reference", dump(2));
  EXPECT_EQ(tables_of("staging"), tables_of("reference"));
  for (const auto& name : tables_of("reference")) {
    EXPECT_EQ(checksum("staging", name), checksum("reference", name)) << name;
    EXPECT_EQ(definition("staging", name), definition("reference", name));
  }
  if (published) {
    EXPECT_EQ(picture(), between);
  }
}

INSTANTIATE_TEST_SUITE_P(Failpoints, StagingLoaderKilled,
                         testing::Values("loader_after_lock", "loader_before_table",
                                         "loader_mid_rows", "loader_after_load",
                                         "loader_before_publish", "publish_after_journal",
                                         "publish_before_rename", "publish_after_rename",
                                         "publish_after_catalogue", "publish_before_close",
                                         "loader_after_publish", "archive_after_copy",
                                         "archive_after_delete"),
                         [](const auto& one) { return one.param; });

TEST_F(StagingLoaderKilled, SigtermInTheMiddleOfRowsEndsCleanly) {
  begin();
  const std::string before = picture();
  const auto stopped = load("2026-02-02", {}, "loader_mid_rows:term");
  EXPECT_EQ(stopped.exit_code, 130) << stopped.text();
  EXPECT_LT(stopped.took, std::chrono::seconds(8));
  EXPECT_EQ(picture(), before);
  load_well("2026-02-02");
  EXPECT_THAT(staging_marker(), testing::StartsWith("2026-02-02"));
}

}  // namespace
}  // namespace pipeline
