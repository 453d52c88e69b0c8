// A private server with the accounts of grants.sql and an installation on it
// that has run one day.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/bad_input_house.h"
#include "tests/support/mariadb_server.h"

namespace pipeline {

/// One a program.
class BadWarehouse {
 public:
  BadWarehouse();

  /// The day 2026-02-01 is loaded, built and published; the dump of the next
  /// lies in the store.
  void reset();

  /// What must not change: all that readers see, the records of publishes, and
  /// the store.
  std::string picture();
  /// The rows of all published tables, without what differs between a run and
  /// its repetition.
  std::string content();
  /// "2026-02-01 2026-02-01 2026-02-01" of staging, silver and gold.
  std::string dates();

  BadInputHouse& house() { return house_; }
  test::MariadbServer& server() { return server_; }
  Connection& root() { return root_; }

 private:
  test::MariadbServer server_;
  Connection root_;
  BadInputHouse house_;
};

BadWarehouse& bad_warehouse();

/// The next day's start of each program: the stages have something to do.
Start second_day(const std::string& program);

/// Each test begins with one published day.
class BadWarehouseTest : public testing::Test {
 protected:
  BadWarehouseTest() : warehouse_(bad_warehouse()), house_(warehouse_.house()) {
    warehouse_.reset();
  }

  /// The program refuses, and nothing is changed.
  void expect_refused(const Start& start, const Refusal& refusal);
  void expect_green(const Start& start);
  /// The second day goes through all three stages.
  void expect_second_day_goes_on();
  void expect_nothing_published() {
    EXPECT_EQ(warehouse_.dates(), "2026-02-01 2026-02-01 2026-02-01");
  }

  /// A file of the installation to which nobody wrote since.
  void deliver(const std::string& file, const std::string& bytes, std::chrono::minutes since);
  /// In ascending order; none if there is no such folder under store/.
  std::vector<std::string> names_in(const std::string& folder) const;

  BadWarehouse& warehouse_;
  BadInputHouse& house_;
};

}  // namespace pipeline
