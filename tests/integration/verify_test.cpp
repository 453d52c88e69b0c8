// staging_loader verify: staging is what its dump makes, or each table that is not is named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "common/base/text.h"
#include "tests/integration/bad_warehouse.h"

namespace pipeline {
namespace {

using testing::HasSubstr;

class Verify : public BadWarehouseTest {
 protected:
  Said verify() { return house_.run(start_of("staging_loader", {"verify", "--json"})); }
  /// That `what` is told of the one table, and nothing of staging changed by looking.
  void expect_told(const std::string& what) {
    const std::string before = warehouse_.picture();
    const Said said = verify();
    EXPECT_EQ(said.program.exit_code, 1) << said.text();
    const Json told = Json::parse(said.program.out);
    ASSERT_EQ(told.at("differences").as_array().size(), 1U) << said.text();
    EXPECT_EQ(told.at("differences").as_array()[0].at("table").as_string(), "tenants");
    EXPECT_THAT(told.at("differences").as_array()[0].at("what").as_string(), HasSubstr(what));
    EXPECT_EQ(warehouse_.picture(), before);
    expect_shadow_empty();
  }
  void expect_shadow_empty() {
    EXPECT_EQ(warehouse_.root().query_value("SELECT COUNT(*) FROM information_schema.TABLES WHERE "
                                            "TABLE_SCHEMA = 'staging__next'"),
              "0");
  }
  void sql(const std::string& statement) { warehouse_.root().execute(statement); }
};

TEST_F(Verify, SaysThatStagingIsWhatItsDumpMakes) {
  const std::string before = warehouse_.picture();
  const Said said = verify();
  EXPECT_TRUE(said.program.ok()) << said.text();
  const Json told = Json::parse(said.program.out);
  EXPECT_EQ(told.at("object").as_string(), "processed/gghouse_20260201.sql.gz");
  EXPECT_EQ(told.at("tables_equal").as_int(), 1);
  EXPECT_EQ(told.at("rows").as_int(), 2);
  EXPECT_EQ(warehouse_.picture(), before);
  expect_shadow_empty();
}

TEST_F(Verify, NamesEveryKindOfDifference) {
  sql("UPDATE staging.tenants SET status = status + 1 LIMIT 1");
  expect_told("with other values");
  sql("DELETE FROM staging.tenants LIMIT 1");
  expect_told("1 rows in staging, 2 in the dump");
  warehouse_.reset();
  sql("ALTER TABLE staging.tenants ADD COLUMN by_hand INT");
  expect_told("its definition");
  sql("ALTER TABLE staging.tenants RENAME TO staging.elsewhere");
  expect_told("it is gone from staging");
}

TEST_F(Verify, RefusesADumpThatIsNotTheOneThatWasLoaded) {
  house_.write("store/processed/gghouse_20260201.sql.gz",
               gzipped(replace_all(small_dump(), "(1,1),(2,7)", "(1,7),(2,7)")));
  const Said other = verify();
  EXPECT_EQ(other.program.exit_code, 14) << other.text();
  EXPECT_THAT(other.text(), HasSubstr("does not hold the bytes"));
  house_.remove("store/processed/gghouse_20260201.sql.gz");
  const Said gone = verify();
  EXPECT_EQ(gone.program.exit_code, 16) << gone.text();
  EXPECT_THAT(gone.text(), HasSubstr("neither in the archive nor where it came"));
}

TEST_F(Verify, RefusesWhereNothingIsLive) {
  sql("DROP TABLE staging.pipeline_marker");
  const Said said = verify();
  EXPECT_EQ(said.program.exit_code, 10) << said.text();
  EXPECT_THAT(said.text(), HasSubstr("shows no dump"));
}

}  // namespace
}  // namespace pipeline
