// Retention: old and replaced by a newer verified backup, or it stays.
#include "stages/publish/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pipeline::publish {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Verified = Backup::Verified;

const auto now = *parse_utc("2026-02-10T00:00:00.000Z");

Backup backup(std::string table, int days_old, Verified verified = Verified::yes) {
  Backup made;
  made.live = {"silver", std::move(table)};
  made.backup_name = made.live.table + "_" + std::to_string(days_old);
  made.verified = verified;
  made.created_at = now - std::chrono::days(days_old);
  return made;
}

std::vector<std::string> names(const std::vector<Backup>& backups) {
  std::vector<std::string> result;
  for (const auto& one : backups) result.push_back(one.backup_name);
  return result;
}

TEST(Retention, DropsWhatIsOldAndReplaced) {
  EXPECT_THAT(names(expired_backups({backup("t", 1), backup("t", 4), backup("t", 5)}, now, 3)),
              ElementsAre("t_4", "t_5"));
}

TEST(Retention, NeverDropsTheLastBackupHoweverOld) {
  EXPECT_THAT(expired_backups({backup("t", 400)}, now, 3), IsEmpty());
}

TEST(Retention, NeverDropsTheNewestVerifiedBackup) {
  EXPECT_THAT(names(expired_backups(
                  {backup("t", 1, Verified::no), backup("t", 10), backup("t", 20)}, now, 3)),
              ElementsAre("t_20"));
  EXPECT_THAT(expired_backups({backup("t", 1, Verified::no), backup("t", 9, Verified::no)}, now, 3),
              IsEmpty());
}

TEST(Retention, KeepsTheNewestOfTheDateBeforeFromWhichARerunStarts) {
  auto of_date = [](int days_old, const char* date) {
    Backup made = backup("t", days_old);
    made.business_date = BusinessDate::parse(date);
    return made;
  };
  // A rerun on the fourth day swapped out another version of the 5th; the one of the 4th is needed.
  EXPECT_THAT(names(expired_backups(
                  {of_date(0, "2026-02-05"), of_date(4, "2026-02-05"), of_date(5, "2026-02-04"),
                   of_date(6, "2026-02-04"), of_date(7, "2026-02-03")},
                  now, 3)),
              ElementsAre("t_4", "t_6", "t_7"));
}

TEST(Retention, KeepsForAHundredYearsWhenAskedTo) {
  EXPECT_THAT(expired_backups({backup("t", 1), backup("t", 400)}, now, 36500), IsEmpty());
  EXPECT_THAT(expired_backups({backup("t", 1), backup("t", 400)}, now, 999'999), IsEmpty());
}

TEST(Retention, ToleratesAServerClockThatIsALittleAhead) {
  auto ahead = backup("t", 0);
  ahead.created_at = now + std::chrono::seconds(2);
  EXPECT_THAT(names(expired_backups({ahead, backup("t", 9)}, now, 3)), ElementsAre("t_9"));
}

TEST(Retention, CountsEachTableForItself) {
  EXPECT_THAT(expired_backups({backup("t", 1), backup("u", 9)}, now, 3), IsEmpty());
}

TEST(Retention, DropsNothingWhenTheClockWentBack) {
  EXPECT_THAT(expired_backups({backup("t", -1), backup("t", 9)}, now, 3), IsEmpty());
}

TEST(Retention, AClockThatJumpedAheadLeavesTheNewestVerifiedOne) {
  EXPECT_THAT(
      names(expired_backups({backup("t", 1), backup("t", 2)}, now + std::chrono::days(365), 3)),
      ElementsAre("t_2"));
}

}  // namespace
}  // namespace pipeline::publish
