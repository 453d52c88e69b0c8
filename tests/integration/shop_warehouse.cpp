#include "tests/integration/shop_warehouse.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <fmt/core.h>

#include "common/base/text.h"

namespace pipeline {

namespace fs = std::filesystem;

namespace shop {

const char* const dbt_project = R"(name: shop
version: "1.0"
config-version: 2
profile: shop
seeds:
  shop:
    +schema: seeds
models:
  shop:
    silver:
      +schema: silver
      +materialized: view
    gold:
      +schema: gold
      +materialized: table
)";

const char* const profiles = R"(shop:
  target: dev
  outputs:
    dev:
      type: mariadb
      server: localhost
      schema: silver
      username: nobody
      password: unused
      threads: 1
)";

const char* const schema_name_macro = R"({% macro generate_schema_name(custom, node) -%}
  {{ custom if custom is not none else target.schema }}
{%- endmacro %}
)";

const char* const silver_yaml = R"(version: 2
sources:
  - name: staging
    schema: staging
    tables:
      - name: tenants
models:
  - name: stg_tenants
    columns:
      - name: tenant_id
        tests: [unique, not_null]
      - name: label
        tests:
          - not_null:
              severity: warn
  - name: history
    columns:
      - name: status
        tests:
          - relationships:
              to: ref('code_status')
              field: code
)";

const char* const stg_tenants = R"(select t.id as tenant_id, t.status, s.label
from {{ source('staging', 'tenants') }} t
left join {{ ref('code_status') }} s on s.code = t.status
)";

const char* const counts = R"({{ config(materialized='table', indexes=[
  {'columns': ['status'], 'unique': true}, {'columns': ['label', 'status']}]) }}
select status, max(label) as label, count(*) as tenants, curdate() as counted_on
from {{ ref('stg_tenants') }}
group by status
)";

const char* const history = R"({{ config(
  materialized='incremental', unique_key=['tenant_id', 'valid_from'],
  indexes=[{'columns': ['tenant_id', 'valid_from'], 'unique': true}],
  post_hook="{% if is_incremental() %}update {{ this }} a join (select tenant_id, max(valid_from) newest from {{ this }} group by tenant_id) b on b.tenant_id = a.tenant_id set a.valid_to = b.newest, a.is_current = 0 where a.is_current = 1 and a.valid_from < b.newest{% endif %}") }}
select t.tenant_id, t.status, curdate() as valid_from, cast(null as date) as valid_to, 1 as is_current
from {{ ref('stg_tenants') }} t
{% if is_incremental() %}
left join {{ this }} h on h.tenant_id = t.tenant_id and h.is_current = 1
where h.tenant_id is null or not (h.status <=> t.status)
{% endif %}
)";

const char* const days = R"({{ config(materialized='incremental') }}
select curdate() as day, count(*) as tenants, now() as counted_at from {{ ref('stg_tenants') }}
)";

const char* const one_current = R"(select tenant_id from {{ ref('history') }}
group by tenant_id having sum(is_current) <> 1
)";

const char* const summary = R"(select c.status, c.label, c.tenants, d.day
from {{ ref('counts') }} c join {{ ref('days') }} d on d.day = c.counted_on
)";

}  // namespace shop

using namespace shop;

ShopWarehouse::ShopWarehouse() : root_((server_.apply_grants(), server_.open_root())) {}

void ShopWarehouse::reset() {
  for (const char* schema : {"staging", "seeds", "silver", "gold"}) {
    for (const std::string suffix : {"", "__next"}) {
      const std::string name = schema + suffix;
      root_.execute("DROP DATABASE " + name);
      root_.execute("CREATE DATABASE " + name + " COLLATE utf8mb4_unicode_ci");
    }
  }
  for (const char* table : {"session", "publish_journal", "published_table", "backup",
                            "loaded_dump", "applied_batch"}) {
    root_.execute(fmt::format("TRUNCATE pipeline.{}", table));
  }
  staging_generation_ = 0;
  root_.execute("CREATE TABLE staging.tenants (id INT PRIMARY KEY, status INT NOT NULL)");
  fs::remove_all(dir_.file("project"));
  write("dbt_project.yml", dbt_project);
  write("profiles.yml", profiles);
  write("macros/generate_schema_name.sql", schema_name_macro);
  write("models/silver/silver.yml", silver_yaml);
  write("models/silver/stg_tenants.sql", stg_tenants);
  write("models/silver/counts.sql", counts);
  write("models/silver/history.sql", history);
  write("models/silver/days.sql", days);
  write("models/gold/summary.sql", summary);
  write("seeds/code_status.csv", "code,label\n1,検討中\n7,入居\n9,居住中\n");
  write("tests/one_current.sql", one_current);
  write_config();
}

void ShopWarehouse::write(const std::string& path, std::string_view text) {
  dir_.write("project/" + path, text);
}

void ShopWarehouse::stage(const std::string& date, const std::string& rows) {
  ++staging_generation_;
  root_.execute("DELETE FROM staging.tenants");
  root_.execute("INSERT INTO staging.tenants VALUES " + rows);
  mark_staging(date, staging_generation_);
}

void ShopWarehouse::mark_staging(const std::string& date, std::uint64_t generation) {
  root_.execute(
      "CREATE TABLE IF NOT EXISTS staging.pipeline_marker (generation BIGINT UNSIGNED PRIMARY "
      "KEY, upstream_generation BIGINT UNSIGNED NOT NULL, run_id VARCHAR(64) NOT NULL, "
      "business_date DATE NOT NULL, source_object VARCHAR(1024) NOT NULL, source_sha256 "
      "VARCHAR(64) NOT NULL, project_hash VARCHAR(64) NOT NULL, on_run_end VARCHAR(16) NOT NULL, "
      "published_at VARCHAR(32) NOT NULL) ENGINE=InnoDB");
  root_.execute("DELETE FROM staging.pipeline_marker");
  root_.execute(fmt::format(
      "INSERT INTO staging.pipeline_marker VALUES ({}, 0, 'load', '{}', 'dump', 'sha', '', "
      "'none', '')",
      generation, date));
}

test::ProgramToRun ShopWarehouse::program(const std::string& name,
                                          std::vector<std::string> arguments,
                                          std::map<std::string, std::string> env) {
  std::vector<std::string> argv{std::string(PIPELINE_BIN_DIR) + "/" + name, "--config",
                                dir_.file("pipeline.yaml"), "--result-file", result_file()};
  argv.insert(argv.begin() + 1, arguments.begin(), arguments.end());
  fs::remove(result_file());
  return {.argv = argv, .env = std::move(env)};
}

ShopWarehouse::Outcome ShopWarehouse::run(const std::string& name,
                                          std::vector<std::string> arguments,
                                          std::map<std::string, std::string> env) {
  return finish(test::run_program(program(name, std::move(arguments), std::move(env))));
}

ShopWarehouse::Outcome ShopWarehouse::finish(test::ProgramResult ended) {
  Outcome outcome{.program = std::move(ended), .result = {}};
  if (auto result = read_stage_result(result_file())) outcome.result = std::move(*result);
  return outcome;
}

std::string ShopWarehouse::rows(const std::string& sql) {
  std::string text;
  for (const auto& row : root_.query(sql).rows) {
    if (!text.empty()) text += ";";
    std::string line;
    for (const auto& field : row) line += (line.empty() ? "" : "|") + field.value_or("\\N");
    text += line;
  }
  return text;
}

std::string ShopWarehouse::published() {
  std::string text;
  const auto names = root_.query(
      "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE "
      "TABLE_SCHEMA IN ('seeds', 'silver', 'gold') ORDER BY 1, 2");
  for (const auto& row : names.rows) {
    const std::string name = *row[0] + "." + *row[1];
    const bool view = row[2] == "VIEW";
    const auto shown =
        root_.query((view ? "SHOW CREATE VIEW " : "CHECKSUM TABLE ") + name).rows.at(0).at(1);
    text += name + " " + shown.value_or("") + "\n";
  }
  return text;
}

std::string ShopWarehouse::content() {
  std::string text;
  for (const auto& line : split(published(), '\n')) {
    if (line.find("pipeline_marker") == std::string::npos &&
        line.find("_backup_") == std::string::npos) {
      text += line + "\n";
    }
  }
  return text;
}

std::string ShopWarehouse::marker(const std::string& schema) {
  return rows("SELECT generation, upstream_generation, business_date, run_id FROM " + schema +
              ".pipeline_marker");
}

void ShopWarehouse::write_config(const std::string& more, const std::string& transform) {
  std::string accounts;
  for (const std::string account : {"load", "build", "publish", "janitor", "vault", "admin"}) {
    dir_.write("secrets/" + account, "pw_etl_" + account + "\n");
    accounts += fmt::format("    {0}:\n      user: etl_{0}\n      password:\n        file: {1}\n",
                            account, dir_.file("secrets/" + account));
  }
  dir_.write("pipeline.yaml",
             "source:\n  store: store\n"
             "warehouse:\n  server: managed\n  socket: " +
                 server_.socket() + "\n  accounts:\n" + accounts +
                 "transform:\n  project: project\n  target_path: target\n" + transform +
                 "  layers:\n"
                 "    silver:\n      select: [\"path:seeds\", \"path:models/silver\"]\n"
                 "    gold:\n      select: [\"path:models/gold\"]\n"
                 "orchestrator:\n  state_machine: machine.yaml\n  state_dir: state\n" +
                 more);
}

std::string ShopWarehouse::Outcome::status(std::string_view unique_id) const {
  for (const char* list : {"nodes", "tests"}) {
    const Json* results = output().find(list);
    if (results == nullptr) continue;
    for (const auto& entry : results->as_array()) {
      if (entry.at("unique_id").as_string() == unique_id) return entry.at("status").as_string();
    }
  }
  return {};
}

pid_t ShopWarehouse::pid_of_transformer() const {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream cmdline(entry.path() / "cmdline", std::ios::binary);
    const std::string words{std::istreambuf_iterator<char>(cmdline), {}};
    if (words.find(file("pipeline.yaml")) != std::string::npos) {
      return static_cast<pid_t>(std::stol(name));
    }
  }
  throw std::runtime_error("no transformer runs");
}

ShopWarehouse& shop_warehouse() {
  static ShopWarehouse instance;
  return instance;
}

void ShopTest::first_day() {
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7), (3, 9)");
  expect_green(warehouse_.run("silver_transformer"));
  expect_green(warehouse_.run("gold_transformer"));
}

ShopWarehouse::Outcome ShopTest::expect_refused(const std::string& program,
                                                const std::string& error, int exit_code,
                                                std::vector<std::string> arguments) {
  const std::string before = warehouse_.published();
  auto outcome = warehouse_.run(program, std::move(arguments));
  EXPECT_EQ(outcome.program.exit_code, exit_code) << outcome.program.text();
  EXPECT_EQ(outcome.error(), error) << outcome.program.text();
  EXPECT_EQ(warehouse_.published(), before) << "nothing that readers see may change";
  return outcome;
}

bool wait_for(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

}  // namespace pipeline
