// Backups and restores with the real programs on a real server: nothing is lost, no day is skipped.
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
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

RestoreHouse& shared_house() {
  static RestoreHouse instance;
  return instance;
}

class Restoring : public testing::Test {
 protected:
  Restoring() : house_(shared_house()) { house_.reset(); }

  RestoreHouse::Outcome green(const std::string& program, std::vector<std::string> arguments) {
    auto outcome = house_.run(program, std::move(arguments));
    EXPECT_TRUE(outcome.program.ok()) << outcome.program.text() << outcome.program.out;
    return outcome;
  }

  RestoreHouse::Outcome refused(const std::string& program, std::vector<std::string> arguments,
                                int exit_code) {
    const std::string before = house_.content();
    auto outcome = house_.run(program, std::move(arguments));
    EXPECT_EQ(outcome.program.exit_code, exit_code) << outcome.program.text();
    EXPECT_EQ(house_.content(), before) << "a refusal changes nothing";
    return outcome;
  }

  /// Types what a command printed for bringing days back.
  void type_all(const Json& commands) {
    for (const auto& command : commands.as_array()) {
      const auto typed = house_.type(command.as_string());
      EXPECT_TRUE(typed.ok()) << command.as_string() << "\n" << typed.text();
    }
  }

  RestoreHouse& house_;
};

std::vector<std::string> texts(const Json& list) {
  std::vector<std::string> all;
  for (const auto& item : list.as_array()) all.push_back(item.as_string());
  return all;
}

TEST_F(Restoring, ACorruptedTableComesBackAndTheDayThatItThenLacksIsReplayed) {
  house_.root().execute("DELETE FROM silver.history WHERE is_current = 0");
  house_.root().execute("UPDATE silver.history SET status = 1");
  const auto restored = green("silver_transformer", {"restore", "history", "--run-id", "mend"});
  const Json& table = restored.output().at("tables").as_array().at(0);
  EXPECT_EQ(table.at("table").as_string(), "silver.history");
  EXPECT_EQ(table.at("backup").as_string(), house_.backup_of("silver.history", "day3"));
  EXPECT_EQ(table.at("business_date").as_string(), "2026-02-02");
  EXPECT_EQ(table.at("rows_before").as_int(), 4);
  EXPECT_EQ(table.at("rows_after").as_int(), 5);
  EXPECT_EQ(table.at("difference").dump(),
            R"({"key":["tenant_id","valid_from"],"only_in_live":2,"only_in_backup":3,)"
            R"("different":2,"equal":0})");
  EXPECT_EQ(house_.rows("SELECT tenant_id, status, valid_from, valid_to FROM silver.history ORDER "
                        "BY 1, 3"),
            "1|1|2026-02-01|2026-02-02;1|7|2026-02-02|\\N;2|7|2026-02-01|\\N;3|9|2026-02-01|\\N;"
            "4|1|2026-02-02|\\N");
  EXPECT_EQ(house_.value("SELECT COUNT(*) FROM silver." + table.at("kept_as").as_string()), "4")
      << "what was live is kept";
  EXPECT_LT(restored.output().at("rename_ms").as_int(), 1000);
  EXPECT_THAT(texts(restored.output().at("missing")), ElementsAre("2026-02-03"));
  EXPECT_THAT(
      texts(restored.output().at("replay")),
      ElementsAre("orchestrator run --date 2026-02-03 --config " + house_.file("pipeline.yaml")));
  EXPECT_EQ(house_.marker("silver"), "4|0|2026-02-03|mend");
  type_all(restored.output().at("replay"));
  EXPECT_EQ(house_.content(), house_.three_days());
}

TEST_F(Restoring, DaysFurtherBackComeBackByTheCommandsThatItPrints) {
  const auto restored = green("silver_transformer", {"restore", "silver.days", "--at", "day2"});
  EXPECT_EQ(house_.rows("SELECT day FROM silver.days"), "2026-02-01");
  EXPECT_THAT(texts(restored.output().at("missing")), ElementsAre("2026-02-02", "2026-02-03"));
  const auto next = refused("silver_transformer", {}, 21);
  EXPECT_THAT(next.cause(), HasSubstr("silver.days holds 2026-02-01, and 2026-02-02 is not in it"));
  const auto commands = texts(restored.output().at("replay"));
  ASSERT_THAT(commands, SizeIs(4));
  EXPECT_THAT(commands[0], HasSubstr("gold_transformer rollback day2"));
  EXPECT_THAT(commands[1], HasSubstr("silver_transformer rollback day2"));
  EXPECT_THAT(commands[2], HasSubstr("staging_loader --business-date 2026-02-02 --rewind"));
  EXPECT_THAT(commands[3], HasSubstr("orchestrator run --date 2026-02-03"));
  type_all(restored.output().at("replay"));
  EXPECT_EQ(house_.content(), house_.three_days());
}

TEST_F(Restoring, ARestoreIsUndoneByTheCommandThatItPrints) {
  const std::string before = house_.checksum("silver.history");
  const auto restored = green("silver_transformer", {"restore", "history", "--at", "day2"});
  EXPECT_NE(house_.checksum("silver.history"), before);
  const auto undone = house_.type(restored.output().at("undo").as_string());
  EXPECT_TRUE(undone.ok()) << undone.text();
  EXPECT_EQ(house_.checksum("silver.history"), before);
  EXPECT_EQ(house_.content(), house_.three_days());
  green("silver_transformer", {});
  EXPECT_EQ(house_.content(), house_.three_days()) << "the day is built on the day before it";
}

/// What the owners' runbook says, word for word.
void restore_by_hand(RestoreHouse& house, const std::string& table, const std::string& backup) {
  house.root().execute("DROP TABLE " + table);
  house.root().execute(fmt::format("RENAME TABLE silver.{} TO {}", backup, table));
  house.root().execute("ALTER TABLE " + table + " DROP COLUMN IF EXISTS backup_created_at");
}

TEST_F(Restoring, TheOwnersOwnDropAndRenameWorksAndTheNextNightReplaysTheDay) {
  // What a fourth day gives without any of this.
  house_.deliver("2026-02-04", "(1,9),(4,9)");
  EXPECT_TRUE(
      house_.type("orchestrator run --date 2026-02-04 --config " + house_.file("pipeline.yaml"))
          .ok());
  const std::string four_days = house_.content();
  house_.reset();

  const std::string backup = house_.backup_of("silver.history", "day3");
  house_.root().execute("UPDATE silver.history SET status = 0");
  restore_by_hand(house_, "silver.history", backup);
  const auto listed = green("silver_transformer", {"backups", "history", "--json"});
  const Json backups = Json::parse(listed.program.out);
  EXPECT_EQ(backups.as_array().at(0).at("backup").as_string(), backup);
  EXPECT_EQ(backups.as_array().at(0).at("state").as_string(), "gone");

  house_.deliver("2026-02-04", "(1,9),(4,9)");
  const auto night =
      house_.type("orchestrator run --date 2026-02-04 --config " + house_.file("pipeline.yaml"));
  EXPECT_TRUE(night.ok()) << night.text();
  EXPECT_EQ(house_.content(), four_days) << "as if it had never been necessary";
}

TEST_F(Restoring, TheNextDumpIsNotLoadedOverADayThatWasTakenOutByHand) {
  restore_by_hand(house_, "silver.history", house_.backup_of("silver.history", "day3"));
  house_.deliver("2026-02-04", "(1,9),(4,9)");
  const auto loaded = refused("staging_loader", {"--business-date", "2026-02-04"}, 21);
  EXPECT_THAT(loaded.cause(), HasSubstr("silver shows 2026-02-03"));
}

}  // namespace
}  // namespace pipeline
