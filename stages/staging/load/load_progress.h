// How far a load has come, for whoever watches: one line on a terminal, elsewhere a line of the log
// now and then.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/io/byte_stream.h"

namespace pipeline {

/// The threads of a load count here; whoever tells of it looks from another one.
struct LoadCounters {
  std::atomic<std::uint64_t> object_bytes{0};  // of the stored dump, compressed as it lies there
  std::atomic<std::uint64_t> rows{0};          // that were read
  std::atomic<std::uint64_t> tables_done{0};
};

/// Passes `inner` through and counts its bytes; both must outlive it.
class CountedSource : public ByteSource {
 public:
  CountedSource(ByteSource& inner, std::atomic<std::uint64_t>& bytes)
      : inner_(inner), bytes_(bytes) {}
  std::size_t read(std::span<char> buffer) override {
    const std::size_t count = inner_.read(buffer);
    bytes_ += count;
    return count;
  }

 private:
  ByteSource& inner_;
  std::atomic<std::uint64_t>& bytes_;
};

/// One look at a load.
struct LoadProgress {
  std::uint64_t object_bytes_read = 0;
  std::uint64_t object_bytes = 0;  // of all
  std::uint64_t rows = 0;
  std::uint64_t tables_done = 0;
  std::chrono::milliseconds elapsed{0};

  /// 0 to 100, rounded down.
  std::uint64_t percent() const;
  /// On the average.
  std::uint64_t rows_per_second() const;
  /// Until the dump is read, if it goes on as so far; nullopt before its first byte and behind its
  /// last one.
  std::optional<std::chrono::seconds> left() const;
};

/// "45.2 MB of 200.1 MB (22 %), 1234567 rows, 45678 rows/s, 12 tables done, about 1:20 left"
std::string progress_line(const LoadProgress& progress);

/// The same as fields of a log line: read_bytes, object_bytes, percent, rows, rows_per_second,
/// tables_done and, where it is known, seconds_left.
std::vector<std::pair<std::string, std::string>> progress_fields(const LoadProgress& progress);

/// Tells of a load again and again, on a thread of its own, while it lives.
class ProgressTeller {
 public:
  struct Options {
    std::chrono::milliseconds quiet{10'000};  // nothing is told of loads that end before
    std::chrono::milliseconds every{10'000};  // from one time to the next
    std::function<void(const LoadProgress&)> tell;
    std::function<void()> end;  // once, behind the last telling
  };

  /// On stderr: a line that is drawn over at most twice a second where log::shows_status(), else a
  /// log line at level info every ten seconds with the fields, under the caller's Scope.
  static Options on_stderr();

  /// `counters` must outlive it. `object_bytes`: how many the stored dump has.
  ProgressTeller(const LoadCounters& counters, std::uint64_t object_bytes, Options options);
  /// Waits for a telling that is under way; none comes afterwards.
  ~ProgressTeller();
  ProgressTeller(const ProgressTeller&) = delete;
  ProgressTeller& operator=(const ProgressTeller&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pipeline
