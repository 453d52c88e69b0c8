// Which dump is loaded next: the rule as a table.
#include "stages/staging/load/dump_choice.h"

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

BusinessDate feb(int day) {
  return *BusinessDate::parse("2026-02-" + std::string(day < 10 ? "0" : "") + std::to_string(day));
}

std::vector<StoredDump> incoming(const std::vector<int>& days) {
  std::vector<StoredDump> dumps;
  for (const int day : days) {
    dumps.push_back({.date = feb(day), .object = {.key = "dumps/" + std::to_string(day)}});
  }
  return dumps;
}

struct Case {
  std::string name;
  int live = 0;    // 0: nothing is live
  int silver = 0;  // 0: never published
  std::vector<int> dumps;
  int asked = 0;
  std::string expected;  // "load 2", "nothing new", "wait", or the error's name
  bool allow_gaps = false;
  bool newest_only = false;
  bool rewind = false;
  bool force = false;
};

std::string outcome(const Case& one) {
  DumpWish wish{.date = feb(one.asked)};
  if (one.allow_gaps) wish.allow_gaps = "r";
  if (one.newest_only) wish.newest_only = "r";
  if (one.rewind) wish.rewind = "r";
  if (one.force) wish.force = DumpWish::Force::yes;
  LiveDates live;
  if (one.live > 0) live.staging = feb(one.live);
  live.layers.push_back({.layer = "silver", .date = {}});
  if (one.silver > 0) live.layers[0].date = feb(one.silver);
  try {
    const DumpChoice choice = choose_dump(wish, live, incoming(one.dumps));
    std::string text;
    switch (choice.kind) {
      case DumpChoice::Kind::load:
        text = "load ";
        break;
      case DumpChoice::Kind::load_if_other:
        text = "load if other ";
        break;
      case DumpChoice::Kind::nothing_new:
        return "nothing new";
      case DumpChoice::Kind::not_there:
        return "wait";
    }
    text += choice.dump->object.key.substr(6);
    if (!choice.gaps.empty()) text += " past " + std::to_string(choice.gaps.size());
    if (!choice.override_reason.empty()) text += ", " + choice.override_reason;
    return text;
  } catch (const Error& error) {
    return std::string(error.name());
  }
}

TEST(DumpChoice, IsTheOldestThatIsNewerUnlessARuleOrAReasonSaysOtherwise) {
  const std::vector<Case> cases{
      {.name = "first ever: the oldest", .dumps = {1, 2, 3}, .asked = 3, .expected = "load 1"},
      {.name = "first ever, newest only",
       .dumps = {1, 2, 3},
       .asked = 2,
       .expected = "load 2, newest-only: r",
       .newest_only = true},
      {.name = "first ever, none there", .dumps = {}, .asked = 3, .expected = "wait"},
      {.name = "first ever, only later ones", .dumps = {4}, .asked = 3, .expected = "wait"},
      {.name = "staging lost under a layer: the layer's date again",
       .silver = 2,
       .dumps = {1, 2, 3},
       .asked = 3,
       .expected = "load 2"},
      {.name = "staging lost, the layer's dump is gone",
       .silver = 2,
       .dumps = {1, 3},
       .asked = 3,
       .expected = "Pipeline.DumpContinuity"},
      {.name = "staging lost, an older day asked",
       .silver = 2,
       .dumps = {1, 2},
       .asked = 1,
       .expected = "Pipeline.DumpFreshness"},
      {.name = "staging lost, rewind: the oldest",
       .silver = 2,
       .dumps = {1, 2},
       .asked = 2,
       .expected = "load 1",
       .rewind = true},
      {.name = "the next day",
       .live = 1,
       .silver = 1,
       .dumps = {1, 2},
       .asked = 2,
       .expected = "load 2"},
      {.name = "the oldest of several",
       .live = 1,
       .silver = 1,
       .dumps = {2, 3, 4},
       .asked = 4,
       .expected = "load 2"},
      {.name = "not after the asked date",
       .live = 1,
       .silver = 1,
       .dumps = {2, 3},
       .asked = 2,
       .expected = "load 2"},
      {.name = "today's is missing",
       .live = 1,
       .silver = 1,
       .dumps = {},
       .asked = 2,
       .expected = "wait"},
      {.name = "waiting comes before the layers",
       .live = 1,
       .dumps = {},
       .asked = 2,
       .expected = "wait"},
      {.name = "a gap before the next dump",
       .live = 1,
       .silver = 1,
       .dumps = {3},
       .asked = 3,
       .expected = "Pipeline.DumpContinuity"},
      {.name = "a gap before today, which is missing too",
       .live = 1,
       .silver = 1,
       .dumps = {},
       .asked = 3,
       .expected = "Pipeline.DumpContinuity"},
      {.name = "a gap, allowed",
       .live = 1,
       .silver = 1,
       .dumps = {4},
       .asked = 4,
       .expected = "load 4 past 2, allow-gaps: r",
       .allow_gaps = true},
      {.name = "no gap: the reason is not used",
       .live = 1,
       .silver = 1,
       .dumps = {2},
       .asked = 2,
       .expected = "load 2",
       .allow_gaps = true},
      {.name = "a gap, allowed, today's missing",
       .live = 1,
       .silver = 1,
       .dumps = {},
       .asked = 3,
       .expected = "wait",
       .allow_gaps = true},
      {.name = "newest only, none there yet",
       .live = 1,
       .silver = 1,
       .dumps = {},
       .asked = 4,
       .expected = "wait",
       .newest_only = true},
      {.name = "silver is behind",
       .live = 2,
       .silver = 1,
       .dumps = {3},
       .asked = 3,
       .expected = "Pipeline.GuardRefused"},
      {.name = "silver was never built",
       .live = 2,
       .dumps = {3},
       .asked = 3,
       .expected = "Pipeline.GuardRefused"},
      {.name = "silver is ahead after a rewind",
       .live = 1,
       .silver = 2,
       .dumps = {2},
       .asked = 2,
       .expected = "load 2"},
      {.name = "silver is behind, newest only",
       .live = 1,
       .dumps = {2, 4},
       .asked = 4,
       .expected = "load 4 past 2, newest-only: r",
       .newest_only = true},
      {.name = "gaps do not get past the layers",
       .live = 1,
       .dumps = {3},
       .asked = 3,
       .expected = "Pipeline.GuardRefused",
       .allow_gaps = true},
      {.name = "older than live",
       .live = 3,
       .silver = 3,
       .dumps = {1, 2, 3},
       .asked = 2,
       .expected = "Pipeline.DumpFreshness"},
      {.name = "older than live, rewind",
       .live = 3,
       .dumps = {1, 2, 3},
       .asked = 2,
       .expected = "load 2, rewind: r",
       .rewind = true},
      {.name = "rewind to a date without a dump",
       .live = 3,
       .dumps = {1},
       .asked = 2,
       .expected = "wait",
       .rewind = true},
      {.name = "live already, archived",
       .live = 2,
       .silver = 2,
       .dumps = {},
       .asked = 2,
       .expected = "nothing new"},
      {.name = "live already, still incoming",
       .live = 2,
       .silver = 2,
       .dumps = {2},
       .asked = 2,
       .expected = "load if other 2"},
      {.name = "live already, forced",
       .live = 2,
       .silver = 2,
       .dumps = {2},
       .asked = 2,
       .expected = "load 2, force",
       .force = true},
      {.name = "live already, later ones wait",
       .live = 2,
       .silver = 2,
       .dumps = {3},
       .asked = 2,
       .expected = "nothing new"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    EXPECT_EQ(outcome(one), one.expected);
  }
}

TEST(DumpChoice, NamesTheMissingDates) {
  try {
    choose_dump({.date = feb(5)}, {.staging = feb(1), .layers = {}}, incoming({4, 5}));
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("no dump of 2026-02-02, 2026-02-03 between"), std::string::npos)
        << error.message();
  }
}

}  // namespace
}  // namespace pipeline
