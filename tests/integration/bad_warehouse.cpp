#include "tests/integration/bad_warehouse.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/mariadb/identifier.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;

constexpr const char* published_schemas = "('staging', 'seeds', 'silver', 'gold')";

/// Accounts of one host only: a right that is taken away must not be found
/// under the other.
void prepare(test::MariadbServer& server) {
  server.apply_grants();
  std::string sql;
  for (const auto* account : {"load", "build", "publish", "vault", "janitor"}) {
    sql += fmt::format("DROP USER 'etl_{}'@'%';\n", account);
  }
  server.run_sql(sql);
}

std::string second_dump() {
  return gzipped(replace_all(small_dump(), "(1,1),(2,7)", "(1,7),(2,7),(3,1)"));
}

std::string rows_of(Connection& root, const std::string& sql) {
  std::string text;
  for (const auto& row : root.query(sql).rows) {
    for (const auto& field : row) text += field.value_or("\\N") + "|";
    text += "\n";
  }
  return text;
}

}  // namespace

BadWarehouse::BadWarehouse()
    : root_((prepare(server_), server_.open_root())), house_(server_.socket()) {}

void BadWarehouse::reset() {
  house_.reset();
  for (const std::string schema : {"staging", "seeds", "silver", "gold"}) {
    for (const std::string& name : {schema, schema + "__next"}) {
      root_.execute("DROP DATABASE IF EXISTS " + name);
      root_.execute("CREATE DATABASE " + name + " COLLATE utf8mb4_unicode_ci");
    }
  }
  for (const auto* table :
       {"session", "publish_journal", "published_table", "backup", "loaded_dump"}) {
    root_.execute(fmt::format("TRUNCATE pipeline.{}", table));
  }
  // A view, so that rights on views count too.
  house_.write("project/models/gold/statuses.sql",
               "{{ config(materialized='view') }}\nselect status from {{ "
               "ref('counts') }}\n");
  for (const auto& start : all_stages()) {
    const Said said = house_.run(start);
    if (!said.program.ok()) throw std::runtime_error("the first day fails: " + said.text());
  }
  house_.write("store/dumps/gghouse_20260202.sql.gz", second_dump());
}

std::string BadWarehouse::picture() {
  std::string text = house_.store() + "\n";
  const auto tables =
      root_.query(fmt::format("SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE "
                              "FROM information_schema.TABLES "
                              "WHERE TABLE_SCHEMA IN {} ORDER BY 1, 2",
                              published_schemas));
  for (const auto& row : tables.rows) {
    const std::string name = quote_name(*row[0], *row[1]);
    const std::string show = row[2] == "VIEW" ? "SHOW CREATE VIEW " : "CHECKSUM TABLE ";
    text += name + " " + root_.query(show + name).rows.at(0).at(1).value_or("") + "\n";
  }
  for (const auto* table : {"publish_journal", "published_table", "backup", "loaded_dump"}) {
    text += rows_of(root_, fmt::format("SELECT * FROM pipeline.{}", table));
  }
  return text;
}

std::string BadWarehouse::content() {
  std::string text;
  for (const auto* table :
       {"staging.tenants", "seeds.code_status", "silver.counts", "gold.summary"}) {
    text += fmt::format("{}\n{}", table,
                        rows_of(root_, fmt::format("SELECT * FROM {} ORDER BY 1", table)));
  }
  return text;
}

std::string BadWarehouse::dates() {
  std::string text;
  for (const auto* schema : {"staging", "silver", "gold"}) {
    text += text.empty() ? "" : " ";
    text += root_.query_value(fmt::format("SELECT business_date FROM {}.pipeline_marker", schema))
                .value_or("none");
  }
  return text;
}

BadWarehouse& bad_warehouse() {
  static BadWarehouse instance;
  return instance;
}

Start second_day(const std::string& program) {
  if (program == "staging_loader") {
    return start_of(program, {"load", "--business-date", "2026-02-02"});
  }
  if (program == "orchestrator") return start_of(program, {"run", "--date", "2026-02-02"});
  return start_of(program, {"run", "--force"});
}

void BadWarehouseTest::expect_refused(const Start& start, const Refusal& refusal) {
  const std::string before = warehouse_.picture();
  expect_refusal(start, house_.run(start), refusal);
  EXPECT_EQ(warehouse_.picture(), before) << start.program << " changed something";
}

void BadWarehouseTest::expect_green(const Start& start) {
  const Said said = house_.run(start);
  EXPECT_TRUE(said.program.ok()) << start.program << ": " << said.text();
}

void BadWarehouseTest::expect_second_day_goes_on() {
  for (const auto& start : all_stages()) expect_green(second_day(start.program));
  EXPECT_EQ(warehouse_.dates(), "2026-02-02 2026-02-02 2026-02-02");
}

void BadWarehouseTest::deliver(const std::string& file, const std::string& bytes,
                               std::chrono::minutes since) {
  house_.write(file, bytes);
  fs::last_write_time(house_.file(file), fs::file_time_type::clock::now() - since);
}

std::vector<std::string> BadWarehouseTest::names_in(const std::string& folder) const {
  std::vector<std::string> names;
  const std::string path = house_.file("store/" + folder);
  if (!fs::exists(path)) return names;
  for (const auto& entry : fs::directory_iterator(path)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

}  // namespace pipeline
