// What the calendar of dumps shows for each date.
#include "stages/staging/load/dump_calendar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/io/file.h"
#include "common/object_store/directory_store.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

BusinessDate day(std::string_view text) {
  return *BusinessDate::parse(text);
}

StoredDump dump(std::string_view date, StoredDump::Where where, int minute = 0) {
  StoredDump made{.date = day(date), .object = {}, .where = where};
  made.object.key = fmt::format("{}/{}", minute, date);
  made.object.modified = std::chrono::system_clock::time_point(std::chrono::minutes(minute));
  return made;
}

PublishedLoad load(std::string_view date, std::uint64_t generation) {
  return {
      .business_date = day(date), .generation = generation, .run_id = "run", .published_at = {}};
}

constexpr auto incoming = StoredDump::Where::incoming;
constexpr auto processed = StoredDump::Where::processed;
constexpr auto quarantined = StoredDump::Where::quarantine;

/// "2026-02-01 live 3": date, state, generation.
std::vector<std::string> lines(const CalendarInput& input, std::string_view asked, int days = 60) {
  std::vector<std::string> found;
  for (const auto& entry : make_calendar(input, {.asked = day(asked), .days = days}).entries) {
    found.push_back(entry.date.iso() + " " + state_text(entry));
    if (entry.loaded) found.back() += fmt::format(" {}", entry.loaded->generation);
  }
  return found;
}

TEST(DumpCalendar, HasEveryDateFromTheFirstKnownToTheAskedOneAndLaterDumps) {
  const CalendarInput input{
      .live = day("2026-02-02"),
      .dumps = {dump("2026-02-01", processed), dump("2026-02-02", incoming),
                dump("2026-02-04", incoming), dump("2026-02-09", incoming)},
      .refused = {dump("2026-02-03", quarantined)},
      .loads = {load("2026-02-01", 1), load("2026-02-02", 2), load("2026-02-02", 3)},
      .first_load = day("2026-02-01")};
  EXPECT_THAT(lines(input, "2026-02-06"),
              ElementsAre("2026-02-01 older than live, archived 1", "2026-02-02 live 3",
                          "2026-02-03 refused", "2026-02-04 pending", "2026-02-05 missing",
                          "2026-02-06 missing", "2026-02-09 future"));
}

TEST(DumpCalendar, TellsADumpThatIsGoneFromOneThatNeverCame) {
  const CalendarInput input{.live = day("2026-02-03"),
                            .dumps = {},
                            .refused = {},
                            .loads = {load("2026-02-01", 1), load("2026-02-03", 2)},
                            .first_load = day("2026-02-01")};
  EXPECT_THAT(lines(input, "2026-02-03"), ElementsAre("2026-02-01 loaded, its dump is gone 1",
                                                      "2026-02-02 missing", "2026-02-03 live 2"));
}

TEST(DumpCalendar, IsBoundedAndCountsWhatItDoesNotShow) {
  const CalendarInput input{.live = {},
                            .dumps = {dump("2020-01-01", incoming), dump("2026-02-03", incoming)},
                            .refused = {dump("2020-01-02", quarantined)},
                            .loads = {},
                            .first_load = {}};
  EXPECT_THAT(lines(input, "2026-02-03", 2),
              ElementsAre("2026-02-02 missing", "2026-02-03 pending"));
  EXPECT_EQ(make_calendar(input, {.asked = day("2026-02-03"), .days = 2}).earlier_dumps, 2U);
  EXPECT_EQ(make_calendar(input, {.asked = day("2026-02-03"), .days = 10'000}).earlier_dumps, 0U);
}

TEST(DumpCalendar, PutsRefusedDumpsOfADateBehindTheOneThatStandsForItTheNewestLast) {
  const CalendarInput input{
      .live = {},
      .dumps = {dump("2026-02-03", incoming)},
      .refused = {dump("2026-02-03", quarantined, 9), dump("2026-02-03", quarantined, 4)},
      .loads = {},
      .first_load = {}};
  const auto calendar = make_calendar(input, {.asked = day("2026-02-03")});
  ASSERT_EQ(calendar.entries.size(), 3U);
  EXPECT_EQ(calendar.entries[0].state, CalendarEntry::State::pending);
  EXPECT_EQ(calendar.entries[1].dump->object.key, "4/2026-02-03");
  EXPECT_EQ(calendar.entries[2].dump->object.key, "9/2026-02-03");
}

TEST(DumpCalendar, OfNothingIsEmpty) {
  EXPECT_THAT(
      lines({.live = {}, .dumps = {}, .refused = {}, .loads = {}, .first_load = {}}, "2026-02-03"),
      IsEmpty());
}

TEST(RefusalNotes, AreReadBoundedAndPassedOverWhereTheyCannotBeUnderstood) {
  const test::TempDir folder;
  DirectoryStore store(folder.path());
  const auto put = [&](const std::string& key, const std::string& text) {
    TextSource bytes(text);
    store.put(key, bytes);
  };
  put("1/2026-02-01.json", R"({"error":"Pipeline.DumpCorrupt","cause":")" +
                               std::string(1'000, 'c') + R"(","run_id":7})");
  put("2/2026-02-02.json", "no json");
  put("3/2026-02-03.json", R"({"error":")" + std::string(70'000, 'e') + R"("})");
  CalendarInput input{.live = {}, .dumps = {}, .refused = {}, .loads = {}, .first_load = {}};
  for (int minute = 1; minute <= 4; ++minute) {
    input.refused.push_back(dump(fmt::format("2026-02-0{}", minute), quarantined, minute));
  }
  auto calendar = make_calendar(input, {.asked = day("2026-02-04")});
  read_refusal_notes(store, calendar);
  ASSERT_EQ(calendar.entries.size(), 4U);
  ASSERT_TRUE(calendar.entries[0].why);
  EXPECT_EQ(calendar.entries[0].why->error, "Pipeline.DumpCorrupt");
  EXPECT_LE(calendar.entries[0].why->cause.size(), 303U);
  EXPECT_EQ(calendar.entries[0].why->run_id, "") << "a number is no run";
  for (const std::size_t other : {1U, 2U, 3U}) EXPECT_FALSE(calendar.entries[other].why) << other;
}

}  // namespace
}  // namespace pipeline
