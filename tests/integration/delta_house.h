// A source whose dumps are loaded day by day, in process, and compared with it table by table.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/object_store/object_store.h"
#include "stages/staging/load/loader.h"
#include "tests/support/fake_clock.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/temp_dir.h"

namespace pipeline::test {

/// Holds the only server of its program. Schema `source` stands for the system that writes dumps.
class DeltaHouse {
 public:
  DeltaHouse();
  static DeltaHouse& shared();

  /// Everything empty again, and the first day not yet come.
  void reset();
  /// In the session of schema `source`.
  void sql(const std::string& statement);
  std::string value(const std::string& query);
  Connection& root() { return root_; }

  /// The dump of a schema as it is now.
  std::string dump(const std::vector<std::string>& more_arguments = {},
                   const std::string& schema = "source");
  /// Into `schema`, by the client.
  void put_back(const std::string& schema, const std::string& dump);
  /// The next day has come: its dump is delivered and loaded.
  LoadReport next_day();
  LoadReport next_day(std::string_view dump);
  /// The same day once more, with another dump.
  LoadReport same_day(std::string_view dump);
  /// The next day has come, and its load is killed so long after its beginning, or comes to its
  /// end.
  void next_day_killed(std::chrono::milliseconds after);
  /// The day's load once more, as the next start would do it.
  void finish_day();
  StagingVerification verify();
  LoaderOptions options();  // may be changed by `change`
  std::function<void(LoaderOptions&)> change = [](LoaderOptions&) {};

  /// Of the table in `source` and in staging; empty where they agree by definition and checksum.
  std::string difference(const std::string& table);
  /// Of all tables with rows of either side: "rooms: ..." in lines; empty if staging is the source.
  std::string differences();

 private:
  void deliver(std::string_view dump, DumpWish::Force force);
  LoadReport load(DumpWish::Force force);
  std::string definition(const std::string& schema, const std::string& table);
  std::vector<std::string> tables_with_rows(const std::string& schema);

  MariadbServer server_;
  TempDir folder_;
  Connection root_;
  FakeClock clock_;
  BusinessDate date_;
  int runs_ = 0;
};

/// Of the table of this name.
const LoadedTable& table_of(const LoadReport& report, const std::string& name);

}  // namespace pipeline::test
