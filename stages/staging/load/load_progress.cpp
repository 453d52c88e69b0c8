#include "stages/staging/load/load_progress.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <fmt/core.h>

#include "common/base/log.h"
#include "common/base/scope.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

using Time = std::chrono::steady_clock;

constexpr std::chrono::milliseconds redraw_every{500};

/// "0:07", "1:20", "2:03:09"
std::string clock_text(std::chrono::seconds duration) {
  const auto hours = duration.count() / 3600;
  const auto minutes = duration.count() / 60 % 60;
  const auto seconds = duration.count() % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, seconds)
                   : fmt::format("{}:{:02}", minutes, seconds);
}

}  // namespace

std::uint64_t LoadProgress::percent() const {
  if (object_bytes == 0) return 0;
  // The store may give more than it said; that is refused at the end.
  return std::min<std::uint64_t>(object_bytes_read, object_bytes) * 100 / object_bytes;
}

std::uint64_t LoadProgress::rows_per_second() const {
  const auto milliseconds = static_cast<std::uint64_t>(elapsed.count());
  return milliseconds == 0 ? 0 : rows * 1000 / milliseconds;
}

std::optional<std::chrono::seconds> LoadProgress::left() const {
  if (object_bytes_read == 0 || object_bytes_read >= object_bytes) return {};
  const double rest = static_cast<double>(object_bytes - object_bytes_read) /
                      static_cast<double>(object_bytes_read);
  const std::chrono::duration<double> so_far = elapsed;
  return std::chrono::ceil<std::chrono::seconds>(so_far * rest);
}

std::string progress_line(const LoadProgress& progress) {
  std::string line =
      fmt::format("{} of {} ({} %), {} rows, {} rows/s, {} {} done",
                  human_bytes(progress.object_bytes_read), human_bytes(progress.object_bytes),
                  progress.percent(), progress.rows, progress.rows_per_second(),
                  progress.tables_done, progress.tables_done == 1 ? "table" : "tables");
  if (const auto left = progress.left()) {
    line += fmt::format(", about {} left", clock_text(*left));
  } else if (progress.object_bytes_read > 0) {
    line += ", the server takes the last rows";
  }
  return line;
}

std::vector<std::pair<std::string, std::string>> progress_fields(const LoadProgress& progress) {
  std::vector<std::pair<std::string, std::string>> fields{
      {"read_bytes", std::to_string(progress.object_bytes_read)},
      {"object_bytes", std::to_string(progress.object_bytes)},
      {"percent", std::to_string(progress.percent())},
      {"rows", std::to_string(progress.rows)},
      {"rows_per_second", std::to_string(progress.rows_per_second())},
      {"tables_done", std::to_string(progress.tables_done)}};
  if (const auto left = progress.left()) {
    fields.emplace_back("seconds_left", std::to_string(left->count()));
  }
  return fields;
}

struct ProgressTeller::State {
  State(const LoadCounters& counted, std::uint64_t bytes, Options given)
      : counters(counted), object_bytes(bytes), options(std::move(given)) {}

  LoadProgress look() const {
    return {.object_bytes_read = counters.object_bytes,
            .object_bytes = object_bytes,
            .rows = counters.rows,
            .tables_done = counters.tables_done,
            .elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(Time::now() - begin)};
  }

  void run() {
    std::unique_lock lock(mutex);
    for (auto next = begin + options.quiet; !ended.wait_until(lock, next, [&] { return over; });
         next = Time::now() + options.every) {
      lock.unlock();
      options.tell(look());
      lock.lock();
    }
  }

  const LoadCounters& counters;
  const std::uint64_t object_bytes;
  const Options options;
  const Time::time_point begin = Time::now();
  std::mutex mutex;
  std::condition_variable ended;
  bool over = false;
  std::thread thread;
};

ProgressTeller::ProgressTeller(const LoadCounters& counters, std::uint64_t object_bytes,
                               Options options)
    : state_(std::make_unique<State>(counters, object_bytes, std::move(options))) {
  state_->thread = std::thread([state = state_.get(), doing = Scope::current()] {
    Scope::adopt(doing);
    state->run();
  });
}

ProgressTeller::~ProgressTeller() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->over = true;
  }
  state_->ended.notify_all();
  state_->thread.join();
  state_->options.end();
}

ProgressTeller::Options ProgressTeller::on_stderr() {
  Options options;
  if (log::shows_status()) {
    options.every = redraw_every;
    options.tell = [](const LoadProgress& progress) { log::status(progress_line(progress)); };
    options.end = [] { log::status(""); };
    return options;
  }
  options.tell = [](const LoadProgress& progress) {
    const Scope::Pairs doing = Scope::current();
    Scope::Pairs told = doing;
    for (auto& field : progress_fields(progress)) told.push_back(std::move(field));
    Scope::adopt(std::move(told));
    log::info("loading: {}", progress_line(progress));
    Scope::adopt(doing);
  };
  options.end = [] {};
  return options;
}

}  // namespace pipeline
