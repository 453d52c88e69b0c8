// A private server with the sample source in staging, the bundled dbt project and its
// pipeline.yaml.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/stage/stage_result.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/run_program.h"
#include "tests/support/temp_dir.h"

namespace pipeline::bundled {

/// How a transformer ended.
struct Outcome {
  test::ProgramResult program;
  StageResult result;

  std::string error() const { return result.error ? result.error->name : ""; }
  std::string cause() const { return result.error ? result.error->cause : ""; }
  /// The failed data tests, "test.nightly_pipeline." left out, joined by blanks.
  std::string failed_tests() const;
  /// How many rows the failed tests found, all together.
  std::uint64_t failing_rows() const;
};

/// The project is a copy that a test may edit; the configuration is deploy/pipeline.yaml.
class Warehouse {
 public:
  Warehouse();

  /// Everything as before the first day.
  void reset();

  /// Staging as a dump of that day of the source leaves it, and a marker of the next generation.
  void stage(int day, const std::string& date);
  /// Nothing but the marker: the same rows on another date.
  void mark_staging(const std::string& date);

  Outcome run(const std::string& program, std::vector<std::string> arguments = {});
  /// Both layers; adds a failure to the running test if one of them does.
  void build(std::vector<std::string> arguments = {});

  std::string value(const std::string& sql) { return root_.query_value(sql).value_or("NULL"); }
  void execute(const std::string& sql) { root_.execute(sql); }
  /// All rows, values joined by '|', rows by ';'.
  std::string rows(const std::string& sql);
  /// CHECKSUM TABLE of every table of seeds, silver and gold but markers and backups.
  std::string checksums();

  /// Replaces a text in a file of the project; a failure if the file does not hold it.
  void edit(const std::string& file, const std::string& from, const std::string& to);
  /// Takes all edits back.
  void restore_project();

  std::string file(const std::string& name) const { return dir_.file(name); }
  test::MariadbServer& server() { return server_; }

 private:
  const std::string& source_of(int day);
  std::string make_source(const std::vector<std::string>& arguments);

  test::MariadbServer server_;
  Connection root_;
  test::TempDir dir_;
  std::map<int, std::string> sources_;
  std::uint64_t staging_generation_ = 0;
};

}  // namespace pipeline::bundled
