// One dump into two schemas of a private server: by staging_loader's code and by the mariadb
// client.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stages/staging/load/loader.h"
#include "tests/support/fake_clock.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/temp_dir.h"

namespace pipeline::test {

/// What the client made of a dump.
struct ClientVerdict {
  std::optional<std::string> error;   // its words; what came before stands in the schema
  std::vector<std::string> warnings;  // "1265 x3": codes of the server in ascending order
};

/// What the loader made of it: either a report or an error.
struct LoaderVerdict {
  std::optional<LoadReport> report;
  std::optional<Error> error;
};

/// Holds the only server of its program, the loader's accounts and a folder as store.
class DifferentialWarehouse {
 public:
  DifferentialWarehouse();
  /// The one of the program.
  static DifferentialWarehouse& shared();

  Connection& root() { return root_; }
  const MariadbServer& server() const { return server_; }

  /// A schema without tables, of staging's character set and collation.
  void make_schema(const std::string& schema);
  /// Pipes `dump` through `mariadb [arguments]` into an empty `schema`.
  ClientVerdict load_by_client(const std::string& schema, std::string_view dump,
                               const std::vector<std::string>& arguments = {});
  /// Puts `dump` into the store as a delivery of the one business date and makes schema staging
  /// equal to it, as `staging_loader load` would. For RowsBy::inserts the server has local_infile
  /// off meanwhile.
  LoaderVerdict load_by_loader(std::string_view dump, RowsBy way = RowsBy::load_data);
  /// What runs between two looks of the loader at whether it is to stop.
  std::function<void()> meanwhile = [] {};

  std::vector<std::string> tables_with_rows(const std::string& schema);
  /// Names, definitions and checksums of all tables of a schema, the marker included.
  std::string picture(const std::string& schema);
  /// How `table` differs between two schemas, in the order definition, rows, checksum; empty if it
  /// does not. `taken_off` is what the loader reports to have left out of the definition in
  /// `loaded`.
  std::vector<std::string> differences(const std::string& loaded, const std::string& reference,
                                       const std::string& table,
                                       const std::vector<std::string>& taken_off);
  std::string checksum(const std::string& schema, const std::string& table);

 private:
  std::string definition(const std::string& schema, const std::string& table);
  std::vector<std::string> rows(const std::string& schema, const std::string& table);

  MariadbServer server_;
  TempDir folder_;
  Connection root_;
  FakeClock clock_;
};

}  // namespace pipeline::test
