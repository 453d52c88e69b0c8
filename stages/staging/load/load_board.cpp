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
#include <chrono>
#include <iterator>

#include "common/base/error.h"

namespace pipeline {
namespace {

constexpr std::size_t spare_bytes_max = 16U << 20U;
constexpr std::chrono::milliseconds look_every{200};

/// What a group holds besides its rows, about.
std::size_t bytes_of(const RowGroup& group) {
  constexpr std::size_t bytes_of_column = 192;  // its name, twice, and its carrier
  return sizeof(RowGroup) + group.plan.statement.size() +
         group.begin.columns.size() * bytes_of_column;
}

std::size_t bytes_of(const std::optional<LaneDelta>& lane) {
  if (!lane) return 0;
  std::size_t bytes = lane->delta.keys.size();
  for (const auto& chunk : lane->delta.chunks) bytes += chunk.label.size() + chunk.entries.size();
  if (lane->sample) bytes += lane->sample->rows.size();
  return bytes;
}

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

TableLane& LoadBoard::open(TableLane lane) {
  auto held = lock();
  lane.bytes_of_delta = bytes_of(lane.delta);
  make_room(held, lane.bytes_of_delta);
  if (current_ != nullptr) current_->state = TableLane::State::closed;
  current_ = &lanes_.emplace_back(std::move(lane));
  current_->self = std::prev(lanes_.end());
  auto& last = last_[current_->table];
  current_->after = last;
  if (last != nullptr) last->next = current_;
  last = current_;
  waiting_.push_back(current_);
  changed_.notify_all();
  return *current_;
}

void LoadBoard::make_room(std::unique_lock<std::mutex>& held, std::size_t bytes) {
  const auto fits = [&] { return bytes_held_ == 0 || bytes_held_ + bytes <= bytes_max_; };
  if (!fits()) {
    reader_ = Reader::waits;
    changed_.notify_all();
    wait(held, fits);
    reader_ = Reader::reads;
  }
  throw_if_stopped();
  bytes_held_ += bytes;
}

void LoadBoard::begin_rows(RowGroup group) {
  auto held = lock();
  make_room(held, bytes_of(group));
  current_->items.emplace_back(std::move(group));
  changed_.notify_all();
}

void LoadBoard::give(std::string& text) {
  constexpr std::size_t roomy = 4;  // times what is in it
  auto held = lock();
  // A few rows do not take a buffer away that has room for many.
  std::string batch = text.size() * roomy < text.capacity() ? std::string(text) : std::move(text);
  text.clear();
  make_room(held, batch.capacity());
  current_->bytes += batch.size();
  current_->items.emplace_back(std::move(batch));
  if (text.capacity() < sizeof(std::string) && !spare_.empty()) {
    spare_bytes_ -= spare_.back().capacity();
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

void LoadBoard::conclude(LaneState state) {
  const auto held = lock();
  throw_if_stopped();
  current_->made = std::move(state);
}

void LoadBoard::close() {
  const auto held = lock();
  throw_if_stopped();
  if (current_ == nullptr) return;
  current_->state = TableLane::State::closed;
  current_ = nullptr;
  changed_.notify_all();
}

std::optional<LaneState> LoadBoard::state_of(const TableLane& lane) const {
  const auto held = lock();
  return lane.made;
}

void LoadBoard::finish() {
  const auto held = lock();
  throw_if_stopped();
  if (current_ != nullptr) current_->state = TableLane::State::closed;
  current_ = nullptr;
  reader_ = Reader::finished;
  changed_.notify_all();
}

void LoadBoard::wait_until_done(const std::function<void()>& look) {
  auto held = lock();
  while (!lanes_.empty()) {
    throw_if_stopped();
    changed_.wait_for(held, look_every);
    held.unlock();
    look();
    held.lock();
  }
  throw_if_stopped();
}

TableLane* LoadBoard::take() {
  auto held = lock();
  auto found = waiting_.end();
  wait(held, [&] {
    found = std::ranges::find(waiting_, nullptr, &TableLane::after);
    return found != waiting_.end() || (waiting_.empty() && reader_ == Reader::finished);
  });
  if (found == waiting_.end()) return nullptr;
  TableLane* const lane = *found;
  waiting_.erase(found);
  return lane;
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
  RowGroup group = std::get<RowGroup>(take_item(lane));
  bytes_held_ -= std::min(bytes_held_, bytes_of(group));
  changed_.notify_all();
  return group;
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

void LoadBoard::drop_rest(TableLane& lane) {
  auto held = lock();
  for (;;) {
    wait(held, [&] { return !lane.items.empty() || lane.state != TableLane::State::open; });
    if (lane.items.empty()) return;
    const TableLane::Item item = take_item(lane);
    if (const auto* group = std::get_if<RowGroup>(&item)) {
      bytes_held_ -= std::min(bytes_held_, bytes_of(*group));
    }
    if (const auto* batch = std::get_if<std::string>(&item)) {
      bytes_held_ -= std::min(bytes_held_, batch->capacity());
    }
    changed_.notify_all();
  }
}

void LoadBoard::give_back(std::string batch) {
  const auto held = lock();
  const std::size_t room = batch.capacity();
  bytes_held_ -= std::min(bytes_held_, room);
  batch.clear();
  if (spare_bytes_ + room <= spare_bytes_max) {
    spare_bytes_ += room;
    spare_.push_back(std::move(batch));
  }
  changed_.notify_all();
}

void LoadBoard::done(TableLane& lane) {
  const auto held = lock();
  bytes_held_ -= std::min(bytes_held_, lane.bytes_of_delta);
  if (lane.next != nullptr) {
    lane.next->after = nullptr;
  } else {
    last_.erase(lane.table);
  }
  lanes_.erase(lane.self);
  changed_.notify_all();
}

void LoadBoard::require_running() const {
  const auto held = lock();
  throw_if_stopped();
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
