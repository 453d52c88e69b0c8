// Every dump of tests/golden/hostile goes to the loader, which runs under its own accounts on a
// real server, by LOAD DATA and, where that was taken, by INSERTs: whatever it says, no other
// schema, account, setting or file is another one afterwards, and where it refuses, staging is as
// before.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/io/file.h"
#include "tests/integration/differential_warehouse.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;

const std::string folder = PIPELINE_SOURCE_DIR "/tests/golden/hostile/";

test::DifferentialWarehouse& warehouse() {
  return test::DifferentialWarehouse::shared();
}

std::string rows_of(const std::string& query) {
  std::string text;
  for (const auto& row : warehouse().root().query(query).rows) {
    for (const auto& value : row) text += value.value_or("NULL") + "|";
    text += "\n";
  }
  return text;
}

/// All that a dump has no business with.
std::string everything_else() {
  std::string text =
      rows_of("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA ORDER BY 1") +
      rows_of(
          "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE FROM information_schema.TABLES "
          "WHERE TABLE_SCHEMA NOT IN ('staging', 'staging__next', 'information_schema', "
          "'performance_schema') ORDER BY 1, 2") +
      rows_of("SELECT * FROM mysql.global_priv ORDER BY 1, 2") +
      rows_of("SELECT * FROM mysql.db ORDER BY 1, 2, 3") +
      rows_of("SELECT db, name, type FROM mysql.proc ORDER BY 1, 2") +
      rows_of("SELECT name, dl FROM mysql.func") + rows_of("SELECT * FROM mysql.servers") +
      rows_of("SELECT EVENT_SCHEMA, EVENT_NAME FROM information_schema.EVENTS") +
      rows_of("SELECT TRIGGER_SCHEMA, TRIGGER_NAME FROM information_schema.TRIGGERS") +
      rows_of("SELECT PLUGIN_NAME, PLUGIN_STATUS FROM information_schema.PLUGINS ORDER BY 1") +
      rows_of("SHOW GLOBAL VARIABLES") + rows_of("CHECKSUM TABLE silver.victim") +
      rows_of("SELECT next_not_cached_value FROM silver.counter");
  const fs::path data = *warehouse().root().query_value("SELECT @@datadir");
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(data)) {
    const std::string path = fs::relative(entry.path(), data).string();
    if (!path.starts_with("staging")) files.push_back(path);
  }
  std::ranges::sort(files);
  for (const auto& file : files) text += file + "\n";
  return text + (fs::exists("/tmp/pipeline_hostile") ? "a file outside\n" : "");
}

void make_victims() {
  Connection& root = warehouse().root();
  root.execute("CREATE TABLE silver.victim (id int PRIMARY KEY, v varchar(40))");
  root.execute("INSERT INTO silver.victim VALUES (1, 'as it was')");
  root.execute("CREATE SEQUENCE silver.counter NOCACHE");
}

std::vector<fs::path> dumps() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".sql") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

TEST(HostileDumpsOnAServer, ChangeNothingBesideStagingAndNothingAtAllWhereTheyAreRefused) {
  make_victims();
  const auto honest = warehouse().load_by_loader(
      "CREATE TABLE `t` (`id` int NOT NULL, PRIMARY KEY (`id`));\nINSERT INTO `t` VALUES (1);\n"
      "-- Dump completed\n");
  ASSERT_TRUE(honest.report.has_value()) << honest.error->what();
  const std::string before = everything_else();
  warehouse().root().execute("CREATE USER hostile");
  EXPECT_NE(everything_else(), before) << "what is compared shows an account";
  warehouse().root().execute("DROP USER hostile");
  std::size_t refused = 0;
  std::vector<std::string> loaded;
  for (const auto& path : dumps()) {
    for (const RowsBy way : {RowsBy::load_data, RowsBy::inserts}) {
      SCOPED_TRACE(path.stem().string() +
                   (way == RowsBy::load_data ? " by LOAD DATA" : " by INSERTs"));
      const std::string staging = warehouse().picture("staging");
      const auto verdict = warehouse().load_by_loader(read_file(path), way);
      EXPECT_EQ(everything_else(), before);
      if (!verdict.error) {
        loaded.push_back(path.stem().string());
        continue;  // and once more by the other way
      }
      ++refused;
      const ErrorKind kind = verdict.error->kind();
      EXPECT_TRUE(kind == ErrorKind::dump_refused || kind == ErrorKind::dump_corrupt ||
                  kind == ErrorKind::sql_rejected)
          << verdict.error->what();
      EXPECT_EQ(warehouse().picture("staging"), staging);
      break;  // both ways begin with the same reading
    }
  }
  EXPECT_GE(refused, 200U);
  EXPECT_LE(loaded.size(), 80U) << join(loaded, " ");
}

}  // namespace
}  // namespace pipeline
