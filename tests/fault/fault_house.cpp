#include "tests/fault/fault_house.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/mariadb/identifier.h"

namespace pipeline::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* more_config = R"(backups:
  tables: [silver.counts, gold.summary]
protect:
  history:
    - table: silver.history
      key: [tenant_id, valid_from]
      closed_when: valid_to IS NOT NULL
vault:
  schema: vault
)";

constexpr const char* one_current = R"(select tenant_id from {{ ref('history') }}
group by tenant_id having sum(is_current) <> 1
)";

// Of what a set-up makes of a house; the project, since some set-ups have a model more.
constexpr const char* saved_folders[] = {"store", "state", "project"};

// While a publish goes on, and after its death, new and old views stand beside the live ones.
constexpr const char* of_no_publish =
    "(TABLE_NAME NOT LIKE '%\\_\\_next' AND TABLE_NAME NOT LIKE '%\\_\\_old')";

constexpr const char* table_in_place = "visits";

const std::string vault_sql = PIPELINE_SOURCE_DIR "/deploy/sql/vault.sql";

void require_ok(const ProgramResult& result) {
  if (!result.ok()) throw std::runtime_error(result.text());
}

}  // namespace

FaultHouse::FaultHouse() {
  auto& root = house_.root();
  root.execute("DROP DATABASE vault");
  house_.server().run_sql_file(vault_sql, {});
  house_.write_config(more_config);
  house_.write("project/tests/one_current.sql", one_current);
  house_.write("project/dbt_project.yml",
               read_text_file(file("project/dbt_project.yml")) + "on-run-end: [\"select 1\"]\n");
  require_ok(type({"silver_transformer", "vault", "init"}));
  house_.deliver("2026-02-04", "(1,9),(2,1),(4,7),(5,1)");
  // Old enough for the retention that comes with each run of gold.
  root.execute(
      "UPDATE pipeline.backup SET created_at = created_at - INTERVAL 10 DAY "
      "WHERE run_id IN ('day1', 'day2')");
  save("base");
}

void FaultHouse::save(const std::string& name) {
  fs::create_directories(file("saved"));
  house_.server().save_data(file("saved/" + name + ".data"));
  house_.reconnect();
  for (const std::string folder : saved_folders) {
    fs::create_directories(file(folder));
    fs::copy(file(folder), file("saved/" + name + "." + folder), fs::copy_options::recursive);
  }
  saved_.push_back(name);
}

void FaultHouse::load(const std::string& name) {
  house_.server().load_data(file("saved/" + name + ".data"));
  house_.reconnect();
  for (const std::string folder : saved_folders) {
    fs::remove_all(file(folder));
    fs::copy(file("saved/" + name + "." + folder), file(folder), fs::copy_options::recursive);
  }
}

void FaultHouse::enter(const FaultSetUp& set_up) {
  if (std::ranges::find(saved_, set_up.id) != saved_.end()) return load(set_up.id);
  load("base");
  if (set_up.prepare.empty()) return;
  for (const auto& step : set_up.prepare) prepare(step);
  save(set_up.id);
}

void FaultHouse::prepare(const PrepareStep& step) {
  if (const auto* command = std::get_if<CommandLine>(&step)) {
    require_ok(type(*command));
  } else if (const auto* sql = std::get_if<RootSql>(&step)) {
    house_.server().run_sql(sql->text);
  } else {
    const auto& [path, text] = std::get<HouseFile>(step);
    house_.write(path, text);
  }
}

ProgramToRun FaultHouse::program(const CommandLine& command,
                                 const std::map<std::string, std::string>& env) const {
  auto words = command;
  const std::string name = words.front();
  words.erase(words.begin());
  auto result = house_.program(name, std::move(words), env);
  if (name != "orchestrator") return result;
  const auto option = std::ranges::find(result.argv, "--result-file");
  result.argv.erase(option, option + 2);
  return result;
}

ProgramResult FaultHouse::type(const CommandLine& command,
                               const std::map<std::string, std::string>& env) {
  return run_program(program(command, env));
}

ProgramResult FaultHouse::type_and(const CommandLine& command,
                                   const std::map<std::string, std::string>& env,
                                   const std::function<void()>& meanwhile) {
  ProgramResult result;
  std::jthread beside([&] { result = run_program(program(command, env)); });
  meanwhile();
  beside.join();
  return result;
}

Picture FaultHouse::picture() {
  auto& root = house_.root();
  Picture picture;
  for (const auto& layer : readers_columns()) picture[layer] = "";
  for (const std::string schema : {"staging", "seeds", "silver", "gold"}) {
    const std::string layer = schema == "seeds" ? "silver" : schema;
    const auto tables = root.query(fmt::format(
        "SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{}' "
        "AND TABLE_NAME NOT LIKE '%\\_backup\\_%' AND {} ORDER BY 1",
        schema, of_no_publish));
    for (const auto& row : tables.rows) {
      const std::string name = quote_name(schema, *row[0]);
      std::string& text = picture[row[0] == table_in_place ? "in_place" : layer];
      if (*row[0] == "pipeline_marker") {
        text += name + " " + house_.rows("SELECT business_date FROM " + name) + "\n";
      } else if (*row[1] == "VIEW") {
        text += name + " " + root.query("SHOW CREATE VIEW " + name).rows.at(0).at(1).value_or("") +
                "\n";
      } else {
        text += name + " " + house_.checksum(name) + "\n";
      }
    }
  }
  return picture;
}

std::string FaultHouse::left_over() {
  return house_.rows(
             std::string("SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE "
                         "TABLE_SCHEMA = 'scratch__next' OR TABLE_SCHEMA IN ('staging', 'seeds', "
                         "'silver', 'gold') AND NOT ") +
             of_no_publish) +
         house_.rows(
             "SELECT publish_id, schema_name, kind, run_id, state FROM pipeline.publish_journal "
             "WHERE state NOT IN ('done', 'abandoned')");
}

void FaultHouse::wait_until_quiet() const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (;;) {
    bool quiet = true;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::ifstream cmdline(entry.path() / "cmdline", std::ios::binary);
      // A process that ends in between is no error: the text is empty then.
      std::ostringstream words;
      words << cmdline.rdbuf();
      quiet = quiet && words.str().find(file("pipeline.yaml")) == std::string::npos;
    }
    if (quiet) return;
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("a program of the pipeline still runs after 20 s");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

bool FaultHouse::exists(const std::string& schema, const std::string& table) {
  return house_.value(fmt::format(
             "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{}' AND "
             "TABLE_NAME = '{}'",
             schema, table)) == "1";
}

std::string FaultHouse::readers_statement() {
  const auto day = [&](const std::string& schema) -> std::string {
    if (!exists(schema, "pipeline_marker")) return "'-'";
    return "(SELECT business_date FROM " + schema + ".pipeline_marker)";
  };
  const std::string in_place =
      exists("silver", table_in_place)
          ? "(SELECT GROUP_CONCAT(tenant_id, '=', day, '/', status, '/', is_newest "
            "ORDER BY tenant_id, day) FROM silver.visits)"
          : "'-'";
  return "SELECT CONCAT_WS(' ', " + day("staging") +
         ", (SELECT GROUP_CONCAT(id, '=', status ORDER BY id) FROM staging.tenants)),"
         " CONCAT_WS(' ', " +
         day("silver") + ", " + day("seeds") +
         ", (SELECT GROUP_CONCAT(status, '=', tenants, '/', counted_on ORDER BY status)"
         " FROM silver.counts),"
         " (SELECT GROUP_CONCAT(day, '=', tenants ORDER BY day) FROM silver.days),"
         " (SELECT GROUP_CONCAT(tenant_id, '=', valid_from, '/', status, '/',"
         " IFNULL(valid_to, '-') ORDER BY tenant_id, valid_from) FROM silver.history)),"
         " CONCAT_WS(' ', " +
         day("gold") +
         ", (SELECT GROUP_CONCAT(status, '=', tenants ORDER BY status) FROM gold.summary),"
         " (SELECT GROUP_CONCAT(day, '=', open_rows ORDER BY day) FROM gold.moves)), " +
         in_place;
}

}  // namespace pipeline::test
