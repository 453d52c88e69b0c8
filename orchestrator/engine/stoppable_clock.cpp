#include "orchestrator/engine/stoppable_clock.h"

#include <condition_variable>
#include <mutex>

namespace pipeline {

void StoppableClock::sleep_for(std::chrono::milliseconds duration) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  // Nobody notifies: the wait ends with the time or with the stop token.
  wake.wait_for(lock, stop_, duration, [] { return false; });
}

}  // namespace pipeline
