// Restores beyond the tables of silver and gold: seeds, and a layer with a name of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "tests/integration/restore_house.h"

namespace pipeline {
namespace {

using test::RestoreHouse;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

RestoreHouse& shared_house() {
  static RestoreHouse instance;
  return instance;
}

class RestoringOthers : public testing::Test {
 protected:
  RestoringOthers() : house_(shared_house()) { house_.reset(); }

  RestoreHouse::Outcome green(const std::string& program, std::vector<std::string> arguments) {
    auto outcome = house_.run(program, std::move(arguments));
    EXPECT_TRUE(outcome.program.ok()) << outcome.program.text() << outcome.program.out;
    return outcome;
  }

  RestoreHouse& house_;
};

// ---- seeds -------------------------------------------------------------------------------------

TEST_F(RestoringOthers, ASeedWithoutABackupIsRefusedWithWhatMakesItAgain) {
  for (const char* accident :
       {"UPDATE seeds.code_status SET label = 'x'", "DROP TABLE seeds.code_status"}) {
    SCOPED_TRACE(accident);
    house_.root().execute(accident);
    const auto refused = house_.run("silver_transformer", {"restore", "seeds.code_status"});
    EXPECT_EQ(refused.program.exit_code, 21) << refused.program.text();
    EXPECT_THAT(refused.cause(),
                AllOf(HasSubstr("there is no verified backup of seeds.code_status"),
                      HasSubstr("with --select code_status makes it again")));
    green("silver_transformer", {"--select", "code_status"});
    EXPECT_EQ(house_.content(), house_.three_days());
  }
}

TEST_F(RestoringOthers, ASeedComesBackFromACopy) {
  green("silver_transformer", {"backup", "seeds.code_status"});
  house_.root().execute("DELETE FROM seeds.code_status");
  const auto restored = green("silver_transformer", {"restore", "seeds.code_status"});
  EXPECT_THAT(restored.output().at("missing").as_array(), IsEmpty()) << "a seed holds no days";
  EXPECT_EQ(house_.content(), house_.three_days());
  green("silver_transformer", {});
  EXPECT_EQ(house_.content(), house_.three_days());
  const auto undone = house_.type(restored.output().at("undo").as_string());
  EXPECT_TRUE(undone.ok()) << undone.text();
  EXPECT_EQ(house_.value("SELECT COUNT(*) FROM seeds.code_status"), "0");
}

TEST_F(RestoringOthers, ASeedThatPublishesKeepComesBackAsItWasBeforeThem) {
  house_.write_config("backups:\n  tables: [seeds.code_status]\n");
  house_.deliver("2026-02-04", "(1,9),(4,9)");
  green("staging_loader", {"--business-date", "2026-02-04"});
  house_.write("project/seeds/code_status.csv", "code,label\n1,wrong\n7,wrong\n9,wrong\n");
  green("silver_transformer", {"--run-id", "day4"});
  const auto restored = green("silver_transformer", {"restore", "seeds.code_status"});
  EXPECT_EQ(restored.output().at("tables").as_array().at(0).at("backup").as_string(),
            house_.backup_of("seeds.code_status", "day4"));
  EXPECT_EQ(house_.rows("SELECT code, label FROM seeds.code_status ORDER BY 1"),
            "1|new;7|in;9|out");
}

TEST_F(RestoringOthers, ASeedIsNotLookedForInAnotherLayer) {
  const auto refused = house_.run("gold_transformer", {"restore", "seeds.code_status"});
  EXPECT_EQ(refused.program.exit_code, 10) << refused.program.text();
  EXPECT_THAT(refused.cause(), HasSubstr("seeds.code_status is no table of this layer"));
}

// ---- a layer with a name of its own ------------------------------------------------------------

/// A third layer, mart, above gold in a schema reports, run by gold_transformer --layer mart.
class RestoringMart : public RestoringOthers {
 protected:
  RestoringMart() {
    for (const char* schema : {"reports", "reports__next"}) {
      house_.root().execute(
          fmt::format("CREATE OR REPLACE DATABASE {} COLLATE utf8mb4_unicode_ci", schema));
    }
    for (const char* grant :
         {"SELECT ON reports.* TO etl_build", "ALL ON `reports\\_\\_next`.* TO etl_build",
          "SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON reports.* TO "
          "etl_publish",
          "SELECT, ALTER, DROP, CREATE, INSERT, CREATE VIEW, SHOW VIEW, TRIGGER ON "
          "`reports\\_\\_next`.* TO etl_publish",
          "SELECT, DROP ON reports.* TO etl_janitor",
          "SELECT, DROP ON `reports\\_\\_next`.* TO etl_janitor"}) {
      house_.root().execute(fmt::format("GRANT {}@localhost", grant));
    }
    house_.write("pipeline.yaml",
                 replace_all(test::read_text_file(house_.file("pipeline.yaml")),
                             "      select: [\"path:models/gold\"]\n",
                             "      select: [\"path:models/gold\"]\n    mart:\n      schema: "
                             "reports\n      select: [\"path:models/mart\"]\n"));
    house_.write("project/dbt_project.yml",
                 test::read_text_file(house_.file("project/dbt_project.yml")) +
                     "    mart:\n      +schema: reports\n");
    house_.write_model("models/mart/totals.sql",
                       "{{ config(materialized='incremental') }}\nselect curdate() as day, "
                       "sum(tenants) as tenants from {{ ref('summary') }}\n");
    // The project is another one now, so the layers below are built once more.
    green("silver_transformer", {});
    green("gold_transformer", {});
    green("gold_transformer", {"--layer", "mart", "--run-id", "mart3"});
  }

  void day(const std::string& date, const std::string& run) {
    house_.deliver(date, "(1,9),(4,9)");
    green("staging_loader", {"--business-date", date});
    green("silver_transformer", {"--run-id", run});
    green("gold_transformer", {"--run-id", run});
    green("gold_transformer", {"--layer", "mart", "--run-id", run});
  }

  std::string totals() { return house_.rows("SELECT * FROM reports.totals ORDER BY day"); }
};

TEST_F(RestoringMart, ATableOfItComesBackAndItsDayIsReplayed) {
  day("2026-02-04", "day4");
  const std::string four_days = totals();
  EXPECT_EQ(four_days, "2026-02-03|3;2026-02-04|2");
  house_.root().execute("DROP TABLE reports.totals");
  const auto restored = green("gold_transformer", {"restore", "totals", "--layer", "mart"});
  EXPECT_EQ(restored.output().at("tables").as_array().at(0).at("table").as_string(),
            "reports.totals");
  EXPECT_EQ(totals(), "2026-02-03|3");
  EXPECT_THAT(restored.program.out, HasSubstr("missing now: 2026-02-04"));
  green("gold_transformer", {"--layer", "mart"});
  EXPECT_EQ(totals(), four_days);
}

TEST_F(RestoringMart, ItIsRolledBackAndBuiltAgain) {
  day("2026-02-04", "day4");
  const std::string four_days = totals();
  const auto back = green("gold_transformer", {"rollback", "day4", "--layer", "mart"});
  EXPECT_EQ(totals(), "2026-02-03|3");
  EXPECT_THAT(back.output().at("undo").as_string(),
              HasSubstr("gold_transformer --layer mart rollback"));
  const auto undone = house_.type(back.output().at("undo").as_string());
  EXPECT_TRUE(undone.ok()) << undone.text();
  EXPECT_EQ(totals(), four_days);
  green("gold_transformer", {"rollback", "day4", "--layer", "mart"});
  green("gold_transformer", {"--layer", "mart"});
  EXPECT_EQ(totals(), four_days);
}

TEST_F(RestoringMart, ItsTablesAreNotThoseOfGold) {
  const auto wrong = house_.run("gold_transformer", {"restore", "reports.totals"});
  EXPECT_EQ(wrong.program.exit_code, 10) << wrong.program.text();
  EXPECT_THAT(wrong.cause(), HasSubstr("no table of this layer"));
  const auto unknown = house_.run("gold_transformer", {"restore", "totals", "--layer", "marts"});
  EXPECT_EQ(unknown.program.exit_code, 10) << unknown.program.text();
  EXPECT_THAT(unknown.cause(), HasSubstr("mart"));
}

}  // namespace
}  // namespace pipeline
