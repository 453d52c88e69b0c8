// A pipeline of three small days for the tests of backups and restores: real programs, real dumps.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/stage/stage_result.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/run_program.h"
#include "tests/support/temp_dir.h"

namespace pipeline::test {

/// A server, a store with dumps of 2026-02-01 to 03, a project with incremental models in silver
/// and gold, and pipeline.yaml. The three days are run once, as runs day1 to day3; every reset()
/// brings that state back.
class RestoreHouse {
 public:
  RestoreHouse();

  /// Everything as after the third day.
  void reset();

  struct Outcome {
    ProgramResult program;
    StageResult result;
    const Json& output() const { return result.output; }
    std::string error() const { return result.error ? result.error->name : ""; }
    std::string cause() const { return result.error ? result.error->cause : ""; }
  };
  ProgramToRun program(const std::string& name, std::vector<std::string> arguments,
                       std::map<std::string, std::string> env = {}) const;
  Outcome run(const std::string& name, std::vector<std::string> arguments = {},
              std::map<std::string, std::string> env = {});
  Outcome finish(ProgramResult ended) const;
  /// Types a command line of ours as a person would, with our programs in the PATH.
  ProgramResult type(const std::string& command_line) const;

  /// Puts the dump of a later day into the store.
  void deliver(const std::string& date, std::string_view rows_of_tenants);
  /// A file of the project.
  void write_model(const std::string& path, std::string_view text) {
    write("project/" + path, text);
  }
  void write(const std::string& path, std::string_view text) { dir_.write(path, text); }
  void write_config(const std::string& more = "");

  std::string value(const std::string& sql) { return root_.query_value(sql).value_or("\\N"); }
  /// All rows, values joined by "|", rows by ";".
  std::string rows(const std::string& sql);
  /// CHECKSUM TABLE of every live table and the text of every view of seeds, silver and gold; no
  /// markers and backups.
  std::string content();
  /// The same of the schemas of the layer alone, and of nothing but these tables.
  std::string checksum(const std::string& table);
  /// "generation|upstream_generation|business_date|run_id"
  std::string marker(const std::string& schema);
  /// The backup of `table` that `run` made.
  std::string backup_of(const std::string& table, const std::string& run);

  Connection& root() { return root_; }
  /// After the server was started again.
  void reconnect() { root_ = server_.open_root(); }
  MariadbServer& server() { return server_; }
  std::string file(const std::string& name) const { return dir_.file(name); }
  /// content() after the third day, by runs that never failed.
  const std::string& three_days() const { return three_days_; }

 private:
  void write_project();
  void run_day(int day);

  MariadbServer server_;
  Connection root_;
  TempDir dir_;
  std::string three_days_;
};

}  // namespace pipeline::test
