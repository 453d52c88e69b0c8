// Which backup a restore takes, by moment, run, name or nothing at all.
#include "stages/publish/backup_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline::publish {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using State = Backup::State;
using Verified = Backup::Verified;

std::chrono::system_clock::time_point utc(std::string_view text) {
  return *parse_utc(text);
}

Backup backup(std::uint64_t publish_id, std::uint64_t built_by, const std::string& run) {
  Backup made;
  made.live = {"silver", "t"};
  made.backup_name = "t_" + run;
  made.run_id = run;
  made.publish_id = publish_id;
  made.built_by = built_by;
  made.verified = Verified::yes;
  return made;
}

/// Days 1 to 4 by publishes 1 to 4, at seven each morning in Tokyo.
struct FourDays {
  std::vector<Backup> backups{backup(4, 3, "day4"), backup(3, 2, "day3"), backup(2, 1, "day2")};
  std::vector<MadeLive> lives{{1, utc("2026-01-31T22:00:00.000Z")},
                              {2, utc("2026-02-01T22:00:00.000Z")},
                              {3, utc("2026-02-02T22:00:00.000Z")},
                              {4, utc("2026-02-03T22:00:00.000Z")}};
  std::uint64_t live = 4;

  std::string choose(const std::optional<std::string>& at) const {
    const auto choice = choose_backup(parse_restore_point(at, backups), backups, lives, live);
    return choice.table ? choice.table->backup_name : "live";
  }
  Error refusal(const std::optional<std::string>& at) const {
    try {
      const std::string chosen = choose(at);
      ADD_FAILURE() << chosen << " was chosen";
    } catch (const Error& error) {
      return error;
    }
    return Error(ErrorKind::internal, "nothing was refused");
  }
};

TEST(BackupChoice, TakesTheNewestVerifiedOneWhenNothingIsSaid) {
  FourDays days;
  EXPECT_EQ(days.choose({}), "t_day4");
  days.backups[0].verified = Verified::no;
  EXPECT_EQ(days.choose({}), "t_day3");
  days.backups[1].state = State::gone;
  EXPECT_EQ(days.choose({}), "t_day2");
}

TEST(BackupChoice, TakesWhatARestoreTookAwayOnlyByItsName) {
  FourDays days;
  days.backups[0].kind = BackupKind::replaced_by_restore;
  EXPECT_EQ(days.choose({}), "t_day3");
  EXPECT_EQ(days.choose("t_day4"), "t_day4");
  days.backups.resize(1);
  EXPECT_THAT(days.refusal({}).message(),
              AllOf(HasSubstr("but what a restore or rollback took away"), HasSubstr("t_day4")));
}

TEST(BackupChoice, TakesWhatTheTableWasBeforeARun) {
  const FourDays days;
  EXPECT_EQ(days.choose("day3"), "t_day3");
  EXPECT_EQ(days.choose("day2"), "t_day2");
  const Error unknown = days.refusal("day7");
  EXPECT_EQ(unknown.kind(), ErrorKind::config_invalid);
  EXPECT_THAT(unknown.message(), AllOf(HasSubstr("day7"), HasSubstr("t_day4")));
}

TEST(BackupChoice, OfARunThatPublishedTwiceTakesTheStateBeforeIt) {
  FourDays days;
  days.backups.insert(days.backups.begin(), backup(5, 4, "day4"));
  days.backups[0].backup_name = "t_day4_again";
  EXPECT_EQ(days.choose("day4"), "t_day4");
}

TEST(BackupChoice, TakesWhatWasLiveAtAMoment) {
  const FourDays days;
  EXPECT_EQ(days.choose("2026-02-02 12:00"), "t_day3")
      << "published on the 2nd, live until the 3rd";
  EXPECT_EQ(days.choose("2026-02-03 06:59:59"), "t_day3");
  EXPECT_EQ(days.choose("2026-02-03 07:00"), "t_day4");
  EXPECT_EQ(days.choose("2026-02-02T22:00Z"), "t_day4");
  EXPECT_EQ(days.choose("2026-02-03 04:00+05:30"), "t_day4");
}

TEST(BackupChoice, SaysThatTheLiveTableIsWhatWasLive) {
  EXPECT_THAT(FourDays().refusal("2026-02-04 12:00").message(),
              HasSubstr("is live now, since 2026-02-04T07:00:00+09:00"));
}

TEST(BackupChoice, DoesNotGuessWhatWasLiveInAGap) {
  FourDays days;
  days.backups.erase(days.backups.begin() + 1);  // day 3 replaced a table that was not kept
  EXPECT_EQ(days.refusal("2026-02-02 12:00").kind(), ErrorKind::guard_refused);
  EXPECT_THAT(days.refusal("2026-01-01 12:00").message(), HasSubstr("was not kept"));
}

TEST(BackupChoice, RefusesADateWithoutATime) {
  EXPECT_THAT(FourDays().refusal("2026-02-03").message(), HasSubstr("2026-02-03 12:00"));
}

TEST(BackupChoice, FollowsAVersionThatARestoreMoved) {
  FourDays days;
  days.backups[1].state = State::put_back;
  days.live = 2;
  EXPECT_EQ(days.choose("day3"), "live") << "there is nothing to do";
  // Undone by another restore, the same rows lie in a backup of that one.
  days.live = 4;
  days.backups.insert(days.backups.begin(), backup(6, 2, "undo"));
  EXPECT_EQ(days.choose("day3"), "t_undo");
}

TEST(BackupChoice, SaysWhyAVersionIsGone) {
  FourDays days;
  days.backups[1].state = State::dropped;
  EXPECT_THAT(days.refusal("day3").message(),
              AllOf(HasSubstr("t_day3 was dropped by retention"), HasSubstr("t_day4")));
  EXPECT_THAT(days.refusal("t_day3").message(), HasSubstr("dropped by retention"));
}

TEST(BackupChoice, TakesAnUnverifiedOneOnlyByItsName) {
  FourDays days;
  days.backups[1].verified = Verified::no;
  EXPECT_THAT(days.refusal("day3").message(), HasSubstr("not verified"));
  EXPECT_EQ(days.choose("t_day3"), "t_day3");
  EXPECT_EQ(days.choose("silver.t_day3"), "t_day3");
}

TEST(BackupChoice, ReadsMomentsOnly) {
  for (const char* text : {"2026-02-30 10:00", "2026-02-03 25:00", "2026-02-03 10:00+x",
                           "20260203-070000-ab12", "manual-2026-02-01T22:05:01-17", ""}) {
    EXPECT_FALSE(parse_moment(text)) << text;
  }
}

}  // namespace
}  // namespace pipeline::publish
