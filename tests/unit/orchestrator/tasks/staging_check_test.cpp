// Which business date comes next, and how the loader is asked.
#include "orchestrator/tasks/staging_check.h"

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/support/temp_dir.h"

namespace pipeline {
namespace {

BusinessDate day(int number) {
  return BusinessDate::parse("2026-02-01")->plus_days(number - 1);
}

StagingCheck state(std::optional<int> live, std::vector<int> pending,
                   std::vector<std::optional<int>> layers) {
  StagingCheck check;
  if (live) check.live = day(*live);
  for (const int number : pending) check.pending.push_back(day(number));
  for (const auto& number : layers) {
    check.layers.push_back(
        {.name = "layer", .business_date = number ? std::optional(day(*number)) : std::nullopt});
  }
  return check;
}

struct Case {
  const char* name;
  StagingCheck check;
  int today;
  std::set<BusinessDate> done;
  std::optional<int> next;
};

TEST(NextDate, GoesOldestFirstAndLeavesNoLayerBehind) {
  const Case cases[] = {
      {"first load", state({}, {1, 2}, {{}, {}}), 2, {}, 1},
      {"one pending", state(1, {2}, {1, 1}), 2, {}, 2},
      {"several pending", state(1, {2, 3, 4}, {1, 1}), 4, {}, 2},
      {"the next one after a success", state(2, {3, 4}, {2, 2}), 4, {day(2)}, 3},
      {"not after today", state(1, {2, 3}, {1, 1}), 1, {}, 1},
      {"a layer is behind", state(2, {3}, {1, 1}), 3, {}, 2},
      {"the last layer is behind", state(2, {3}, {2, 1}), 3, {}, 2},
      {"a layer was never built", state(2, {3}, {2, {}}), 3, {}, 2},
      {"today's dump is missing", state(1, {}, {1, 1}), 2, {}, 2},
      {"today's dump is missing after a catch-up", state(2, {}, {2, 2}), 3, {day(2)}, 3},
      {"nothing was ever loaded and nothing is there", state({}, {}, {{}}), 2, {}, 2},
      {"nothing new", state(2, {}, {2, 2}), 2, {}, 2},
      {"all done", state(2, {}, {2, 2}), 2, {day(2)}, {}},
      {"a past date is asked for", state(3, {4}, {3, 3}), 2, {}, 2},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    const auto next = next_date(one.check, day(one.today), one.done);
    EXPECT_EQ(next, one.next ? std::optional(day(*one.next)) : std::nullopt);
  }
}

TEST(ParseStagingCheck, ReadsWhatTheLoaderPrints) {
  const auto check = parse_staging_check(Json::parse(R"({
      "live":{"business_date":"2026-02-01","generation":1},"pending":["2026-02-03","2026-02-02"],
      "missing":[],"layers":[{"name":"silver","schema":"silver","business_date":"2026-02-01"},
      {"name":"gold","schema":"gold","business_date":null}]})"));
  EXPECT_EQ(check.live, day(1));
  EXPECT_EQ(check.pending, (std::vector{day(2), day(3)}));
  ASSERT_EQ(check.layers.size(), 2U);
  EXPECT_EQ(check.layers[0].business_date, day(1));
  EXPECT_EQ(check.layers[1].business_date, std::nullopt);
  EXPECT_THROW(parse_staging_check(Json::parse("{}")), Error);
  EXPECT_THROW(parse_staging_check(
                   Json::parse(R"({"live":null,"pending":["soon"],"missing":[],"layers":[]})")),
               Error);
}

ErrorKind kind_thrown(const std::string& script, std::chrono::seconds limit) {
  const test::TempDir dir;
  try {
    ask_loader({.loader = {"/bin/sh", dir.write("loader", script)},
                .config_path = "/etc/pipeline.yaml",
                .environment = {"PATH=/usr/bin:/bin"},
                .log_path = dir.file("log"),
                .time_limit = limit},
               {});
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::internal;
}

TEST(AskLoader, PassesTheQuestionOn) {
  const test::TempDir dir;
  const auto loader = dir.write(
      "loader",
      "[ \"$*\" = 'check --json --config /etc/pipeline.yaml' ] || exit 10\n"
      "echo chatter >&2\n"
      "echo '{\"live\":null,\"pending\":[\"2026-02-02\"],\"missing\":[],\"layers\":[]}'\n");
  const auto check = ask_loader({.loader = {"/bin/sh", loader},
                                 .config_path = "/etc/pipeline.yaml",
                                 .environment = {},
                                 .log_path = dir.file("log")},
                                {});
  EXPECT_EQ(check.pending, std::vector{day(2)});
  EXPECT_EQ(test::read_text_file(dir.file("log")), "chatter\n");
}

TEST(AskLoader, TellsWhyThereIsNoAnswer) {
  const std::chrono::seconds plenty{20};
  EXPECT_EQ(kind_thrown("exit 16", plenty), ErrorKind::unavailable);
  EXPECT_EQ(kind_thrown("exit 99", plenty), ErrorKind::internal);
  EXPECT_EQ(kind_thrown("kill -KILL $$", plenty), ErrorKind::internal);
  EXPECT_EQ(kind_thrown("echo hello", plenty), ErrorKind::internal);
  EXPECT_EQ(kind_thrown("exec sleep 600", std::chrono::seconds(1)), ErrorKind::timed_out);
}

TEST(NextDate, IsTheLiveOneAgainWhenALayerHasNotSeenItsCorrectedDump) {
  const auto check = parse_staging_check(Json::parse(
      R"({"live":{"business_date":"2026-02-01","generation":2},"pending":["2026-02-02"],"missing":[],
          "layers":[{"name":"silver","business_date":"2026-02-01","outdated":true}]})"));
  EXPECT_EQ(next_date(check, *BusinessDate::parse("2026-02-02"), {}),
            BusinessDate::parse("2026-02-01"));
}

}  // namespace
}  // namespace pipeline
