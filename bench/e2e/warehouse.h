// The house of one benchmark: a private server of production size, accounts, a store with dumps.
#pragma once

#include <string>
#include <vector>

#include "tests/support/mariadb_server.h"
#include "tests/support/temp_dir.h"

namespace pipeline::bench {

/// What a scenario is asked for.
struct Settings {
  double scale = 1.0;
  int runs = 5;
  std::string changes = "random";
};

class Warehouse {
 public:
  /// `dumps`: the folder that keeps them; empty: they go with the house.
  explicit Warehouse(const std::string& dumps);

  test::MariadbServer& server() { return server_; }
  std::string server_version();
  /// A shell command that runs one of our programs with deploy/pipeline.yaml in this house.
  std::string command(const std::string& program, const std::string& arguments) const;
  /// From now on, commands run with the vault, whose schema is made empty.
  void keep_a_vault();
  /// "mariadb --no-defaults ..." of the administrator.
  std::string client() const;
  std::string log_file() const { return var_.file("command.log"); }
  std::string file(const std::string& name) const { return var_.file(name); }

  /// Writes the sample dump of that day (from 1) once; gives its path.
  std::string dump(int day, double scale, const std::string& changes);
  /// The dump of `day` as if it came on `later` once more: other bytes, but the same tables.
  std::string same_dump(int day, int later, double scale, const std::string& changes);
  /// Empty schemas and records; the store holds just these dumps, waiting.
  void reset(const std::vector<std::string>& dumps);
  /// Comes back when the server has nothing left to write.
  void settle();

 private:
  std::string path_of_dump(int day, double scale, const std::string& changes) const;

  test::TempDir var_;
  std::string dumps_;
  std::string config_ = PIPELINE_SOURCE_DIR "/deploy/pipeline.yaml";
  test::MariadbServer server_;
};

}  // namespace pipeline::bench
