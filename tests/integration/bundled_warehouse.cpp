// A private server with the sample source in staging, the bundled dbt project and its
// pipeline.yaml.
#include "tests/integration/bundled_warehouse.h"

#include <filesystem>
#include <stdexcept>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "common/base/json.h"
#include "common/base/text.h"

namespace pipeline::bundled {
namespace {

namespace fs = std::filesystem;

const std::string source_dir = PIPELINE_SOURCE_DIR;
const std::string bin_dir = PIPELINE_BIN_DIR;
constexpr const char* first_date = "2026-02-01";
constexpr std::string_view test_prefix = "test.nightly_pipeline.";

template <typename Visit>
void for_each_failed_test(const StageResult& result, const Visit& visit) {
  const Json* tests = result.output.find("tests");
  if (tests == nullptr) return;
  for (const auto& one : tests->as_array()) {
    if (one.at("status").as_string() == "fail") visit(one);
  }
}

}  // namespace

std::string Outcome::failed_tests() const {
  std::vector<std::string> names;
  for_each_failed_test(result, [&](const Json& one) {
    names.push_back(one.at("unique_id").as_string().substr(test_prefix.size()));
  });
  return join(names, " ");
}

std::uint64_t Outcome::failing_rows() const {
  std::uint64_t rows = 0;
  for_each_failed_test(result, [&](const Json& one) {
    rows += static_cast<std::uint64_t>(one.at("failures").as_int());
  });
  return rows;
}

Warehouse::Warehouse() : root_((server_.apply_grants(), server_.open_root())) {
  // MySQL 8's own, which is the stricter one of the two servers'.
  root_.execute(
      "SET GLOBAL sql_mode = 'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
      "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'");
  for (const auto* folder : {"mariadb", "secrets", "deploy"}) {
    fs::create_directories(dir_.file(folder));
  }
  fs::create_symlink(server_.socket(), dir_.file("mariadb/mariadbd.sock"));
  for (const auto* account : {"etl_load", "etl_build", "etl_publish", "etl_janitor"}) {
    dir_.write(std::string("secrets/") + account, std::string("pw_") + account + "\n");
  }
  const std::string config = test::read_text_file(source_dir + "/deploy/pipeline.yaml");
  dir_.write("deploy/pipeline.yaml", replace_all(config, "../stages/dbt", "../dbt"));
  restore_project();
}

void Warehouse::reset() {
  for (const char* schema : {"staging", "seeds", "silver", "gold"}) {
    for (const std::string suffix : {"", "__next"}) {
      const std::string name = schema + suffix;
      root_.execute("DROP DATABASE IF EXISTS " + name);
      root_.execute("CREATE DATABASE " + name + " COLLATE utf8mb4_unicode_ci");
    }
  }
  for (const char* table :
       {"session", "publish_journal", "published_table", "backup", "loaded_dump"}) {
    root_.execute(fmt::format("TRUNCATE pipeline.{}", table));
  }
  root_.execute(
      "CREATE TABLE staging.pipeline_marker (generation BIGINT UNSIGNED PRIMARY KEY, "
      "upstream_generation BIGINT UNSIGNED NOT NULL, run_id VARCHAR(64) NOT NULL, business_date "
      "DATE NOT NULL, source_object VARCHAR(1024) NOT NULL, source_sha256 VARCHAR(64) NOT NULL, "
      "project_hash VARCHAR(64) NOT NULL, on_run_end VARCHAR(16) NOT NULL, published_at "
      "VARCHAR(32) NOT NULL) ENGINE=InnoDB");
  server_.run_sql("USE staging;\n" + make_source({"--staging-extras", "--date", first_date}));
  restore_project();
}

void Warehouse::stage(int day, const std::string& date) {
  server_.run_sql("USE staging;\n" + source_of(day));
  mark_staging(date);
}

void Warehouse::mark_staging(const std::string& date) {
  ++staging_generation_;
  root_.execute("DELETE FROM staging.pipeline_marker");
  root_.execute(fmt::format(
      "INSERT INTO staging.pipeline_marker VALUES ({}, 0, 'load', '{}', 'dump', 'sha', '', 'none', "
      "'')",
      staging_generation_, date));
}

const std::string& Warehouse::source_of(int day) {
  std::string& sql = sources_[day];
  if (sql.empty()) {
    sql = make_source({"--day", std::to_string(day), "--date", fmt::format("2026-02-{:02}", day)});
  }
  return sql;
}

std::string Warehouse::make_source(const std::vector<std::string>& arguments) {
  std::vector<std::string> argv{bin_dir + "/make_source", "--scale", "0.002", "--seed", "1"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const auto made = test::run_program({.argv = argv});
  if (!made.ok()) throw std::runtime_error(made.text());
  return made.out;
}

Outcome Warehouse::run(const std::string& program, std::vector<std::string> arguments) {
  const std::string result_file = dir_.file("result.json");
  fs::remove(result_file);
  arguments.insert(arguments.begin(),
                   {bin_dir + "/" + program, "--config", dir_.file("deploy/pipeline.yaml"),
                    "--result-file", result_file});
  Outcome outcome{
      .program = test::run_program({.argv = arguments, .env = {{"PIPELINE_VAR", dir_.path()}}}),
      .result = {}};
  if (auto result = read_stage_result(result_file)) outcome.result = std::move(*result);
  return outcome;
}

void Warehouse::build(std::vector<std::string> arguments) {
  for (const char* program : {"silver_transformer", "gold_transformer"}) {
    const Outcome outcome = run(program, arguments);
    EXPECT_TRUE(outcome.program.ok()) << program << ": " << outcome.program.text();
  }
}

std::string Warehouse::rows(const std::string& sql) {
  std::vector<std::string> lines;
  for (const auto& row : root_.query(sql).rows) {
    std::vector<std::string> fields;
    for (const auto& field : row) fields.push_back(field.value_or("NULL"));
    lines.push_back(join(fields, "|"));
  }
  return join(lines, ";");
}

std::string Warehouse::checksums() {
  std::string all;
  const auto tables = root_.query(
      "SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) FROM information_schema.TABLES WHERE "
      "TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA IN ('seeds', 'silver', 'gold') AND TABLE_NAME <> "
      "'pipeline_marker' AND TABLE_NAME NOT LIKE '%\\_backup\\_%' ORDER BY 1");
  for (const auto& row : tables.rows) {
    all += fmt::format("{} {}\n", *row[0],
                       root_.query("CHECKSUM TABLE " + *row[0]).rows[0][1].value_or("NULL"));
  }
  return all;
}

void Warehouse::edit(const std::string& file, const std::string& from, const std::string& to) {
  const std::string text = test::read_text_file(dir_.file("dbt/" + file));
  ASSERT_NE(text.find(from), std::string::npos) << file << " holds no " << from;
  dir_.write("dbt/" + file, replace_all(text, from, to));
}

void Warehouse::restore_project() {
  fs::remove_all(dir_.file("dbt"));
  fs::copy(source_dir + "/stages/dbt", dir_.file("dbt"), fs::copy_options::recursive);
  fs::remove_all(dir_.file("dbt/target"));
}

}  // namespace pipeline::bundled
