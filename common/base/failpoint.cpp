#include "common/base/failpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/base/unique_fd.h"

namespace pipeline::detail {
namespace {

struct Trigger {
  std::string action;
  int on_hit = 1;
  int hits = 0;
};

std::map<std::string, Trigger, std::less<>> read_triggers() {
  std::map<std::string, Trigger, std::less<>> triggers;
  const char* text = std::getenv("PIPELINE_FAILPOINT");
  if (text == nullptr) return triggers;
  for (const auto& item : split(text, ',')) {
    const auto colon = item.find(':');
    if (colon == std::string::npos) continue;
    Trigger trigger;
    trigger.action = item.substr(colon + 1);
    if (const auto at = trigger.action.find('@'); at != std::string::npos) {
      const std::string count = trigger.action.substr(at + 1);
      std::from_chars(count.data(), count.data() + count.size(), trigger.on_hit);
      trigger.action.resize(at);
    }
    triggers.emplace(item.substr(0, colon), trigger);
  }
  return triggers;
}

void wait_for_gate() {
  const char* gate = std::getenv("PIPELINE_FAILPOINT_GATE");
  while (gate != nullptr && ::access(gate, F_OK) != 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

// One write a line, so that the lines of processes that share the file do not mix.
void trace(std::string_view name) {
  const char* path = std::getenv("PIPELINE_FAILPOINT_TRACE");
  if (path == nullptr) return;
  const UniqueFd file(::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  const std::string line = std::string(name) + "\n";
  if (!file || ::write(file.get(), line.data(), line.size()) < 0) {
    throw Error(ErrorKind::internal, "cannot trace failpoint " + std::string(name));
  }
}

}  // namespace

void hit_failpoint(std::string_view name) {
  static std::mutex mutex;
  static auto triggers = read_triggers();
  std::string action;
  {
    const std::lock_guard lock(mutex);
    trace(name);
    const auto found = triggers.find(name);
    if (found == triggers.end() || ++found->second.hits != found->second.on_hit) return;
    action = found->second.action;
  }
  const std::string where = "failpoint " + std::string(name);
  if (action == "kill") ::kill(::getpid(), SIGKILL);
  if (action == "term") ::kill(::getpid(), SIGTERM);
  if (action == "exit") ::_exit(99);
  if (action == "pause") wait_for_gate();
  if (action == "error") throw Error(ErrorKind::internal, where);
  if (action == "unavailable") throw Error(ErrorKind::unavailable, where);
}

}  // namespace pipeline::detail
