// Tables handed from one reading thread to several that fill them: all of it, in order, within the
// bound, and nobody waits for ever.
#include "stages/staging/load/load_board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include <fmt/core.h>

namespace pipeline {
namespace {

using testing::ElementsAre;

dump::TableBegins begins(const std::string& table) {
  dump::TableBegins event;
  event.definition.name = table;
  return event;
}

RowGroup group_of(const std::string& table) {
  RowGroup group;
  group.begin.table = table;
  return group;
}

/// Takes lanes to their ends and keeps what came, by table.
class Worker {
 public:
  Worker(LoadBoard& board, std::map<std::string, std::string>& got, std::mutex& mutex)
      : board_(board), got_(got), mutex_(mutex) {}

  void run() {
    try {
      while (TableLane* lane = board_.take()) {
        board_.exceeds(*lane, 1'000);
        std::string rows;
        while (board_.next_group(*lane)) {
          while (auto batch = board_.next_batch(*lane)) {
            rows += *batch;
            board_.give_back(std::move(*batch));
          }
          rows += fmt::format("<{}>", board_.rows_of_group(*lane));
        }
        {
          const std::lock_guard lock(mutex_);
          got_[lane->table] += rows;
        }
        board_.done(*lane);
      }
    } catch (const LoadBoard::BoardStopped&) {
      stopped = true;
    }
  }
  bool stopped = false;

 private:
  LoadBoard& board_;
  std::map<std::string, std::string>& got_;
  std::mutex& mutex_;
};

TEST(LoadBoard, BringsEveryBatchToOneWorkerInItsOrder) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 dice(seed);
    LoadBoard board(1 + dice() % 5'000);
    std::map<std::string, std::string> got;
    std::map<std::string, std::string> sent;
    std::mutex mutex;
    std::vector<std::thread> workers;
    for (unsigned i = 0; i < 1 + seed % 4; ++i) {
      workers.emplace_back([&] { Worker(board, got, mutex).run(); });
    }
    for (int lane = 0; lane < 30; ++lane) {
      // Some tables get more rows when others were in between.
      const bool more = lane > 5 && dice() % 4 == 0;
      const std::string table = fmt::format("t{}", more ? lane - 3 : lane);
      const bool known = sent.contains(table);
      board.open(
          {.table = table, .create = known ? std::optional<dump::TableBegins>() : begins(table)});
      sent[table];
      for (auto groups = dice() % 3; groups > 0; --groups) {
        board.begin_rows(group_of(table));
        for (auto batches = dice() % 5; batches > 0; --batches) {
          std::string text(1 + dice() % 3'000, static_cast<char>('a' + dice() % 26));
          sent[table] += text;
          board.give(text);
          EXPECT_TRUE(text.empty());
        }
        board.end_rows(groups);
        sent[table] += fmt::format("<{}>", groups);
      }
    }
    board.finish();
    for (auto& worker : workers) worker.join();
    EXPECT_EQ(got, sent);
    EXPECT_EQ(board.failure(), nullptr);
  }
}

TEST(LoadBoard, TheReaderWaitsWhereMoreWouldBeHeldThanIsAllowed) {
  LoadBoard board(20'000);
  TableLane& lane = board.open({.table = "t", .create = begins("t")});
  board.begin_rows(group_of("t"));
  ASSERT_EQ(board.take(), &lane);
  ASSERT_TRUE(board.next_group(lane));
  std::string text(50'000, 'x');
  board.give(text);  // one batch passes whatever its size
  std::atomic<bool> given{false};
  std::thread reader([&] {
    std::string next(10, 'y');
    board.give(next);
    given = true;
    board.end_rows(1);
    board.finish();
  });
  EXPECT_TRUE(board.exceeds(lane, 1'000'000)) << "or both would wait";
  auto batch = board.next_batch(lane);
  ASSERT_TRUE(batch);
  EXPECT_FALSE(given) << "it counts until it was sent";
  board.give_back(std::move(*batch));
  EXPECT_EQ(board.next_batch(lane), std::string(10, 'y'));
  EXPECT_EQ(board.next_batch(lane), std::nullopt);
  reader.join();
  EXPECT_TRUE(given);
}

TEST(LoadBoard, AFewRowsDoNotTakeALargeBufferAway) {
  LoadBoard board(1U << 20U);
  TableLane& lane = board.open({.table = "t", .create = begins("t")});
  board.begin_rows(group_of("t"));
  std::string text;
  text.reserve(100'000);
  text = "row";
  board.give(text);
  EXPECT_GE(text.capacity(), 100'000U);
  board.end_rows(1);
  board.finish();
  ASSERT_EQ(board.take(), &lane);
  ASSERT_TRUE(board.next_group(lane));
  EXPECT_EQ(board.next_batch(lane), "row");
}

// The rows of two tables in turn, each time a lane of its own: nothing of those that are done
// stays, and no step looks at all of them.
TEST(LoadBoard, ManyLanesOfTheSameTablesCostNoMoreEach) {
  LoadBoard board(1U << 20U);
  std::map<std::string, std::string> got;
  std::mutex mutex;
  std::vector<std::thread> workers;
  for (int i = 0; i < 2; ++i) workers.emplace_back([&] { Worker(board, got, mutex).run(); });
  constexpr int lanes = 60'000;
  for (int lane = 0; lane < lanes; ++lane) {
    const std::string table = lane % 2 == 0 ? "a" : "b";
    board.open(
        {.table = table, .create = lane < 2 ? begins(table) : std::optional<dump::TableBegins>()});
    board.begin_rows(group_of(table));
    std::string text = ".";
    board.give(text);
    board.end_rows(1);
  }
  board.finish();
  int looks = 0;
  board.wait_until_done([&] { ++looks; });
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(got.at("a").size(), std::size_t{lanes / 2} * 4);
  EXPECT_EQ(got.at("b").size(), std::size_t{lanes / 2} * 4);
}

TEST(LoadBoard, WhoWaitsForTheEndHearsOfAFailureAndMayGiveUp) {
  LoadBoard board(100);
  board.open({.table = "t", .create = begins("t")});
  board.finish();
  const auto give_up = [] { throw std::runtime_error("enough"); };
  EXPECT_THROW(board.wait_until_done(give_up), std::runtime_error);
  board.fail(std::make_exception_ptr(std::logic_error("a worker")));
  EXPECT_THROW(board.wait_until_done([] {}), LoadBoard::BoardStopped);
  EXPECT_THROW(board.require_running(), LoadBoard::BoardStopped);
}

TEST(LoadBoard, RowsForATableThatIsBeingFilledWaitUntilItIs) {
  LoadBoard board(1'000);
  TableLane& first = board.open({.table = "t", .create = begins("t")});
  TableLane& other = board.open({.table = "u", .create = begins("u")});
  TableLane& more = board.open({.table = "t", .create = {}});
  board.finish();
  EXPECT_EQ(board.take(), &first);
  EXPECT_EQ(board.take(), &other);
  std::thread filler([&] { board.done(first); });
  EXPECT_EQ(board.take(), &more);
  filler.join();
  board.done(more);
  board.done(other);
  EXPECT_EQ(board.take(), nullptr);
}

TEST(LoadBoard, AFailureEndsEveryWait) {
  for (const bool by_worker : {true, false}) {
    LoadBoard board(10);
    std::map<std::string, std::string> got;
    std::mutex mutex;
    Worker worker(board, got, mutex);
    std::thread thread([&] { worker.run(); });
    board.open({.table = "t", .create = begins("t")});
    board.begin_rows(group_of("t"));
    const auto why = std::make_exception_ptr(std::runtime_error("first"));
    std::thread failing;
    if (by_worker) failing = std::thread([&] { board.fail(why); });
    if (!by_worker) board.fail(why);
    const auto feed = [&] {
      for (;;) {
        std::string text(10, 'x');
        board.give(text);
      }
    };
    EXPECT_THROW(feed(), LoadBoard::BoardStopped);
    if (failing.joinable()) failing.join();
    thread.join();
    EXPECT_TRUE(worker.stopped);
    board.fail(std::make_exception_ptr(std::logic_error("second")));
    EXPECT_THROW(std::rethrow_exception(board.failure()), std::runtime_error);
  }
}

}  // namespace
}  // namespace pipeline
