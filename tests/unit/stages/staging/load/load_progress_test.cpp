// What is told of a load while it runs, and when nothing is.
#include "stages/staging/load/load_progress.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "common/base/log.h"
#include "common/base/scope.h"
#include "common/io/file.h"
#include "tests/support/terminal.h"

namespace pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Fields = std::vector<std::pair<std::string, std::string>>;

constexpr LoadProgress half_way{.object_bytes_read = 50'000'000,
                                .object_bytes = 200'000'000,
                                .rows = 600'000,
                                .tables_done = 3,
                                .elapsed = milliseconds(30'000)};

TEST(LoadProgress, SaysHowMuchIsReadAndHowLongTheRestTakes) {
  EXPECT_EQ(
      progress_line(half_way),
      "50.0 MB of 200.0 MB (25 %), 600000 rows, 20000 rows/s, 3 tables done, about 1:30 left");
  EXPECT_EQ(progress_fields(half_way), (Fields{{"read_bytes", "50000000"},
                                               {"object_bytes", "200000000"},
                                               {"percent", "25"},
                                               {"rows", "600000"},
                                               {"rows_per_second", "20000"},
                                               {"tables_done", "3"},
                                               {"seconds_left", "90"}}));
}

TEST(LoadProgress, GivesNoEstimateBeforeTheFirstAndBehindTheLastByte) {
  EXPECT_EQ(progress_line({.object_bytes = 10}),
            "0 B of 10 B (0 %), 0 rows, 0 rows/s, 0 tables done");
  LoadProgress all = half_way;
  all.object_bytes_read = all.object_bytes;
  all.tables_done = 1;
  EXPECT_EQ(progress_line(all),
            "200.0 MB of 200.0 MB (100 %), 600000 rows, 20000 rows/s, 1 table done, the server "
            "takes the last rows");
  EXPECT_EQ(progress_fields(all).back().first, "tables_done");
  EXPECT_EQ((LoadProgress{.object_bytes_read = 7, .object_bytes = 0}.percent()), 0U);
  EXPECT_EQ((LoadProgress{.object_bytes_read = 7, .object_bytes = 5}.percent()), 100U);
}

TEST(LoadProgress, WritesLongEstimatesAsHours) {
  LoadProgress slow = half_way;
  slow.elapsed = seconds(2'461);
  EXPECT_EQ(slow.left(), seconds(7'383));
  EXPECT_TRUE(progress_line(slow).ends_with("about 2:03:03 left")) << progress_line(slow);
}

TEST(LoadProgress, CountsTheBytesThatPass) {
  LoadCounters counters;
  TextSource text("twelve bytes");
  CountedSource counted(text, counters.object_bytes);
  std::string buffer(5, '\0');
  while (counted.read(buffer) > 0) {
  }
  EXPECT_EQ(counters.object_bytes, 12U);
}

/// Keeps what was told.
struct Listener {
  std::mutex mutex;
  std::condition_variable heard;
  std::vector<LoadProgress> told;
  int ends = 0;

  ProgressTeller::Options options(milliseconds quiet) {
    return {.quiet = quiet,
            .every = milliseconds(1),
            .tell =
                [this](const LoadProgress& progress) {
                  const std::lock_guard lock(mutex);
                  told.push_back(progress);
                  heard.notify_all();
                },
            .end = [this] { ++ends; }};
  }
};

TEST(ProgressTeller, TellsWhatIsCountedAndEndsBehindTheLastTelling) {
  Listener listener;
  LoadCounters counters;
  counters.object_bytes = 5;
  counters.rows = 6;
  counters.tables_done = 7;
  {
    const ProgressTeller teller(counters, 10, listener.options(milliseconds(0)));
    std::unique_lock lock(listener.mutex);
    listener.heard.wait(lock, [&] { return listener.told.size() >= 2; });
    EXPECT_EQ(listener.ends, 0);
  }
  EXPECT_EQ(listener.ends, 1);
  const LoadProgress& last = listener.told.back();
  EXPECT_EQ(last.object_bytes_read, 5U);
  EXPECT_EQ(last.object_bytes, 10U);
  EXPECT_EQ(last.rows, 6U);
  EXPECT_EQ(last.tables_done, 7U);
  EXPECT_GE(last.elapsed, listener.told.front().elapsed);
}

TEST(ProgressTeller, TellsNothingOfALoadThatEndsWithinTheQuietTime) {
  Listener listener;
  const LoadCounters counters;
  { const ProgressTeller teller(counters, 10, listener.options(std::chrono::hours(1))); }
  EXPECT_TRUE(listener.told.empty());
  EXPECT_EQ(listener.ends, 1);
}

class ProgressOnStderr : public testing::Test {
 protected:
  void TearDown() override { log::configure(log::Level::info, log::default_format()); }
};

TEST_F(ProgressOnStderr, IsOneLineOnATerminalThatIsGoneBeforeTheLastWord) {
  test::TerminalAsStderr terminal(120);
  log::configure(log::Level::info, log::Format::text);
  auto options = ProgressTeller::on_stderr();
  EXPECT_EQ(options.quiet, seconds(10));
  EXPECT_EQ(options.every, milliseconds(500)) << "twice a second";
  options.quiet = milliseconds(0);
  const LoadCounters counters;
  {
    const ProgressTeller teller(counters, 10, options);
    terminal.text_until("0 tables done");
  }
  log::info("loaded");
  const std::string text = terminal.text_until("loaded\r\n");
  const auto erased = text.rfind("\r\x1b[K");
  ASSERT_NE(erased, std::string::npos) << text;
  EXPECT_GT(erased, text.rfind("0 tables done")) << text;
  EXPECT_EQ(text.find('\n'), text.size() - 1) << "one line but for the last word: " << text;
}

TEST_F(ProgressOnStderr, IsALogLineWithFieldsElsewhere) {
  test::TerminalAsStderr terminal(120);
  log::configure(log::Level::info, log::Format::json);
  auto options = ProgressTeller::on_stderr();
  EXPECT_EQ(options.quiet, seconds(10));
  EXPECT_EQ(options.every, seconds(10));
  options.quiet = milliseconds(0);
  const LoadCounters counters;
  const Scope scope("object", "dumps/x.sql.gz");
  std::string text;
  {
    const ProgressTeller teller(counters, 10, options);
    text = terminal.text_until("}\r\n");
  }
  EXPECT_NE(text.find("\"message\":\"loading: 0 B of 10 B (0 %), 0 rows"), std::string::npos)
      << text;
  EXPECT_NE(text.find("\"object\":\"dumps/x.sql.gz\",\"read_bytes\":\"0\",\"object_bytes\":\"10\""),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace pipeline
