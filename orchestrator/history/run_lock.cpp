#include "orchestrator/history/run_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fmt/core.h>

#include "common/base/error.h"

namespace pipeline {
namespace {

[[noreturn]] void fail(const std::string& what, int number) {
  const bool denied = number == EACCES || number == EPERM || number == EROFS || number == ENOTDIR;
  throw Error(denied ? ErrorKind::access_denied : ErrorKind::resource_exhausted,
              fmt::format("{}: {}", what, std::generic_category().message(number)));
}

}  // namespace

std::optional<RunLock> RunLock::try_acquire(const std::string& state_dir) {
  std::error_code made;
  std::filesystem::create_directories(state_dir, made);
  if (made) fail("cannot make the state directory " + state_dir, made.value());
  const std::string path = state_dir + "/run.lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!fd) fail("cannot open " + path, errno);
  // flock, not fcntl: a POSIX lock is lost when any descriptor of the file is closed.
  int result = 0;
  do {
    result = ::flock(fd.get(), LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return RunLock(std::move(fd));
  if (errno == EWOULDBLOCK) return {};
  fail("cannot lock " + path, errno);
}

}  // namespace pipeline
