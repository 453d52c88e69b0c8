#include "tests/integration/bad_input_house.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include <fmt/core.h>

#include "common/base/exit_code.h"
#include "common/base/text.h"
#include "common/io/file.h"
#include "common/io/gzip.h"

namespace pipeline {
namespace {

namespace fs = std::filesystem;

constexpr const char* config_text = R"(source:
  store: store
  wait_until: "00:00"
warehouse:
  server: managed
  socket: SOCKET
  accounts:
    load: {user: etl_load, password: {file: secrets/load}}
    build: {user: etl_build, password: {file: secrets/build}}
    publish: {user: etl_publish, password: {file: secrets/publish}}
    janitor: {user: etl_janitor, password: {file: secrets/janitor}}
transform:
  project: project
  target_path: target
  layers:
    silver: {select: ["path:seeds", "path:models/silver"]}
    gold: {select: ["path:models/gold"]}
orchestrator:
  state_machine: machine.yaml
  state_dir: state
alerts:
  ops: {type: command, command: [/bin/true]}
)";

constexpr const char* dbt_project = R"(name: shop
version: "1.0"
config-version: 2
profile: shop
seeds:
  shop: {+schema: seeds}
models:
  shop:
    silver: {+schema: silver, +materialized: table}
    gold: {+schema: gold, +materialized: table}
)";

constexpr const char* profiles = R"(shop:
  target: dev
  outputs:
    dev: {type: mariadb, server: localhost, schema: silver, username: none, password: unused, threads: 1}
)";

constexpr const char* schema_name_macro =
    R"({% macro generate_schema_name(custom, node) -%}
  {{ custom if custom is not none else target.schema }}
{%- endmacro %}
)";

constexpr const char* silver_yaml = R"(version: 2
sources:
  - name: staging
    schema: staging
    tables:
      - name: tenants
models:
  - name: counts
    columns:
      - name: status
        tests: [not_null]
)";

constexpr const char* counts =
    R"(select t.status, max(s.label) as label, count(*) as tenants
from {{ source('staging', 'tenants') }} t
left join {{ ref('code_status') }} s on s.code = t.status
group by t.status
)";

/// Not one of the passwords that tests use may be written anywhere.
constexpr std::string_view secret_mark = "pw_";

bool is_stage(const std::string& program) {
  return program != "orchestrator";
}

}  // namespace

std::vector<Start> all_programs() {
  auto programs = all_stages();
  programs.push_back({.program = "orchestrator", .arguments = {"run", "--date", "2026-02-01"}});
  return programs;
}

std::vector<Start> all_stages() {
  return {{.program = "staging_loader", .arguments = {"load", "--business-date", "2026-02-01"}},
          {.program = "silver_transformer", .arguments = {"run"}},
          {.program = "gold_transformer", .arguments = {"run"}}};
}

Start start_of(const std::string& program, std::vector<std::string> arguments) {
  for (auto& start : all_programs()) {
    if (start.program != program) continue;
    if (!arguments.empty()) start.arguments = std::move(arguments);
    return start;
  }
  throw std::runtime_error("there is no program " + program);
}

std::vector<std::string> Said::messages(std::string_view level) const {
  std::vector<std::string> found;
  for (const auto& line : lines) {
    if (line.at("level").as_string() == level) found.push_back(line.at("message").as_string());
  }
  return found;
}

BadInputHouse::BadInputHouse(std::string socket) : socket_(std::move(socket)) {
  reset();
}

void BadInputHouse::reset() {
  for (const auto& entry : fs::directory_iterator(dir_.path())) fs::remove_all(entry);
  write("pipeline.yaml", replace_all(config_text, "SOCKET", socket_));
  for (const std::string account : {"load", "build", "publish", "janitor"}) {
    write("secrets/" + account, "pw_etl_" + account + "\n");
  }
  write("store/dumps/gghouse_20260201.sql.gz", gzipped(small_dump()));
  fs::create_directories(file("store/processed"));
  // The bundled machine, but no attempt is made twice.
  std::string machine = test::read_text_file(PIPELINE_SOURCE_DIR "/deploy/state_machine.yaml");
  for (const auto* attempts : {"MaxAttempts: 1", "MaxAttempts: 2", "MaxAttempts: 3"}) {
    machine = replace_all(machine, attempts, "MaxAttempts: 0");
  }
  write("machine.yaml", machine);
  write("project/dbt_project.yml", dbt_project);
  write("project/profiles.yml", profiles);
  write("project/macros/generate_schema_name.sql", schema_name_macro);
  write("project/models/silver/silver.yml", silver_yaml);
  write("project/models/silver/counts.sql", counts);
  write("project/models/gold/summary.sql",
        "select sum(tenants) as tenants from {{ ref('counts') }}\n");
  write("project/seeds/code_status.csv", "code,label\n1,asked\n7,lives there\n");
}

void BadInputHouse::remove(const std::string& name) const {
  fs::remove_all(file(name));
}

std::string BadInputHouse::text_of(const std::string& name) const {
  return test::read_text_file(file(name));
}

void BadInputHouse::change(const std::string& name, const std::string& from,
                           const std::string& to) const {
  const std::string text = text_of(name);
  if (text.find(from) == std::string::npos) throw std::runtime_error(name + " holds no " + from);
  write(name, replace_all(text, from, to));
}

test::ProgramToRun BadInputHouse::program(const Start& start) const {
  std::vector<std::string> argv = start.wrapper;
  argv.push_back(std::string(PIPELINE_BIN_DIR) + "/" + start.program);
  // In front, so that an option at the end can lack its value.
  if (start.config == Start::Config::named) {
    argv.insert(argv.end(), {"--config", file("pipeline.yaml")});
  }
  if (is_stage(start.program) && start.result_file == Start::ResultFile::named) {
    argv.insert(argv.end(), {"--result-file", file("result.json")});
  }
  argv.insert(argv.end(), start.arguments.begin(), start.arguments.end());
  return {.argv = argv, .env = start.env, .time_limit = std::chrono::minutes(1)};
}

Said BadInputHouse::run(const Start& start) const {
  remove("result.json");
  return heard(test::run_program(program(start)), file("result.json"));
}

Said BadInputHouse::heard(test::ProgramResult ended, const std::string& result_file) const {
  Said said{.program = std::move(ended), .lines = {}, .no_lines = {}, .result = {}};
  for (const auto& line : split(said.program.err, '\n')) {
    if (line.empty()) continue;
    try {
      said.lines.push_back(Json::parse(line));
    } catch (const std::exception&) {
      said.no_lines.push_back(line);
    }
  }
  said.result = read_stage_result(result_file);
  return said;
}

std::string BadInputHouse::store() const {
  std::vector<std::string> objects;
  for (const auto& entry : fs::recursive_directory_iterator(file("store"))) {
    const std::string path = entry.path().string();
    if (entry.is_directory()) objects.push_back(path + "/");
    if (!entry.is_regular_file()) continue;
    objects.push_back(path + " " + sha256_hex(test::read_text_file(path)));
  }
  std::sort(objects.begin(), objects.end());
  return join(objects, "\n");
}

void expect_refusal(const Start& start, const Said& said, const Refusal& refusal) {
  SCOPED_TRACE(start.program + " " + join(start.arguments, " ") + "\n" + said.text() +
               said.program.out);
  const auto* entry = find_error_kind(refusal.error);
  ASSERT_NE(entry, nullptr) << refusal.error << " is no name of the table";
  EXPECT_EQ(said.program.exit_code, entry->exit_code);
  EXPECT_TRUE(said.no_lines.empty()) << "standard error holds what is no line of the log";
  const auto errors = said.messages("error");
  ASSERT_EQ(errors.size(), 1U) << "an operator wants one line";
  if (refusal.other_lines == Refusal::OtherLines::none) {
    EXPECT_EQ(said.lines.size(), 1U) << "nothing but the error has happened";
  }
  const std::string& line = errors.front();
  EXPECT_NE(line.find(refusal.error + ": "), std::string::npos);
  for (const auto& words : refusal.says) {
    EXPECT_NE(line.find(words), std::string::npos) << "the line must say: " << words;
  }
  EXPECT_EQ(said.program.err.find(secret_mark), std::string::npos) << "a secret is shown";
  if (!is_stage(start.program) || start.result_file == Start::ResultFile::not_named) return;
  ASSERT_TRUE(said.result.has_value()) << "no result file";
  ASSERT_TRUE(said.result->error.has_value());
  EXPECT_EQ(said.result->error->name, refusal.error);
  for (const auto& words : refusal.says) {
    EXPECT_NE(said.result->error->cause.find(words), std::string::npos)
        << "the result file must say: " << words;
  }
}

std::string small_dump() {
  return "-- MySQL dump\n/*!40101 SET NAMES utf8mb4 */;\n/*!40103 SET "
         "TIME_ZONE='+00:00' */;\n"
         "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, "
         "SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n"
         "DROP TABLE IF EXISTS `tenants`;\n"
         "CREATE TABLE `tenants` (`id` int NOT NULL, `status` int NOT NULL, "
         "PRIMARY KEY (`id`)) "
         "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;\n"
         "INSERT INTO `tenants` VALUES (1,1),(2,7);\n"
         "-- Dump completed on 2026-02-01  5:30:12\n";
}

std::string gzipped(std::string_view text) {
  TextSink compressed;
  GzipSink sink(compressed);
  sink.write(text);
  sink.finish();
  return compressed.text();
}

}  // namespace pipeline
