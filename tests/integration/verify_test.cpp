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
  void expect_told(const std::string& what, const std::string& table = "tenants") {
    const std::string before = warehouse_.picture();
    const Said said = verify();
    EXPECT_EQ(said.program.exit_code, 1) << said.text();
    const Json told = Json::parse(said.program.out);
    ASSERT_EQ(told.at("differences").as_array().size(), 1U) << said.text();
    EXPECT_EQ(told.at("differences").as_array()[0].at("table").as_string(), table);
    EXPECT_THAT(told.at("differences").as_array()[0].at("what").as_string(), HasSubstr(what));
    EXPECT_EQ(warehouse_.picture(), before);
  }
  void sql(const std::string& statement) { warehouse_.root().execute(statement); }
  /// As the second day's dump.
  void load(const std::string& dump) {
    house_.write("store/dumps/gghouse_20260202.sql.gz", gzipped(dump));
    const Said said =
        house_.run(start_of("staging_loader", {"load", "--business-date", "2026-02-02"}));
    ASSERT_TRUE(said.program.ok()) << said.text();
  }
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

TEST_F(Verify, DoesNotCareForTheNumberThatTheNextRowWouldGet) {
  load(replace_all(
      replace_all(small_dump(), "`id` int NOT NULL", "`id` int NOT NULL AUTO_INCREMENT"),
      "ENGINE=InnoDB", "ENGINE=InnoDB AUTO_INCREMENT=3"));
  sql("ALTER TABLE staging.tenants AUTO_INCREMENT = 900");
  EXPECT_THAT(warehouse_.root().query("SHOW CREATE TABLE staging.tenants").rows.at(0).at(1),
              testing::Optional(HasSubstr("AUTO_INCREMENT=900")));
  const Said said = verify();
  EXPECT_TRUE(said.program.ok()) << said.text();
  EXPECT_EQ(Json::parse(said.program.out).at("tables_equal").as_int(), 1);
}

TEST_F(Verify, NamesRowsInATableThatStaysEmptyWithoutTheDump) {
  house_.write("pipeline.yaml",
               house_.text_of("pipeline.yaml") + "staging:\n  preserve: [rooms]\n");
  load(replace_all(small_dump(), "-- Dump completed",
                   "CREATE TABLE `rooms` (`id` int NOT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB "
                   "DEFAULT CHARSET=utf8mb4;\nINSERT INTO `rooms` VALUES (4);\n-- Dump completed"));
  load(replace_all(small_dump(), "(2,7)", "(2,8)"));
  const Said equal = verify();
  EXPECT_TRUE(equal.program.ok()) << equal.text();
  EXPECT_EQ(Json::parse(equal.program.out).at("tables_equal").as_int(), 2);
  sql("INSERT INTO staging.rooms VALUES (5), (6)");
  expect_told("2 rows, none in the dump", "rooms");
  sql("DROP TABLE staging.rooms");
  expect_told("it is gone from staging", "rooms");
}

TEST_F(Verify, NamesRowsOfTheDumpWhoseTableTheRecordsDoNotKnow) {
  sql("UPDATE pipeline.loaded_dump SET owned_tables = '[]'");
  expect_told("2 rows of the dump are not in staging");
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
