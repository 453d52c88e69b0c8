#include "bench/e2e/measure.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/io/file.h"

namespace pipeline::bench {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

/// User and system time of a process so far: fields 14 and 15 of /proc/PID/stat, in clock ticks.
double cpu_seconds(pid_t pid) {
  const std::string stat = read_file(fmt::format("/proc/{}/stat", pid));
  // The second field is a name in parentheses and may hold blanks.
  const auto fields = split(stat.substr(stat.rfind(')') + 2), ' ');
  const double ticks = std::stod(fields.at(11)) + std::stod(fields.at(12));
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

pid_t start(const std::string& command, const std::string& log_file) {
  const std::string script = "set -o pipefail; " + command;
  const pid_t child = ::fork();
  if (child < 0) throw Error(ErrorKind::internal, "cannot fork");
  if (child > 0) return child;
  const int log = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (log < 0 || null < 0) ::_exit(126);
  ::dup2(null, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execl("/bin/bash", "bash", "-c", script.c_str(), nullptr);
  ::_exit(127);
}

}  // namespace

Cost measure(const std::string& command, pid_t server, const std::string& log_file) {
  const double server_before = cpu_seconds(server);
  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = start(command, log_file);
  int status = 0;
  rusage used{};
  while (::wait4(child, &status, 0, &used) < 0) {
    if (errno != EINTR) throw Error(ErrorKind::internal, "cannot wait for " + command);
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    const std::string log = read_file(log_file);
    throw Error(ErrorKind::internal,
                fmt::format("{} failed:\n{}", command,
                            log.substr(log.size() > 4000 ? log.size() - 4000 : 0)));
  }
  return {.wall_s = wall.count(),
          .client_cpu_s = seconds(used.ru_utime) + seconds(used.ru_stime),
          .server_cpu_s = cpu_seconds(server) - server_before,
          .client_peak_kib = static_cast<std::uint64_t>(used.ru_maxrss)};
}

}  // namespace pipeline::bench
