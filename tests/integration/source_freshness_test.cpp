// `source freshness` on a real server: the bundled project's sources, stale and fresh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

#include <fmt/core.h>

#include "common/io/file.h"
#include "tests/integration/bundled_warehouse.h"

namespace pipeline::bundled {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string tenants = "source.nightly_pipeline.staging.tenants";
const std::string movings = "source.nightly_pipeline.staging.movings";

class SourceFreshnessTest : public testing::Test {
 protected:
  SourceFreshnessTest() : warehouse_(shared()) {
    warehouse_.restore_project();
    set_newest("2026-02-01 06:30:00");
  }

  static void SetUpTestSuite() {
    shared().reset();
    shared().stage(1, "2026-02-01");
  }

  static Warehouse& shared() {
    static Warehouse instance;
    return instance;
  }

  void set_newest(const std::string& when) {
    for (const char* table : {"tenants", "movings"}) {
      warehouse_.execute(fmt::format("UPDATE staging.{} SET updated_at = '{}'", table, when));
    }
  }

  Outcome freshness(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"source", "freshness"});
    return warehouse_.run("silver_transformer", more);
  }

  /// sources.json, which lies where the layers' artifacts do.
  Json sources() { return Json::parse(read_file(warehouse_.file("target/sources.json"))); }

  std::map<std::string, std::string> statuses() {
    std::map<std::string, std::string> found;
    const Json written = sources();
    for (const auto& result : written.at("results").as_array()) {
      found[result.at("unique_id").as_string()] = result.at("status").as_string();
    }
    return found;
  }

  using Statuses = std::map<std::string, std::string>;
  Warehouse& warehouse_;
};

TEST_F(SourceFreshnessTest, OfFreshSourcesPassesAsOfTheBusinessDate) {
  const Outcome outcome = freshness();
  EXPECT_EQ(outcome.program.exit_code, 0) << outcome.program.text();
  EXPECT_EQ(statuses(), (Statuses{{tenants, "pass"}, {movings, "pass"}}));
  const Json written = sources();
  EXPECT_EQ(written.at("metadata").at("dbt_schema_version").as_string(),
            "https://schemas.getdbt.com/dbt/sources/v3.json");
  EXPECT_TRUE(written.at("elapsed_time").is_number());
  const Json& first = written.at("results").as_array().at(0);
  EXPECT_EQ(first.at("snapshotted_at").as_string(), "2026-01-31T22:00:00.000000Z")
      << "07:00 in Tokyo on the business date, whatever the time is now";
  EXPECT_EQ(first.at("max_loaded_at").as_string(), "2026-01-31T21:30:00.000000Z");
  EXPECT_EQ(first.at("max_loaded_at_time_ago_in_s").as_number(), 1800);
}

TEST_F(SourceFreshnessTest, OfAStaleSourceIsErrorStaleAndExitsWithOne) {
  warehouse_.execute("UPDATE staging.tenants SET updated_at = '2026-01-27 06:59:59'");
  const Outcome outcome = freshness();
  EXPECT_EQ(outcome.program.exit_code, 1) << outcome.program.text();
  EXPECT_EQ(outcome.error(), "Pipeline.DataTestFailed");
  EXPECT_THAT(outcome.cause(),
              AllOf(HasSubstr("ERROR STALE"), HasSubstr(tenants), Not(HasSubstr(movings))));
  EXPECT_THAT(outcome.program.err, HasSubstr("ERROR STALE freshness of staging.tenants"));
  EXPECT_EQ(statuses(), (Statuses{{tenants, "error"}, {movings, "pass"}}));
}

TEST_F(SourceFreshnessTest, OfAnOldSourceWarnsAndExitsWithNought) {
  set_newest("2026-01-29 07:00:00");
  const Outcome outcome = freshness({"--select", "source:staging.movings"});
  EXPECT_EQ(outcome.program.exit_code, 0) << outcome.program.text();
  EXPECT_THAT(outcome.program.err, HasSubstr("WARN freshness of staging.movings"));
  EXPECT_EQ(statuses(), (Statuses{{movings, "warn"}}));
}

TEST_F(SourceFreshnessTest, OfATableWithoutRowsIsStaleSinceTheYearOne) {
  warehouse_.edit("models/sources.yml", "- name: tenants\n",
                  "- name: tenants\n        config: {freshness: {filter: \"1 = 0\"}}\n");
  const Outcome outcome = freshness({"--exclude", "source:staging.movings"});
  EXPECT_EQ(outcome.program.exit_code, 1) << outcome.program.text();
  const Json written = sources();
  EXPECT_EQ(written.at("results").as_array().at(0).at("max_loaded_at").as_string(),
            "0001-01-01T00:00:00.000000Z");
}

TEST_F(SourceFreshnessTest, ThatCannotBeAskedIsARuntimeErrorAndTheOthersAreLookedAt) {
  warehouse_.edit(
      "models/sources.yml",
      "loaded_at_field: updated_at\n        freshness:\n          warn_after: {count: 36, period: "
      "hour}\n          error_after: {count: 5, period: day}\n      - name: movings",
      "loaded_at_field: no_such_column\n        freshness:\n          warn_after: {count: 36, "
      "period: hour}\n      - name: movings");
  const Outcome outcome = freshness();
  EXPECT_EQ(outcome.program.exit_code, 1) << outcome.program.text();
  EXPECT_EQ(outcome.error(), "Pipeline.SqlRejected");
  EXPECT_THAT(outcome.cause(),
              AllOf(HasSubstr("models/sources.yml:"), HasSubstr("no_such_column")));
  EXPECT_EQ(statuses(), (Statuses{{tenants, "runtime error"}, {movings, "pass"}}));
}

TEST_F(SourceFreshnessTest, OfAnotherDayThanTheExpectedIsRefusedWithTwo) {
  const Outcome outcome = freshness({"--business-date", "2026-02-02"});
  EXPECT_EQ(outcome.program.exit_code, 2) << outcome.program.text();
  EXPECT_EQ(outcome.error(), "Pipeline.GuardRefused");
  EXPECT_THAT(outcome.cause(), HasSubstr("staging shows 2026-02-01, not 2026-02-02"));
}

TEST_F(SourceFreshnessTest, WithAMalformedKeyIsRefusedWithItsLineBeforeAnythingIsTouched) {
  warehouse_.edit("models/sources.yml",
                  "error_after: {count: 5, period: day}\n      - name: movings",
                  "error_after: {count: 5, period: week}\n      - name: movings");
  std::filesystem::remove(warehouse_.file("target/sources.json"));
  const Outcome outcome = freshness();
  EXPECT_EQ(outcome.program.exit_code, 2) << outcome.program.text();
  EXPECT_EQ(outcome.error(), "Pipeline.ConfigInvalid");
  EXPECT_THAT(outcome.cause(),
              HasSubstr("models/sources.yml:18: freshness: period of error_after"));
  EXPECT_FALSE(std::filesystem::exists(warehouse_.file("target/sources.json")));
  EXPECT_EQ(warehouse_.run("silver_transformer").error(), "Pipeline.ConfigInvalid")
      << "a run of the layer refuses it alike";
}

}  // namespace
}  // namespace pipeline::bundled
