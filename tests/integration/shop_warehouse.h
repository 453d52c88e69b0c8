// A small dbt project on a private server with the accounts of grants.sql, for tests of the
// transformers as programs.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "common/base/json.h"
#include "common/mariadb/connection.h"
#include "common/stage/stage_result.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/run_program.h"
#include "tests/support/temp_dir.h"

namespace pipeline {

/// The project's files that tests write anew, each with a change.
namespace shop {
extern const char* const dbt_project;
extern const char* const profiles;
extern const char* const schema_name_macro;
extern const char* const silver_yaml;
extern const char* const stg_tenants;
extern const char* const counts;
extern const char* const history;
extern const char* const days;
extern const char* const one_current;
extern const char* const summary;
}  // namespace shop

/// One a program.
class ShopWarehouse {
 public:
  ShopWarehouse();

  /// Everything as on the first day: project, empty schemas.
  void reset();

  /// Writes a file of the project.
  void write(const std::string& path, std::string_view text);

  /// Staging as the loader leaves it: these rows of tenants, and the marker.
  void stage(const std::string& date, const std::string& rows);
  void mark_staging(const std::string& date, std::uint64_t generation);

  struct Outcome {
    test::ProgramResult program;
    StageResult result;
    const Json& output() const { return result.output; }
    std::string error() const { return result.error ? result.error->name : ""; }
    std::string cause() const { return result.error ? result.error->cause : ""; }
    /// The status of a node or test of the output; empty if it is not there.
    std::string status(std::string_view unique_id) const;
  };

  test::ProgramToRun program(const std::string& name, std::vector<std::string> arguments,
                             std::map<std::string, std::string> env = {});
  Outcome run(const std::string& name, std::vector<std::string> arguments = {},
              std::map<std::string, std::string> env = {});
  Outcome finish(test::ProgramResult ended);

  std::string value(const std::string& sql) { return root_.query_value(sql).value_or("\\N"); }
  /// All rows, values joined by "|", rows by ";".
  std::string rows(const std::string& sql);

  /// What readers of the published schemas can see: names, bytes of tables, texts of views.
  std::string published();
  /// The same without what must differ between a run and its repetition: markers and backups.
  std::string content();
  std::string marker(const std::string& schema);

  /// The process that was started with this configuration; other test programs may run the same
  /// binary now.
  pid_t pid_of_transformer() const;

  Connection& root() { return root_; }
  test::MariadbServer& server() { return server_; }
  std::string file(const std::string& name) const { return dir_.file(name); }
  std::string result_file() const { return dir_.file("result.json"); }

  /// pipeline.yaml with `transform` below that key (indented by two) and `more` at its end.
  void write_config(const std::string& more = "", const std::string& transform = "");

 private:
  test::MariadbServer server_;
  Connection root_;
  test::TempDir dir_;
  std::uint64_t staging_generation_ = 0;
};

ShopWarehouse& shop_warehouse();

/// Each test begins with a new project and empty schemas.
class ShopTest : public testing::Test {
 protected:
  ShopTest() : warehouse_(shop_warehouse()) { warehouse_.reset(); }

  void expect_green(const ShopWarehouse::Outcome& outcome) {
    EXPECT_TRUE(outcome.program.ok()) << outcome.program.text();
  }
  void first_day();
  void second_day() { warehouse_.stage("2026-02-02", "(1, 7), (2, 7), (4, 1)"); }

  /// The run fails with `error` and readers see what they saw.
  ShopWarehouse::Outcome expect_refused(const std::string& program, const std::string& error,
                                        int exit_code, std::vector<std::string> arguments = {});

  ShopWarehouse& warehouse_;
};

/// Whether the condition came true within 20 s.
bool wait_for(const std::function<bool()>& condition);

}  // namespace pipeline
