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

TEST(Retention, NeverDropsAGoodBackupForOneThatARestoreTookAway) {
  auto taken_away = backup("t", 1);
  taken_away.kind = BackupKind::replaced_by_restore;
  EXPECT_THAT(expired_backups({taken_away, backup("t", 10)}, now, 3), IsEmpty());
  taken_away.created_at = now - std::chrono::days(10);
  EXPECT_THAT(names(expired_backups({backup("t", 1), taken_away}, now, 3)), ElementsAre("t_1"));
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

/// As the catalogue has them: numbered by the journal, which knows no clock.
std::vector<Backup> numbered(std::vector<Backup> oldest_first) {
  std::uint64_t number = 0;
  for (auto& backup : oldest_first) backup.publish_id = ++number;
  return oldest_first;
}

TEST(Retention, KnowsTheNewestByItsNumberNotByAClockThatWasAhead) {
  // Made first, stamped a year ahead; the next two were made by a clock that was right again.
  EXPECT_THAT(
      names(expired_backups(numbered({backup("t", -365), backup("t", 9), backup("t", 5)}), now, 3)),
      ElementsAre("t_-365", "t_9"))
      << "the newest is five days old and stays";
}

TEST(Retention, ABackupOfTheFutureIsAsOldAsTheNextOneMade) {
  EXPECT_THAT(
      expired_backups(numbered({backup("t", -365), backup("t", 2), backup("t", 1)}), now, 3),
      IsEmpty());
}

TEST(Retention, ACopyAndWhatARestoreReplacedAreKeptAsAnyOther) {
  auto of_kind = [](int days_old, BackupKind kind) {
    Backup made = backup("t", days_old);
    made.kind = kind;
    return made;
  };
  EXPECT_THAT(names(expired_backups(
                  {of_kind(0, BackupKind::swapped_out), of_kind(1, BackupKind::copied),
                   of_kind(5, BackupKind::replaced_by_restore), of_kind(6, BackupKind::copied)},
                  now, 3)),
              ElementsAre("t_5", "t_6"));
}

TEST(Retention, AClockThatJumpedAheadLeavesTheNewestVerifiedOne) {
  EXPECT_THAT(
      names(expired_backups({backup("t", 1), backup("t", 2)}, now + std::chrono::days(365), 3)),
      ElementsAre("t_2"));
}

}  // namespace
}  // namespace pipeline::publish
