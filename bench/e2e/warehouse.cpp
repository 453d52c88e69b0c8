#include "bench/e2e/warehouse.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/io/file.h"

namespace pipeline::bench {
namespace {

namespace fs = std::filesystem;

// What an operator would give a server of this size; durability as it comes (flush at every commit,
// doublewrite on). See the head of bench/RESULTS.md.
test::MariadbServer::Options production_size() {
  return {.extra_arguments = {"--innodb-buffer-pool-size=4G", "--innodb-log-file-size=1G",
                              "--innodb-flush-log-at-trx-commit=1", "--innodb-doublewrite=1",
                              "--innodb-flush-method=O_DIRECT", "--max-allowed-packet=256M",
                              "--aria-pagecache-buffer-size=128M", "--key-buffer-size=16M"}};
}

void shell(const std::string& command) {
  const std::string script = "bash -c 'set -o pipefail; " + command + "'";
  if (std::system(script.c_str()) != 0) {
    throw Error(ErrorKind::internal, "failed: " + command);
  }
}

}  // namespace

Warehouse::Warehouse(const std::string& dumps)
    : dumps_(dumps.empty() ? var_.file("made") : fs::absolute(dumps).string()),
      server_(production_size()) {
  for (const auto* folder : {"mariadb", "secrets", "store/dumps", "store/processed"}) {
    fs::create_directories(var_.file(folder));
  }
  fs::create_symlink(server_.socket(), var_.file("mariadb/mariadbd.sock"));
  for (const std::string account :
       {"etl_load", "etl_build", "etl_publish", "etl_janitor", "etl_vault", "etl_admin"}) {
    replace_file(var_.file("secrets/" + account), "pw_" + account + "\n");
  }
  var_.write("alert", "#!/bin/sh\nexec cat >/dev/null\n");
  fs::permissions(var_.file("alert"), fs::perms::owner_all);
  server_.apply_grants();
}

std::string Warehouse::server_version() {
  Connection root = server_.open_root();
  return root.query("SELECT VERSION()").rows.at(0).at(0).value_or("");
}

std::string Warehouse::client() const {
  return fmt::format(
      "mariadb --no-defaults --user=root --default-character-set=utf8mb4 --socket={}",
      server_.socket());
}

std::string Warehouse::command(const std::string& program, const std::string& arguments) const {
  return fmt::format("PIPELINE_VAR={} {}/{} {} --config {}", var_.path(), PIPELINE_BIN_DIR, program,
                     arguments, config_);
}

void Warehouse::keep_a_vault() {
  server_.run_sql("DROP DATABASE IF EXISTS vault");
  server_.run_sql_file(PIPELINE_SOURCE_DIR "/deploy/sql/vault.sql", {});
  const std::string deploy = PIPELINE_SOURCE_DIR "/deploy/";
  std::string text = read_file(deploy + "pipeline.yaml");
  text = replace_all(text, "../stages/dbt", PIPELINE_SOURCE_DIR "/stages/dbt");
  text = replace_all(text, "state_machine: ", "state_machine: " + deploy);
  // The accounts are the last part of the section `warehouse`.
  std::string accounts;
  for (const std::string role : {"vault", "admin"}) {
    accounts += fmt::format(
        "    {0}:\n      user: etl_{0}\n      password:\n        file: "
        "${{PIPELINE_VAR}}/secrets/etl_{0}\n",
        role);
  }
  text = replace_all(text, "\nstaging:\n", accounts + "\nstaging:\n");
  config_ = var_.write("pipeline.yaml", text + "\nvault:\n  schema: vault\n");
}

/// The store wants the file's own name as it is.
std::string Warehouse::path_of_dump(int day, double scale, const std::string& changes) const {
  const std::string folder = fmt::format("{}/{}-{}", dumps_, scale, changes);
  fs::create_directories(folder);
  return fmt::format("{}/gghouse_202602{:02}.sql.gz", folder, day);
}

std::string Warehouse::dump(int day, double scale, const std::string& changes) {
  std::string path = path_of_dump(day, scale, changes);
  if (!fs::exists(path)) {
    shell(fmt::format(
        "{}/make_source --dump --day {} --date 2026-02-{:02} --scale {} --seed 1 --changes {} | "
        "gzip -6 >{}.part && mv {}.part {}",
        PIPELINE_BIN_DIR, day, day, scale, changes, path, path, path));
  }
  return path;
}

std::string Warehouse::same_dump(int day, int later, double scale, const std::string& changes) {
  std::string path = path_of_dump(later, scale, changes + "-again");
  if (!fs::exists(path)) {
    shell(fmt::format("(echo \"-- once more\"; zcat {}) | gzip -6 >{}.part && mv {}.part {}",
                      dump(day, scale, changes), path, path, path));
  }
  return path;
}

void Warehouse::reset(const std::vector<std::string>& dumps) {
  std::string sql;
  for (const std::string schema : {"staging", "staging__next", "seeds", "seeds__next", "silver",
                                   "silver__next", "gold", "gold__next", "peer"}) {
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
  shell(fmt::format("{}/make_source --staging-extras --date 2026-02-01 --scale 0.01 | {} staging",
                    PIPELINE_BIN_DIR, client()));
  for (const auto* folder : {"store/dumps", "store/processed", "state"}) {
    fs::remove_all(var_.file(folder));
    fs::create_directories(var_.file(folder));
  }
  for (const auto& dump : dumps) {
    fs::create_hard_link(dump, var_.file("store/dumps/") + fs::path(dump).filename().string());
  }
}

void Warehouse::settle() {
  ::sync();
  std::this_thread::sleep_for(std::chrono::seconds(1));
}

}  // namespace pipeline::bench
