#include "common/process/child_process.h"

// How a tree is ended. Signals go to the process group first, then to every descendant that /proc
// shows, since a setsid() leaves the group. This process is the subreaper: whatever loses its
// parent below us becomes our child and is found by the next look. The leader is looked at
// (WNOWAIT) and reaped last: while it is not reaped its id, and so the id of its group, cannot be
// given to anybody else. The tree counts as gone after two looks in a row that find nothing,
// because one look is no snapshot.

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <limits>
#include <mutex>
#include <set>
#include <string_view>
#include <system_error>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/unique_fd.h"
#include "common/process/process_tree.h"
#include "common/process/spawn.h"

namespace pipeline {
namespace {

using Timer = std::chrono::steady_clock;
using std::chrono::milliseconds;

// How often the tree is looked at while it is being ended; nothing is polled before that.
constexpr milliseconds look_interval{20};
// After SIGKILL; longer means that it hangs in the kernel.
constexpr std::chrono::seconds die_within{30};

constexpr std::array inherited_names{"PATH", "HOME",   "USER", "LOGNAME",
                                     "LANG", "TMPDIR", "TZ",   "CREDENTIALS_DIRECTORY"};
constexpr std::array inherited_prefixes{"LC_", "PIPELINE_"};

Error system_error(ErrorKind kind, std::string_view action) {
  return Error(kind, fmt::format("{}: {}", action, std::generic_category().message(errno)))
      .with("errno", std::to_string(errno));
}

UniqueFd open_or_throw(const std::string& path, int flags) {
  UniqueFd file(::open(path.c_str(), flags | O_CLOEXEC, 0640));
  if (!file) {
    const bool refused = errno == EACCES || errno == EPERM || errno == EROFS;
    throw system_error(refused ? ErrorKind::access_denied : ErrorKind::resource_exhausted,
                       "cannot open " + path);
  }
  return file;
}

/// A file in memory, read from its start: no writer, so that no pipe can fill up or break.
UniqueFd input_file(const std::optional<std::string>& text) {
  if (!text) return open_or_throw("/dev/null", O_RDONLY);
  UniqueFd file(::memfd_create("input", MFD_CLOEXEC));
  if (!file) throw system_error(ErrorKind::resource_exhausted, "no memory for a child's input");
  std::string_view rest = *text;
  while (!rest.empty()) {
    const ssize_t written = ::write(file.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      throw system_error(ErrorKind::resource_exhausted, "no memory for a child's input");
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

/// What the child writes to standard output, up to a bound; never blocks either side.
class Capture {
 public:
  explicit Capture(std::size_t bytes_max) : bytes_max_(bytes_max) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      throw system_error(ErrorKind::resource_exhausted, "no pipe for a child's output");
    }
    reading_.reset(ends[0]);
    writing_.reset(ends[1]);
    ::fcntl(reading_.get(), F_SETFL, O_NONBLOCK);
  }

  int writing_end() const { return writing_.get(); }
  void close_writing_end() { writing_.reset(); }
  /// -1 after the end; poll() ignores that.
  int reading_end() const { return reading_.get(); }

  void drain() {
    std::array<char, 65536> buffer;
    while (reading_) {
      const ssize_t got = ::read(reading_.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return;  // EAGAIN: nothing more for now
      if (got == 0) {
        reading_.reset();
        return;
      }
      const auto count = static_cast<std::size_t>(got);
      const std::size_t kept = std::min(count, bytes_max_ - text_.size());
      text_.append(buffer.data(), kept);
      if (kept < count) {
        cut_ = ChildResult::Captured::cut;
        return;  // a flood must not keep us from looking at the clock
      }
    }
  }

  void move_to(ChildResult& result) {
    result.output = std::move(text_);
    result.captured = cut_;
  }

 private:
  std::size_t bytes_max_;
  UniqueFd reading_;
  UniqueFd writing_;
  std::string text_;
  ChildResult::Captured cut_ = ChildResult::Captured::all;
};

/// Wakes a poll() when a stop is requested.
class StopBell {
 public:
  explicit StopBell(std::stop_token stop)
      : bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        callback_(std::move(stop), Ring{bell_.get()}) {
    if (!bell_) throw system_error(ErrorKind::resource_exhausted, "no descriptor to be woken by");
  }
  int fd() const { return bell_.get(); }

 private:
  struct Ring {
    int fd;
    void operator()() const {
      const std::uint64_t one = 1;
      static_cast<void>(!::write(fd, &one, sizeof one));
    }
  };
  UniqueFd bell_;
  std::stop_callback<Ring> callback_;
};

std::set<pid_t> present_children() {
  std::set<pid_t> pids;
  for (const auto& info : list_processes()) {
    if (info.parent == ::getpid()) pids.insert(info.pid);
  }
  return pids;
}

/// The leader, its group and all its descendants.
class Tree {
 public:
  Tree(Spawned leader, std::set<pid_t> not_ours, Capture* capture)
      : leader_(std::move(leader)), not_ours_(std::move(not_ours)), capture_(capture) {}

  int pidfd() const { return leader_.pidfd.get(); }

  bool leader_ended() const {
    siginfo_t info = {};
    return waitid(info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid != 0;
  }

  /// True when nothing lives any more but, perhaps, the leader's entry in the process table.
  bool gone() {
    if (!leader_ended()) return false;
    return living_descendants().empty() && living_descendants().empty();
  }

  int survivors() { return static_cast<int>(living_descendants().size()); }

  void end(milliseconds grace) {
    signal(SIGTERM);
    if (wait_until_gone(Timer::now() + grace)) return;
    const auto deadline = Timer::now() + die_within;
    while (Timer::now() < deadline) {
      signal(SIGKILL);
      if (wait_until_gone(Timer::now() + look_interval)) return;
    }
    throw Error(
        ErrorKind::internal,
        fmt::format("process {} or one that it started was killed but does not end", leader_.pid));
  }

  void reap_into(ChildResult& result) {
    siginfo_t info = {};
    require(waitid(info, WEXITED), "a child that was not reaped can be waited for");
    if (info.si_code == CLD_EXITED) {
      result.end = ChildResult::End::exited;
      result.exit_code = info.si_status;
      return;
    }
    result.end = ChildResult::End::signalled;
    const char* name = ::sigabbrev_np(info.si_status);
    result.signal = name != nullptr ? name : std::to_string(info.si_status);
  }

 private:
  bool waitid(siginfo_t& info, int options) const {
    int done = 0;
    do {
      done = ::waitid(P_PIDFD, static_cast<id_t>(leader_.pidfd.get()), &info, options);
    } while (done != 0 && errno == EINTR);
    return done == 0;
  }

  /// Takes the orphans that have ended out of the process table on the way.
  std::vector<pid_t> living_descendants() {
    std::vector<pid_t> living;
    for (const auto& info : descendants_of(::getpid(), not_ours_)) {
      if (info.pid == leader_.pid) continue;
      if (info.state != 'Z' && info.state != 'X') {
        living.push_back(info.pid);
      } else if (info.parent == ::getpid()) {
        ::waitpid(info.pid, nullptr, WNOHANG);
      }
    }
    return living;
  }

  void signal(int number) {
    ::kill(-leader_.pid, number);
    for (const pid_t pid : living_descendants()) {
      if (::getpgid(pid) != leader_.pid) ::kill(pid, number);
    }
  }

  bool wait_until_gone(Timer::time_point deadline) {
    while (true) {
      if (capture_ != nullptr) capture_->drain();
      if (gone()) return true;
      const auto left = std::chrono::ceil<milliseconds>(deadline - Timer::now());
      if (left.count() <= 0) return false;
      // Woken early by the leader's end; the rest of the tree tells nobody.
      pollfd watched{.fd = leader_ended() ? -1 : pidfd(), .events = POLLIN, .revents = 0};
      ::poll(&watched, 1, static_cast<int>(std::min(left, look_interval).count()));
    }
  }

  Spawned leader_;
  std::set<pid_t> not_ours_;
  Capture* capture_;
};

int poll_timeout(const std::optional<Timer::time_point>& deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<milliseconds>(*deadline - Timer::now()).count();
  // A longer wait is cut and begun again.
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

/// Returns when the leader has ended or why it must be asked to.
ChildResult::StoppedBy wait_for_leader(const Tree& tree, const StopBell& bell, Capture* capture,
                                       const std::optional<Timer::time_point>& deadline) {
  while (true) {
    std::array<pollfd, 3> watched{
        pollfd{.fd = tree.pidfd(), .events = POLLIN, .revents = 0},
        pollfd{.fd = bell.fd(), .events = POLLIN, .revents = 0},
        pollfd{
            .fd = capture != nullptr ? capture->reading_end() : -1, .events = POLLIN, .revents = 0},
    };
    const int ready = ::poll(watched.data(), watched.size(), poll_timeout(deadline));
    if (ready < 0 && errno != EINTR) {
      throw system_error(ErrorKind::internal, "cannot wait for a child process");
    }
    if (ready < 0) continue;
    if (capture != nullptr) capture->drain();
    if (watched[0].revents != 0) return ChildResult::StoppedBy::nobody;
    if (watched[1].revents != 0) return ChildResult::StoppedBy::request;
    if (deadline && Timer::now() >= *deadline) return ChildResult::StoppedBy::time_limit;
  }
}

std::mutex& one_at_a_time() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

std::string ChildResult::text() const {
  switch (end) {
    case End::exited:
      return fmt::format("exit code {}", exit_code);
    case End::signalled:
      return "signal " + signal;
    case End::start_failed:
      return "cannot be started: " + start_error;
  }
  return {};
}

ChildResult run_child(const ChildOptions& options, const ChildStarted& started,
                      std::stop_token stop) {
  const std::lock_guard lock(one_at_a_time());
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
    throw system_error(ErrorKind::internal, "cannot become the subreaper of child processes");
  }
  const StopBell bell(std::move(stop));
  const UniqueFd input = input_file(options.input);
  const UniqueFd log = open_or_throw(options.log_path.empty() ? "/dev/null" : options.log_path,
                                     O_WRONLY | O_CREAT | O_APPEND);
  std::optional<Capture> captured;
  if (options.output == ChildOptions::Output::captured)
    captured.emplace(options.captured_bytes_max);
  Capture* capture = captured ? &*captured : nullptr;

  auto not_ours = present_children();
  const auto begun = Timer::now();
  auto spawned = spawn({.argv = options.argv,
                        .environment = options.environment,
                        .input = input.get(),
                        .output = capture != nullptr ? capture->writing_end() : log.get(),
                        .errors = log.get()});
  ChildResult result;
  if (const auto* failure = std::get_if<SpawnFailure>(&spawned)) {
    result.end = ChildResult::End::start_failed;
    result.start_error = std::generic_category().message(failure->error_number);
    return result;
  }
  const pid_t pid = std::get<Spawned>(spawned).pid;
  Tree tree(std::move(std::get<Spawned>(spawned)), std::move(not_ours), capture);
  if (capture != nullptr) capture->close_writing_end();

  try {
    if (started) started(pid);
    std::optional<Timer::time_point> deadline;
    if (options.time_limit) deadline = begun + *options.time_limit;
    result.stopped_by = wait_for_leader(tree, bell, capture, deadline);
  } catch (...) {
    tree.end(options.grace);
    tree.reap_into(result);
    throw;
  }
  if (result.stopped_by == ChildResult::StoppedBy::nobody) {
    result.left_behind = tree.survivors();
    if (result.left_behind > 0) {
      log::warn("{} left {} processes behind; ending them", options.argv.front(),
                result.left_behind);
    }
  }
  if (!tree.gone()) tree.end(options.grace);
  tree.reap_into(result);
  if (capture != nullptr) {
    capture->drain();
    capture->move_to(result);
  }
  return result;
}

std::vector<std::string> child_environment(const std::vector<std::string>& also,
                                           const std::vector<std::string>& added) {
  const auto name_of = [](std::string_view assignment) {
    return assignment.substr(0, assignment.find('='));
  };
  const auto allowed = [&](std::string_view name) {
    const auto begins_so = [&](std::string_view prefix) { return name.starts_with(prefix); };
    return std::find(inherited_names.begin(), inherited_names.end(), name) !=
               inherited_names.end() ||
           std::any_of(inherited_prefixes.begin(), inherited_prefixes.end(), begins_so) ||
           std::find(also.begin(), also.end(), name) != also.end();
  };
  const auto replaced = [&](std::string_view name) {
    return std::any_of(added.begin(), added.end(),
                       [&](const auto& assignment) { return name_of(assignment) == name; });
  };
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view assignment = *entry;
    const auto name = name_of(assignment);
    if (allowed(name) && !replaced(name)) result.emplace_back(assignment);
  }
  result.insert(result.end(), added.begin(), added.end());
  return result;
}

}  // namespace pipeline
