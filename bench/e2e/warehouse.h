// The house of one benchmark: a private server of production size, accounts, a store with dumps.
#pragma once

#include <string>
#include <vector>

#include "tests/support/mariadb_server.h"
#include "tests/support/temp_dir.h"

namespace pipeline::bench {

class Warehouse {
 public:
  Warehouse();

  test::MariadbServer& server() { return server_; }
  std::string server_version();
  /// deploy/pipeline.yaml with this house's folders.
  std::string config() const { return PIPELINE_SOURCE_DIR "/deploy/pipeline.yaml"; }
  /// What the binaries must find in their environment, as a prefix of a shell command.
  std::string environment() const { return "PIPELINE_VAR=" + var_.path(); }
  /// "mariadb --no-defaults ..." of the administrator.
  std::string client() const;
  std::string log_file() const { return var_.file("command.log"); }
  std::string file(const std::string& name) const { return var_.file(name); }

  /// Writes the sample dump of that day (from 1) once; gives its path.
  std::string dump(int day, double scale, const std::string& changes);
  /// Empty schemas and records; the store holds just these dumps, waiting.
  void reset(const std::vector<std::string>& dumps);
  /// Comes back when the server has nothing left to write.
  void settle();

 private:
  test::TempDir var_;
  test::MariadbServer server_;
};

}  // namespace pipeline::bench
