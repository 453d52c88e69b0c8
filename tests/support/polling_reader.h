// A reader that looks all the time, to prove that nobody ever sees a half-published state.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/mariadb/connection.h"

namespace pipeline::test {

/// Runs its SELECTs one after the other over its own session, as fast as the server answers or with
/// a pause after each turn, until stop(). After a lost session it opens a new one and counts the
/// error.
class PollingReader {
 public:
  /// One observation is the text of all rows of all SELECTs of one turn: values joined by '|', rows
  /// by newlines, NULL as \N. Opens its session before it returns; throws as Connection::open does.
  PollingReader(ConnectionOptions options, std::vector<std::string> selects,
                std::chrono::microseconds pause = std::chrono::microseconds(0));
  ~PollingReader();
  PollingReader(const PollingReader&) = delete;
  PollingReader& operator=(const PollingReader&) = delete;

  /// Ends the reading; the answers below stay.
  void stop();

  std::uint64_t turns() const { return turns_; }
  /// Returns when `count` more turns than now were made, or throws Error timed_out after 10 s.
  void wait_for_turns(std::uint64_t count) const;
  /// The observations in order, each once for as long as it did not change; at most 10 000.
  std::vector<std::string> observations() const;
  /// What went wrong, in order; at most 1000.
  std::vector<std::string> errors() const;

 private:
  void run();
  std::string observe(Connection& session);
  void note_error(const std::exception& error);

  ConnectionOptions options_;
  std::vector<std::string> selects_;
  std::chrono::microseconds pause_;
  Connection session_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> turns_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> observations_;
  std::vector<std::string> errors_;
  std::thread thread_;
};

}  // namespace pipeline::test
