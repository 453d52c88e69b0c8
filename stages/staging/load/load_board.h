// Hands the tables of a dump over from the thread that reads it to those that fill them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/mariadb/identifier.h"
#include "stages/staging/dump/dump_reader.h"
#include "stages/staging/load/load_statement.h"
#include "stages/staging/load/table_route.h"

namespace pipeline {

/// Rows of one table that came into the same columns, and how they are sent.
struct RowGroup {
  dump::RowsBegin begin;
  RowPlan plan;
};

/// What becomes of the copy in the shadow, besides the rows that come.
struct LaneDelta {
  TableDelta delta;
  delta::Slot slot = delta::Slot::a;
  delta::StateHeader header;  // for afterwards
  dump::TableBegins table;    // as the dump defines it
  /// Rows that should be there already, encoded or as they stand in the dump.
  struct Sample {
    dump::RowsBegin begin;
    RowsBy by = RowsBy::load_data;
    std::string rows;
    std::uint64_t count = 0;
  };
  std::optional<Sample> sample;
};

/// Of a table that nothing is done to: what the server's copy must hold.
struct LaneCheck {
  TableName table;
  std::uint64_t rows = 0;
  std::optional<LaneDelta::Sample> sample;
  /// A candidate, which may have to be rebuilt; otherwise what is live.
  enum class Of { candidate, live } of = Of::live;
  dump::SessionSettings settings;
};

/// Told at a lane's end, of a table that was made: what is to be written beside it.
struct LaneState {
  delta::Slot slot = delta::Slot::a;
  delta::StateHeader header;
};

/// One table's way through the board: opened and fed by the reading thread, emptied by one worker.
struct TableLane {
  std::string table;
  /// Set where the table is to be made; a lane without it brings more rows into one that was.
  std::optional<dump::TableBegins> create;
  /// Set where the lane changes a copy that is there. Its groups bring the rows that come.
  std::optional<LaneDelta> delta = {};
  /// Set where a table is looked at and left alone.
  std::optional<LaneCheck> check = {};
  /// Whether a copy of an earlier load stands where the table is to be made.
  enum class Before { nothing, copy } before = Before::nothing;
  /// More rows come into a table whose state was written: it is not true any more.
  std::optional<delta::Slot> forget = {};

  // What follows belongs to the board.
  struct GroupEnd {
    std::uint64_t rows = 0;
  };
  using Item = std::variant<RowGroup, std::string, GroupEnd>;
  std::deque<Item> items;
  std::uint64_t bytes = 0;          // that ever came
  std::size_t bytes_of_delta = 0;   // held as long as the lane is
  std::uint64_t rows_of_group = 0;  // of the one that ended last
  std::optional<LaneState> made = {};
  enum class State { open, closed } state = State::open;
  TableLane* after = nullptr;  // of the same table, to be done before
  TableLane* next = nullptr;   // of the same table
  std::list<TableLane>::iterator self = {};
};

/// One thread reads, any number work. At most `bytes_max` of rows and of what belongs to them are
/// held, and in any case one batch; then the reader waits. Whoever fails calls fail(): everybody
/// else gets BoardStopped from the next call.
class LoadBoard {
 public:
  class BoardStopped : public std::exception {};

  explicit LoadBoard(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // ---- the reader: a lane at a time
  /// `lane` with what stands above in it. Closes the lane before. Valid until done().
  TableLane& open(TableLane lane);
  void begin_rows(RowGroup group);
  /// Takes the text and leaves an empty one with room in its place.
  void give(std::string& text);
  void end_rows(std::uint64_t rows);
  /// What is known of the lane that is being filled, before it is closed.
  void conclude(LaneState state);
  /// Nothing more comes into the lane that is being filled.
  void close();
  /// No more lanes come.
  void finish();
  /// Returns when all lanes are done. `look` is called several times a second, and may throw.
  void wait_until_done(const std::function<void()>& look);

  // ---- the workers
  /// The next lane that may be filled, in the dump's order; nullptr when there are none to come.
  TableLane* take();
  /// Whether more than `bytes` of rows come; waits until that is known, or until so much is held
  /// that the reader waits, which counts as more.
  bool exceeds(const TableLane& lane, std::uint64_t bytes);
  /// nullopt at the end of the lane.
  std::optional<RowGroup> next_group(TableLane& lane);
  /// nullopt at the end of the group.
  std::optional<std::string> next_batch(TableLane& lane);
  /// Of the group that next_batch() ended.
  std::uint64_t rows_of_group(const TableLane& lane) const { return lane.rows_of_group; }
  /// Of a lane whose last group was taken.
  std::optional<LaneState> state_of(const TableLane& lane) const;
  /// Takes what is left of the lane, unseen, up to its end.
  void drop_rest(TableLane& lane);
  /// A batch that was sent.
  void give_back(std::string batch);
  void done(TableLane& lane);

  // ---- everybody
  /// Before what takes long.
  void require_running() const;
  void fail(std::exception_ptr why);
  /// The first failure, if there is one.
  std::exception_ptr failure() const;

 private:
  std::unique_lock<std::mutex> lock() const;
  template <typename Condition>
  void wait(std::unique_lock<std::mutex>& held, Condition condition) const;
  void throw_if_stopped() const;
  TableLane::Item take_item(TableLane& lane);
  void make_room(std::unique_lock<std::mutex>& held, std::size_t bytes);

  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::list<TableLane> lanes_;              // that are not done
  std::list<TableLane*> waiting_;           // that nobody has taken
  std::map<std::string, TableLane*> last_;  // of each table
  TableLane* current_ = nullptr;            // of the reader
  std::size_t bytes_held_ = 0;
  std::vector<std::string> spare_;
  std::size_t spare_bytes_ = 0;
  enum class Reader { reads, waits, finished } reader_ = Reader::reads;
  std::exception_ptr failure_;
};

}  // namespace pipeline
