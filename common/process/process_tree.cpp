#include "common/process/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace pipeline {
namespace {

using Timer = std::chrono::steady_clock;

// How long a process may take to go after SIGKILL: one that waits for a disk can take a while.
constexpr std::chrono::seconds die_within{30};
// The environment of a process is at most this long before we stop looking (MAX_ARG_STRLEN * 16).
constexpr std::size_t environment_bytes_max = 2U << 20U;

std::optional<pid_t> parse_pid(std::string_view text) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return pid;
}

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), &::closedir);
  if (!proc) throw Error(ErrorKind::internal, "/proc cannot be read; processes cannot be watched");
  while (const dirent* entry = ::readdir(proc.get())) {
    if (const auto pid = parse_pid(entry->d_name)) pids.push_back(*pid);
  }
  return pids;
}

/// Empty if the process is gone or is not ours to read.
std::string read_proc_file(pid_t pid, std::string_view name, std::size_t bytes_max) {
  const std::string path = fmt::format("/proc/{}/{}", pid, name);
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!file) return text;
  char buffer[4096];
  while (text.size() < bytes_max) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

/// "12 (a name) S 1 12 ...": the name may hold anything, parentheses and line breaks included.
std::optional<ProcessInfo> parse_stat(pid_t pid, const std::string& text) {
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 4 >= text.size()) return {};
  ProcessInfo info{.pid = pid, .state = text[name_end + 2]};
  const char* at = text.data() + name_end + 4;
  const char* end = text.data() + text.size();
  const auto parent = std::from_chars(at, end, info.parent);
  if (parent.ec != std::errc{} || parent.ptr == end) return {};
  const auto group = std::from_chars(parent.ptr + 1, end, info.group);
  if (group.ec != std::errc{}) return {};
  return info;
}

bool has_ended(int pidfd, std::chrono::milliseconds within) {
  pollfd watched{.fd = pidfd, .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, static_cast<int>(within.count())) > 0;
}

struct Held {
  pid_t pid;
  UniqueFd pidfd;  // names the process for sure: an id alone may be reused
};

std::vector<Held> hold(std::string_view assignment) {
  std::vector<Held> held;
  for (const pid_t pid : processes_with_environment(assignment)) {
    UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (pidfd) held.push_back({pid, std::move(pidfd)});
  }
  return held;
}

void signal_all(const std::vector<Held>& held, int signal) {
  for (const auto& process : held) {
    ::syscall(SYS_pidfd_send_signal, process.pidfd.get(), signal, nullptr, 0);
  }
}

bool all_ended_by(const std::vector<Held>& held, Timer::time_point deadline) {
  for (const auto& process : held) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Timer::now());
    if (!has_ended(process.pidfd.get(), std::max(left, std::chrono::milliseconds(0)))) return false;
  }
  return true;
}

}  // namespace

std::vector<ProcessInfo> list_processes() {
  std::vector<ProcessInfo> processes;
  for (const pid_t pid : all_pids()) {
    if (const auto info = parse_stat(pid, read_proc_file(pid, "stat", 4096))) {
      processes.push_back(*info);
    }
  }
  return processes;
}

std::vector<ProcessInfo> descendants_of(pid_t ancestor, const std::set<pid_t>& left_out) {
  std::multimap<pid_t, ProcessInfo> by_parent;
  for (const auto& info : list_processes()) by_parent.emplace(info.parent, info);
  std::vector<ProcessInfo> found;
  std::vector<pid_t> to_visit{ancestor};
  std::set<pid_t> visited;  // ids move while we read: never walk in a circle
  while (!to_visit.empty()) {
    const pid_t parent = to_visit.back();
    to_visit.pop_back();
    if (!visited.insert(parent).second) continue;
    const auto [first, last] = by_parent.equal_range(parent);
    for (auto child = first; child != last; ++child) {
      if (left_out.contains(child->second.pid)) continue;
      found.push_back(child->second);
      to_visit.push_back(child->second.pid);
    }
  }
  return found;
}

std::vector<pid_t> processes_with_environment(std::string_view assignment) {
  const std::string needle = std::string(1, '\0') + std::string(assignment) + std::string(1, '\0');
  std::vector<pid_t> found;
  for (const pid_t pid : all_pids()) {
    if (pid == ::getpid()) continue;
    // Entries are separated by NUL; one more in front makes the first like the others.
    const std::string environment =
        std::string(1, '\0') + read_proc_file(pid, "environ", environment_bytes_max);
    if (environment.find(needle) != std::string::npos) found.push_back(pid);
  }
  return found;
}

int end_processes_with_environment(std::string_view assignment, std::chrono::milliseconds grace) {
  std::set<pid_t> seen;
  auto held = hold(assignment);
  for (const auto& process : held) seen.insert(process.pid);
  signal_all(held, SIGTERM);
  static_cast<void>(all_ended_by(held, Timer::now() + grace));
  // What is left, and what they started meanwhile.
  const auto deadline = Timer::now() + die_within;
  while (!(held = hold(assignment)).empty()) {
    for (const auto& process : held) seen.insert(process.pid);
    signal_all(held, SIGKILL);
    if (!all_ended_by(held, deadline)) {
      throw Error(ErrorKind::internal,
                  fmt::format("process {} was killed but does not end", held.front().pid));
    }
  }
  return static_cast<int>(seen.size());
}

}  // namespace pipeline
