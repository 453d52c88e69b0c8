// A dump is one stream, its tables one behind the other; the server fills tables on several
// sessions at once. So the reader runs ahead of the sessions by as many bytes as the memory allows:
// while one session still takes the rows of a large table, or makes its keys, the tables behind it
// are read and go to the others.
//
// Nobody waits for somebody who waits for him. The reader waits for room alone, and room comes from
// every session that is sending. A session waits for rows only of the lane that the reader is
// filling; lanes are taken in their order, so all lanes before that one are taken, and those are
// closed: whoever has them needs nothing more of the reader. And who asks how large the reader's
// lane will be is answered as soon as the reader itself waits.
#include "stages/staging/load/load_board.h"

#include <algorithm>

#include "common/base/error.h"

namespace pipeline {
namespace {

constexpr std::size_t spare_max = 64;
/// What a batch of usual size needs; a text that held one huge row is not kept.
constexpr std::size_t spare_bytes_max = 4U << 20U;

}  // namespace

std::unique_lock<std::mutex> LoadBoard::lock() const {
  return std::unique_lock(mutex_);
}

void LoadBoard::throw_if_stopped() const {
  if (failure_) throw BoardStopped();
}

template <typename Condition>
void LoadBoard::wait(std::unique_lock<std::mutex>& held, Condition condition) const {
  changed_.wait(held, [&] { return failure_ != nullptr || condition(); });
  throw_if_stopped();
}

TableLane& LoadBoard::open(std::string table, std::optional<dump::TableBegins> create) {
  const auto held = lock();
  throw_if_stopped();
  if (current_ != nullptr) current_->state = TableLane::State::closed;
  TableLane* before = nullptr;
  if (!create) {
    for (auto& lane : lanes_) {
      if (lane.table == table) before = &lane;
    }
  }
  current_ = &lanes_.emplace_back();
  current_->table = std::move(table);
  current_->create = std::move(create);
  current_->after = before;
  changed_.notify_all();
  return *current_;
}

void LoadBoard::begin_rows(RowGroup group) {
  const auto held = lock();
  throw_if_stopped();
  current_->items.emplace_back(std::move(group));
  changed_.notify_all();
}

void LoadBoard::give(std::string& text) {
  auto held = lock();
  const auto fits = [&] { return bytes_held_ == 0 || bytes_held_ + text.size() <= bytes_max_; };
  if (!fits()) {
    reader_ = Reader::waits;
    changed_.notify_all();
    wait(held, fits);
    reader_ = Reader::reads;
  }
  throw_if_stopped();
  bytes_held_ += text.size();
  current_->bytes += text.size();
  current_->items.emplace_back(std::move(text));
  text.clear();
  if (!spare_.empty()) {
    text = std::move(spare_.back());
    spare_.pop_back();
  }
  changed_.notify_all();
}

void LoadBoard::end_rows(std::uint64_t rows) {
  const auto held = lock();
  throw_if_stopped();
  current_->items.emplace_back(TableLane::GroupEnd{.rows = rows});
  changed_.notify_all();
}

void LoadBoard::finish() {
  const auto held = lock();
  throw_if_stopped();
  if (current_ != nullptr) current_->state = TableLane::State::closed;
  current_ = nullptr;
  reader_ = Reader::finished;
  changed_.notify_all();
}

TableLane* LoadBoard::take() {
  auto held = lock();
  TableLane* found = nullptr;
  wait(held, [&] {
    bool all_taken = true;
    for (auto& lane : lanes_) {
      if (lane.taken == TableLane::Taken::yes) continue;
      all_taken = false;
      if (lane.after != nullptr && lane.after->state != TableLane::State::done) continue;
      found = &lane;
      return true;
    }
    return all_taken && reader_ == Reader::finished;
  });
  if (found != nullptr) found->taken = TableLane::Taken::yes;
  return found;
}

bool LoadBoard::exceeds(const TableLane& lane, std::uint64_t bytes) {
  auto held = lock();
  // Whoever waits for more while the reader waits for room would wait for ever.
  wait(held, [&] {
    return lane.bytes > bytes || lane.state != TableLane::State::open || reader_ == Reader::waits;
  });
  return lane.bytes > bytes || lane.state == TableLane::State::open;
}

TableLane::Item LoadBoard::take_item(TableLane& lane) {
  TableLane::Item item = std::move(lane.items.front());
  lane.items.pop_front();
  return item;
}

std::optional<RowGroup> LoadBoard::next_group(TableLane& lane) {
  auto held = lock();
  wait(held, [&] { return !lane.items.empty() || lane.state != TableLane::State::open; });
  if (lane.items.empty()) return {};
  return std::get<RowGroup>(take_item(lane));
}

std::optional<std::string> LoadBoard::next_batch(TableLane& lane) {
  auto held = lock();
  wait(held, [&] { return !lane.items.empty(); });
  TableLane::Item item = take_item(lane);
  if (const auto* end = std::get_if<TableLane::GroupEnd>(&item)) {
    lane.rows_of_group = end->rows;
    return {};
  }
  return std::get<std::string>(std::move(item));
}

void LoadBoard::give_back(std::string batch) {
  const auto held = lock();
  bytes_held_ -= std::min(bytes_held_, batch.size());
  batch.clear();
  if (spare_.size() < spare_max && batch.capacity() <= spare_bytes_max) {
    spare_.push_back(std::move(batch));
  }
  changed_.notify_all();
}

void LoadBoard::done(TableLane& lane) {
  const auto held = lock();
  lane.state = TableLane::State::done;
  changed_.notify_all();
}

void LoadBoard::fail(std::exception_ptr why) {
  const auto held = lock();
  if (!failure_) failure_ = std::move(why);
  changed_.notify_all();
}

std::exception_ptr LoadBoard::failure() const {
  const auto held = lock();
  return failure_;
}

}  // namespace pipeline
