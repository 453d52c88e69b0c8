#include "tests/support/server_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace pipeline::test {

std::string server_data_parent() {
  const char* named = std::getenv("TEST_SERVER_DIR");
  return named == nullptr ? "/tmp" : named;
}

pid_t start_process(std::vector<std::string> arguments, const std::string& log_file) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const UniqueFd log(::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw Error(ErrorKind::internal, "fork failed");
  if (pid > 0) return pid;
  // Only async-signal-safe calls from here: this process may have threads.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::dup2(null.get(), STDIN_FILENO);
  ::dup2(log.get(), STDOUT_FILENO);
  ::dup2(log.get(), STDERR_FILENO);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

bool reap(pid_t pid) {
  int status = 0;
  return ::waitpid(pid, &status, WNOHANG) != 0;
}

void kill_process(pid_t pid) {
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::string tail(const std::string& text) {
  constexpr std::size_t tail_bytes = 2000;
  return text.size() > tail_bytes ? text.substr(text.size() - tail_bytes) : text;
}

}  // namespace pipeline::test
