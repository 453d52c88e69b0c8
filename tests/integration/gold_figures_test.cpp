// Every figure of the bundled project, row for row against SQL that was written from the
// descriptions of the columns and runs on the source database, on three days.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <stdexcept>

#include "tests/integration/gold_figures_house.h"

namespace pipeline::bundled {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// What one figure was found to be at the end of one day.
struct Finding {
  std::string rows;
  std::vector<std::string> differences;
};

/// The three days, run once for both suites.
class GoldFigures : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (begun_) return;
    begun_ = true;
    house_ = std::make_unique<FiguresHouse>();
    for (int day = 1; day <= FiguresHouse::days; ++day) {
      house_->run_day(day);
      for (const auto& figure : figures()) {
        findings_[day][figure.table()] = {.rows = value("SELECT COUNT(*) FROM " + figure.table()),
                                          .differences = house_->compare(figure)};
      }
    }
  }

  static FiguresHouse& house() { return *house_; }
  static std::string value(const std::string& sql) { return house().warehouse().value(sql); }
  static const Figure& figure(const std::string& table) {
    for (const auto& one : figures()) {
      if (one.table() == table) return one;
    }
    throw std::runtime_error("no figure " + table);
  }
  static const Finding& finding(int day, const std::string& table) {
    return findings_.at(day).at(table);
  }

 private:
  static inline bool begun_ = false;
  static inline std::unique_ptr<FiguresHouse> house_;
  static inline std::map<int, std::map<std::string, Finding>> findings_;
};

class GoldFigure : public GoldFigures, public testing::WithParamInterface<Figure> {};

INSTANTIATE_TEST_SUITE_P(Tables, GoldFigure, testing::ValuesIn(figures().begin(), figures().end()),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_P(GoldFigure, IsOnEveryDayWhatTheSourceSays) {
  for (int day = 1; day <= FiguresHouse::days; ++day) {
    const Finding& found = finding(day, GetParam().table());
    EXPECT_NE(found.rows, "0") << FiguresHouse::date_of(day);
    EXPECT_THAT(found.differences, IsEmpty())
        << GetParam().table() << " on " << FiguresHouse::date_of(day);
  }
}

TEST_F(GoldFigures, LeaveOutNoTableOfTheProject) {
  std::string known;
  for (const auto& one : figures()) known += (known.empty() ? "'" : ",'") + one.table() + "'";
  EXPECT_EQ(value("SELECT GROUP_CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) FROM "
                  "information_schema.TABLES WHERE TABLE_SCHEMA IN ('silver', 'gold') AND "
                  "TABLE_NAME <> 'pipeline_marker' AND TABLE_NAME NOT LIKE '%\\_backup\\_%' AND "
                  "CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) NOT IN (" +
                  known + ")"),
            "NULL");
}

/// What a person works out by hand for one awkward row, so that not both sides are wrong alike.
struct ByHand {
  const char* what;
  const char* sql;  // of the third day
  const char* expected;
};

constexpr ByHand by_hand[] = {
    {"a birthday on February 29 is not over on the 28th, but on the 29th",
     "SELECT GROUP_CONCAT(age_at_signing ORDER BY moving_id) FROM gold.new_contracts WHERE "
     "moving_id IN (900001, 900002)",
     "22,24"},
    {"a month is full on the same day of the month",
     "SELECT GROUP_CONCAT(tenure_months, ' ', tenure_band ORDER BY moving_id) FROM "
     "gold.moveout_analysis WHERE moving_id IN (900003, 900004, 900028)",
     "0 0-0,2 1-2,2 1-2"},
    {"zero dates are no dates",
     "SELECT GROUP_CONCAT(moveout_date ORDER BY moving_id) FROM gold.moveouts WHERE moving_id IN "
     "(900003, 900004)",
     "2020-02-29,2020-03-31"},
    {"the figures begin with 2018",
     "SELECT CONCAT((SELECT GROUP_CONCAT(moving_id) FROM gold.moveouts WHERE moving_id IN (900005, "
     "900006)), ' ', (SELECT GROUP_CONCAT(moving_id) FROM gold.new_contracts WHERE moving_id IN "
     "(900005, 900006)))",
     "900005 900006"},
    {"who leaves today is gone, who leaves tomorrow is not",
     "SELECT CONCAT((SELECT GROUP_CONCAT(moving_id) FROM gold.moveouts WHERE moving_id IN (900007, "
     "900008)), ' ', (SELECT GROUP_CONCAT(moving_id) FROM silver.tenant_room_snapshot_daily WHERE "
     "snapshot_date = '2026-02-03' AND moving_id IN (900007, 900008)))",
     "900007 900008"},
    {"a notice of 2024-02-02 has left the window on 2026-02-03",
     "SELECT COUNT(*) FROM gold.moveout_notices WHERE moving_id IN (900010, 900011)", "0"},
    {"of repeated rows the newest counts that is not cancelled",
     "SELECT GROUP_CONCAT(moving_id ORDER BY moving_id) FROM silver.int_contracts WHERE moving_id "
     "BETWEEN 900014 AND 900019",
     "900014,900017,900019"},
    {"one of two in a room counts: the current contract, the later one, the greater number",
     "SELECT GROUP_CONCAT(moving_id ORDER BY moving_id) FROM silver.tenant_room_snapshot_daily "
     "WHERE snapshot_date = '2026-02-03' AND moving_id BETWEEN 900020 AND 900026 AND "
     "is_room_primary = 1",
     "900021,900023,900024,900026"},
    {"the border of Tokyo is inside, and of the other system's places the newest inside counts",
     "SELECT GROUP_CONCAT(COALESCE(CONCAT(latitude, ' ', location_source), 'none') ORDER BY "
     "apartment_id) FROM silver.stg_apartments WHERE apartment_id > 900000",
     "35.5000000 source,35.6200000 backup,none,35.9000000 source,35.9000000 backup"},
    {"a state that comes back is a period of its own",
     "SELECT GROUP_CONCAT(status, ' ', valid_from, ' ', COALESCE(valid_to, '') ORDER BY "
     "valid_from) "
     "FROM silver.tenant_status_history WHERE tenant_id = 900031",
     "2 2026-02-01 2026-02-02,3 2026-02-02 2026-02-03,2 2026-02-03 "},
    {"a tenant who was away for a day and comes back the same has one period",
     "SELECT GROUP_CONCAT(valid_from, ' ', COALESCE(valid_to, '')) FROM "
     "silver.tenant_status_history WHERE tenant_id = 900033",
     "2026-02-01 "},
};

TEST_F(GoldFigures, AgreeWithWhatAPersonWorksOut) {
  for (const auto& one : by_hand) {
    EXPECT_EQ(value(one.sql), one.expected) << one.what;
  }
}

TEST_F(GoldFigures, WouldNameARowOfTheSourceThatWasChangedAfterTheLoad) {
  const auto after = [&](const std::string& change) {
    house().warehouse().execute(change);
    house().compute(FiguresHouse::days);
  };
  after("UPDATE source.movings SET rent = rent + 1 WHERE id = 900001");
  EXPECT_THAT(house().compare(figure("gold.moveouts")),
              ElementsAre("moving_id='900001': rent was published as '29999' and computed as "
                          "'30000'"));
  EXPECT_THAT(house().compare(figure("gold.moveout_analysis")),
              ElementsAre(AllOf(HasSubstr("moving_id='900001': "),
                                HasSubstr("rent_band was published as '0-29999' and computed as "
                                          "'30000-39999'"))));
  after("UPDATE source.movings SET rent = rent - 1, cancel_flag = 1 WHERE id = 900001");
  EXPECT_THAT(house().compare(figure("gold.new_contracts")),
              ElementsAre("moving_id='900001' was published and not computed"));
  after("UPDATE source.movings SET cancel_flag = 0 WHERE id = 900001");
  after("UPDATE source.tenants SET renewal_priority = 9 WHERE id = 900033");
  EXPECT_THAT(
      house().compare(figure("silver.tenant_status_history")),
      ElementsAre("tenant_id='900033', valid_from='2026-02-01': is_current was published as "
                  "'1' and computed as '0', valid_to was published as NULL and computed as "
                  "'2026-02-03'",
                  "tenant_id='900033', valid_from='2026-02-03' was computed and not "
                  "published"));
  after("UPDATE source.tenants SET renewal_priority = NULL WHERE id = 900033");
  for (const auto& one : figures()) {
    EXPECT_THAT(house().compare(one), IsEmpty()) << one.table();
  }
}

TEST(Differences, TellNullFromEmptyAndOneRowFromTwo) {
  const ResultTable one{.columns = {"id", "a"}, .rows = {{"1", std::nullopt}, {"2", "x"}}};
  EXPECT_THAT(differences(one, one, {"id"}), IsEmpty());
  EXPECT_THAT(differences(one, {.columns = {"a", "id"}, .rows = {{"x", "2"}, {"", "1"}}}, {"id"}),
              ElementsAre("id='1': a was published as NULL and computed as ''"));
  EXPECT_THAT(differences(one, {.columns = {"id"}, .rows = {}}, {"id"}),
              ElementsAre("the column a was only published"));
  EXPECT_THAT(differences(one, {.columns = {"id", "a"}, .rows = {{"2", "x"}, {"2", "x"}}}, {"id"}),
              ElementsAre("id='2' stands twice in what was computed",
                          "id='1' was published and not computed"));
  EXPECT_THAT(differences(one, {.columns = {"id", "a"}, .rows = {}}, {"id"}, 1),
              ElementsAre("id='1' was published and not computed", "and 1 more"));
}

}  // namespace
}  // namespace pipeline::bundled
