#include "common/io/read_ahead.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "common/base/scope.h"

namespace pipeline {

struct ReadAhead::State {
  struct Piece {
    std::vector<char> bytes;
    std::size_t size = 0;
    std::size_t given = 0;
  };

  State(ByteSource& source, const ReadAheadOptions& options) : inner(source) {
    for (std::size_t i = 0; i < std::max<std::size_t>(options.buffers, 1); ++i) {
      free.push_back({.bytes = std::vector<char>(options.buffer_bytes)});
    }
  }

  void run() {
    try {
      for (Piece piece; take_free(piece);) {
        piece.given = 0;
        piece.size = inner.read(piece.bytes);
        const bool end = piece.size == 0;
        const std::lock_guard lock(mutex);
        if (!end) full.push_back(std::move(piece));
        if (end) ended = Ended::yes;
        changed.notify_all();
        if (end) return;
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      ended = Ended::yes;
      changed.notify_all();
    }
  }

  bool take_free(Piece& piece) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return stop || !free.empty(); });
    if (stop) return false;
    piece = std::move(free.front());
    free.pop_front();
    return true;
  }

  ByteSource& inner;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Piece> free;
  std::deque<Piece> full;
  std::exception_ptr failure;
  enum class Ended { no, yes } ended = Ended::no;
  bool stop = false;
  std::thread thread;
};

ReadAhead::ReadAhead(ByteSource& inner, const ReadAheadOptions& options)
    : state_(std::make_unique<State>(inner, options)) {
  state_->thread = std::thread([state = state_.get(), doing = Scope::current()] {
    Scope::adopt(doing);
    state->run();
  });
}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
    state_->changed.notify_all();
  }
  state_->thread.join();
}

std::size_t ReadAhead::read(std::span<char> buffer) {
  if (buffer.empty()) return 0;
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock,
                       [&] { return !state_->full.empty() || state_->ended == State::Ended::yes; });
  if (state_->full.empty()) {
    if (state_->failure) std::rethrow_exception(state_->failure);
    return 0;
  }
  // The thread adds pieces behind this one and never touches it.
  State::Piece& piece = state_->full.front();
  lock.unlock();
  const std::size_t count = std::min(buffer.size(), piece.size - piece.given);
  std::copy_n(piece.bytes.data() + piece.given, count, buffer.data());
  piece.given += count;
  if (piece.given < piece.size) return count;
  lock.lock();
  state_->free.push_back(std::move(state_->full.front()));
  state_->full.pop_front();
  state_->changed.notify_all();
  return count;
}

}  // namespace pipeline
