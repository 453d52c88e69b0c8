// Turns SIGTERM, SIGINT and SIGHUP into a stop request that every part of a program can see.
#pragma once

#include <stop_token>
#include <thread>

#include "common/base/unique_fd.h"

namespace pipeline {

/// Blocks both signals for the life of the object and takes them on a thread of its own: make it
/// before any other thread, which inherits the block. Further signals change nothing. Throws
/// resource_exhausted if there is no descriptor for it.
class StopOnSignals {
 public:
  StopOnSignals();
  ~StopOnSignals();
  StopOnSignals(const StopOnSignals&) = delete;
  StopOnSignals& operator=(const StopOnSignals&) = delete;

  std::stop_token token() const { return source_.get_token(); }

 private:
  void watch();

  std::stop_source source_;
  UniqueFd signals_;
  UniqueFd done_;
  std::thread watcher_;
};

}  // namespace pipeline
