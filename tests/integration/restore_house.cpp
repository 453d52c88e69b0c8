#include "tests/integration/restore_house.h"

#include <filesystem>
#include <stdexcept>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/mariadb/identifier.h"

namespace pipeline::test {
namespace {

namespace fs = std::filesystem;

const std::string bin_dir = PIPELINE_BIN_DIR;

constexpr const char* dbt_project = R"(name: shop
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

constexpr const char* profiles = R"(shop:
  target: dev
  outputs:
    dev:
      type: mariadb
      server: localhost
      schema: silver
      username: nobody
      password: unused
)";

constexpr const char* schema_name_macro = R"({% macro generate_schema_name(custom, node) -%}
  {{ custom if custom is not none else target.schema }}
{%- endmacro %}
)";

constexpr const char* stg_tenants = R"(select t.id as tenant_id, t.status, s.label
from {{ source('staging', 'tenants') }} t
left join {{ ref('code_status') }} s on s.code = t.status
)";

constexpr const char* counts = R"({{ config(materialized='table') }}
select status, count(*) as tenants, curdate() as counted_on from {{ ref('stg_tenants') }}
group by status
)";

constexpr const char* history = R"({{ config(
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

// Nothing keeps a day from being counted twice here but the pipeline.
constexpr const char* days = R"({{ config(materialized='incremental') }}
select curdate() as day, count(*) as tenants, now() as counted_at from {{ ref('stg_tenants') }}
)";

constexpr const char* current =
    R"(select tenant_id, status from {{ ref('history') }} where is_current = 1
)";

constexpr const char* summary = R"(select status, tenants from {{ ref('counts') }}
)";

constexpr const char* moves = R"({{ config(materialized='incremental') }}
select curdate() as day, count(*) as open_rows from {{ ref('history') }} where is_current = 1
)";

constexpr const char* sources = R"(version: 2
sources:
  - name: staging
    schema: staging
    tables:
      - name: tenants
)";

constexpr const char* machine = R"(StartAt: Staging
States:
  Staging:
    Type: Task
    Resource: stage:staging_loader
    Next: Silver
  Silver:
    Type: Task
    Resource: stage:silver_transformer
    Next: Gold
  Gold:
    Type: Task
    Resource: stage:gold_transformer
    End: true
)";

std::string dump_of(std::string_view rows) {
  return fmt::format(
      "-- MariaDB dump 10.19\n"
      "/*!40101 SET NAMES utf8mb4 */;\n"
      "DROP TABLE IF EXISTS `tenants`;\n"
      "CREATE TABLE `tenants` (\n  `id` int(11) NOT NULL,\n  `status` int(11) NOT NULL,\n  PRIMARY "
      "KEY (`id`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;\n"
      "INSERT INTO `tenants` VALUES {};\n"
      "-- Dump completed on 2026-02-01  3:00:00\n",
      rows);
}

void require_ok(const ProgramResult& result) {
  if (!result.ok()) throw std::runtime_error(result.text());
}

}  // namespace

RestoreHouse::RestoreHouse() : root_((server_.apply_grants(), server_.open_root())) {
  write_project();
  write_config();
  write("machine.yaml", machine);
  deliver("2026-02-01", "(1,1),(2,7),(3,9)");
  deliver("2026-02-02", "(1,7),(2,7),(4,1)");
  deliver("2026-02-03", "(1,9),(2,7),(4,7)");
  for (int day = 1; day <= 3; ++day) run_day(day);
  three_days_ = content();
  require_ok(run_program(
      {.argv = {
           "/bin/bash", "-c",
           fmt::format("mariadb-dump --no-defaults --socket={} --user=root --databases staging "
                       "seeds silver gold pipeline >{}",
                       server_.socket(), file("three_days.sql"))}}));
  fs::copy(file("store"), file("store_after"), fs::copy_options::recursive);
}

void RestoreHouse::run_day(int day) {
  const std::string date = fmt::format("2026-02-0{}", day);
  const std::string id = fmt::format("day{}", day);
  for (const char* stage : {"staging_loader", "silver_transformer", "gold_transformer"}) {
    require_ok(run(stage, {"--business-date", date, "--run-id", id}).program);
  }
}

void RestoreHouse::reset() {
  for (const std::string schema : {"staging", "seeds", "silver", "gold"}) {
    root_.execute("DROP DATABASE " + schema);
    root_.execute("DROP DATABASE " + schema + "__next");
    root_.execute("CREATE DATABASE " + schema + "__next COLLATE utf8mb4_unicode_ci");
  }
  server_.run_sql_file(file("three_days.sql"), {});
  fs::remove_all(file("store"));
  fs::copy(file("store_after"), file("store"), fs::copy_options::recursive);
  fs::remove_all(file("state"));
  fs::remove_all(file("project"));
  write_project();
  write_config();
}

void RestoreHouse::write_project() {
  write_model("dbt_project.yml", dbt_project);
  write_model("profiles.yml", profiles);
  write_model("macros/generate_schema_name.sql", schema_name_macro);
  write_model("models/sources.yml", sources);
  write_model("models/silver/stg_tenants.sql", stg_tenants);
  write_model("models/silver/counts.sql", counts);
  write_model("models/silver/history.sql", history);
  write_model("models/silver/days.sql", days);
  write_model("models/silver/current.sql", current);
  write_model("models/gold/summary.sql", summary);
  write_model("models/gold/moves.sql", moves);
  write_model("seeds/code_status.csv", "code,label\n1,new\n7,in\n9,out\n");
}

void RestoreHouse::write_config(const std::string& more) {
  std::string accounts;
  for (const std::string account : {"load", "build", "publish", "janitor", "vault", "admin"}) {
    write("secrets/" + account, "pw_etl_" + account + "\n");
    accounts += fmt::format("    {0}:\n      user: etl_{0}\n      password:\n        file: {1}\n",
                            account, file("secrets/" + account));
  }
  write("pipeline.yaml",
        "source:\n  store: store\n  objects: gghouse_%Y%m%d.sql\n"
        "warehouse:\n  server: managed\n  socket: " +
            server_.socket() + "\n  accounts:\n" + accounts +
            "transform:\n  project: project\n  target_path: target\n  layers:\n"
            "    silver:\n      select: [\"path:seeds\", \"path:models/silver\"]\n"
            "    gold:\n      select: [\"path:models/gold\"]\n"
            "orchestrator:\n  state_machine: machine.yaml\n  state_dir: state\n" +
            more);
}

void RestoreHouse::deliver(const std::string& date, std::string_view rows_of_tenants) {
  write("store/dumps/gghouse_" + replace_all(date, "-", "") + ".sql", dump_of(rows_of_tenants));
}

ProgramToRun RestoreHouse::program(const std::string& name, std::vector<std::string> arguments,
                                   std::map<std::string, std::string> env) const {
  std::vector<std::string> argv{bin_dir + "/" + name, "--config", file("pipeline.yaml"),
                                "--result-file", file("result.json")};
  argv.insert(argv.begin() + 1, arguments.begin(), arguments.end());
  fs::remove(file("result.json"));
  return {.argv = argv, .env = std::move(env)};
}

RestoreHouse::Outcome RestoreHouse::run(const std::string& name, std::vector<std::string> arguments,
                                        std::map<std::string, std::string> env) {
  return finish(run_program(program(name, std::move(arguments), std::move(env))));
}

RestoreHouse::Outcome RestoreHouse::finish(ProgramResult ended) const {
  Outcome outcome{.program = std::move(ended), .result = {}};
  if (auto result = read_stage_result(file("result.json"))) outcome.result = std::move(*result);
  return outcome;
}

ProgramResult RestoreHouse::type(const std::string& command_line) const {
  return run_program(
      {.argv = {"/bin/bash", "-c", "PATH=\"" + bin_dir + ":$PATH\"; " + command_line}});
}

std::string RestoreHouse::rows(const std::string& sql) {
  std::string text;
  for (const auto& row : root_.query(sql).rows) {
    if (!text.empty()) text += ";";
    std::string line;
    for (const auto& field : row) line += (line.empty() ? "" : "|") + field.value_or("\\N");
    text += line;
  }
  return text;
}

std::string RestoreHouse::checksum(const std::string& table) {
  return root_.query("CHECKSUM TABLE " + table).rows.at(0).at(1).value_or("none");
}

std::string RestoreHouse::content() {
  std::string text;
  const auto names = root_.query(
      "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE "
      "TABLE_SCHEMA IN ('seeds', 'silver', 'gold') AND TABLE_NAME NOT LIKE '%\\_backup\\_%' AND "
      "TABLE_NAME <> 'pipeline_marker' ORDER BY 1, 2");
  for (const auto& row : names.rows) {
    const std::string name = quote_name(*row[0], *row[1]);
    const std::string shown =
        row[2] == "VIEW" ? root_.query("SHOW CREATE VIEW " + name).rows.at(0).at(1).value_or("")
                         : checksum(name);
    text += name + " " + shown + "\n";
  }
  return text;
}

std::string RestoreHouse::marker(const std::string& schema) {
  return rows("SELECT generation, upstream_generation, business_date, run_id FROM " + schema +
              ".pipeline_marker");
}

std::string RestoreHouse::backup_of(const std::string& table, const std::string& run) {
  return value(
      fmt::format("SELECT backup_name FROM pipeline.backup WHERE CONCAT(schema_name, '.', "
                  "table_name) = '{}' AND run_id = '{}' ORDER BY publish_id LIMIT 1",
                  table, run));
}

}  // namespace pipeline::test
