#include "tests/support/polling_reader.h"

#include <utility>

#include "common/base/error.h"

namespace pipeline::test {
namespace {

constexpr std::size_t observations_max = 10'000;
constexpr std::size_t errors_max = 1000;
constexpr auto pause_between_reads = std::chrono::milliseconds(5);

}  // namespace

PollingReader::PollingReader(ConnectionOptions options, std::vector<std::string> selects,
                             std::chrono::microseconds pause)
    : options_(std::move(options)),
      selects_(std::move(selects)),
      pause_(pause),
      session_(Connection::open(options_)),
      thread_([this] { run(); }) {}

PollingReader::~PollingReader() {
  stop();
}

void PollingReader::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void PollingReader::run() {
  while (!stopping_) {
    try {
      if (!session_.alive()) session_ = Connection::open(options_);
      auto seen = observe(session_);
      const std::lock_guard lock(mutex_);
      if ((observations_.empty() || observations_.back() != seen) &&
          observations_.size() < observations_max) {
        observations_.push_back(std::move(seen));
      }
      ++turns_;
      if (pause_.count() > 0) std::this_thread::sleep_for(pause_);
    } catch (const Error& error) {
      note_error(error);
      std::this_thread::sleep_for(pause_between_reads);
    }
  }
}

std::string PollingReader::observe(Connection& session) {
  std::string seen;
  for (const auto& select : selects_) {
    for (const auto& row : session.query(select).rows) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (i > 0) seen += '|';
        seen += row[i].value_or("\\N");
      }
      seen += '\n';
    }
  }
  return seen;
}

void PollingReader::note_error(const std::exception& error) {
  const std::lock_guard lock(mutex_);
  if (errors_.size() < errors_max) errors_.emplace_back(error.what());
}

void PollingReader::wait_for_turns(std::uint64_t count) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  const auto goal = turns_ + count;
  while (turns_ < goal) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw Error(ErrorKind::timed_out, "the polling reader made too few turns in 10 s");
    }
    std::this_thread::sleep_for(pause_between_reads);
  }
}

std::vector<std::string> PollingReader::observations() const {
  const std::lock_guard lock(mutex_);
  return observations_;
}

std::vector<std::string> PollingReader::errors() const {
  const std::lock_guard lock(mutex_);
  return errors_;
}

}  // namespace pipeline::test
