#include "common/process/spawn.h"

// What Boost.Process v2 (1.81) is used for, and what not. Its launcher forks, runs our initialisers
// in the child, execs, and reports a failed exec through a pipe; that is all it does here. Waiting,
// time limits and killing are ours (child_process.cpp), because its process object kills one
// process only and waits without a limit.
//
// Traps of that version, each held by a test:
// - An initialiser whose signature does not match exactly is silently not called. Here a
//   static_assert proves the match for each of them.
// - close_all() leaves the descriptors between 2 and the launcher's pipe open, and the pipe itself
//   is not in order. So we mark everything from 3 up close-on-exec ourselves.
// - on_exec_error is looked up with five arguments and called with four: only an object that has
//   both is called. Without it the failed child runs exit(), that is this program's atexit
//   functions and static destructors, a second time.
// - After a failed exec the child is never reaped. We do it.
#define BOOST_PROCESS_USE_STD_FS 1

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Used by v2's headers, which forget to include them.
#include <boost/core/exchange.hpp>
#include <boost/optional.hpp>
#include <boost/type_traits/decay.hpp>
#include <boost/type_traits/is_convertible.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/process/v2/posix/default_launcher.hpp>
#include <boost/process/v2/process.hpp>

#include <cerrno>
#include <concepts>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

namespace bp = boost::process::v2;
using Launcher = bp::posix::default_launcher;
using Path = std::filesystem::path;
using Argv = const char* const*;

// Everything below runs in the child between fork and exec: async-signal-safe calls only, errno
// left as the failing call set it (the launcher sends it to the parent).

bp::error_code last_error() {
  return {errno, boost::system::system_category()};
}

struct OwnProcessGroup {
  bp::error_code on_exec_setup(Launcher&, const Path&, Argv&) const {
    return ::setpgid(0, 0) == 0 ? bp::error_code{} : last_error();
  }
};

/// The signal comes when the thread that forked ends. The parent may have died before prctl().
struct EndWithParent {
  pid_t parent;

  bp::error_code on_exec_setup(Launcher&, const Path&, Argv&) const {
    if (::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) return last_error();
    if (::getppid() != parent) ::_exit(127);
    return {};
  }
};

struct StandardStreams {
  int input;
  int output;
  int errors;

  bp::error_code on_exec_setup(Launcher&, const Path&, Argv&) const {
    // All three are above 2 (see above_stdio), so that no dup2 overwrites a later one's source.
    if (::dup2(input, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0 ||
        ::dup2(errors, STDERR_FILENO) < 0) {
      return last_error();
    }
    return {};
  }
};

/// An ignored signal stays ignored through exec, and so does the mask.
struct DefaultSignals {
  bp::error_code on_exec_setup(Launcher&, const Path&, Argv&) const {
    struct sigaction standard = {};
    standard.sa_handler = SIG_DFL;
    for (int signal = 1; signal < NSIG; ++signal) {
      ::sigaction(signal, &standard, nullptr);  // fails for KILL, STOP and the C library's own two
    }
    sigset_t none;
    ::sigemptyset(&none);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): between fork and exec there is one thread
    return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0 ? bp::error_code{} : last_error();
  }
};

struct NoOtherDescriptors {
  bp::error_code on_exec_setup(Launcher&, const Path&, Argv&) const {
    // close_range() has a wrapper since glibc 2.34; marked, not closed, since the launcher's pipe
    // must carry a failed exec's errno.
    return ::close_range(3, std::numeric_limits<unsigned>::max(), CLOSE_RANGE_CLOEXEC) == 0
               ? bp::error_code{}
               : last_error();
  }
};

struct LeaveWithoutCleanup {
  void on_exec_error(Launcher&, const Path&, Argv&, const bp::error_code&) const { ::_exit(127); }
  /// Never called; the launcher looks for it before it calls the one above.
  void on_exec_error(Launcher&, const bp::error_code&, const Path&, Argv&,
                     const bp::error_code&) const {}
};

template <typename Initialiser>
concept CalledBeforeExec = requires(Initialiser& initialiser, Launcher& launcher,
                                    const Path& program, Argv& argv) {
  { initialiser.on_exec_setup(launcher, program, argv) } -> std::same_as<bp::error_code>;
};
template <typename Initialiser>
concept CalledAfterFailedExec = requires(Initialiser& initialiser, Launcher& launcher,
                                         const Path& program, Argv& argv,
                                         const bp::error_code& error) {
  initialiser.on_exec_error(launcher, error, program, argv, error);
  initialiser.on_exec_error(launcher, program, argv, error);
};
static_assert(CalledBeforeExec<OwnProcessGroup> && CalledBeforeExec<EndWithParent> &&
              CalledBeforeExec<StandardStreams> && CalledBeforeExec<DefaultSignals> &&
              CalledBeforeExec<NoOtherDescriptors> && CalledAfterFailedExec<LeaveWithoutCleanup>);

// From here on: in the parent.

/// The launcher's pipe and ours must not land on 0, 1 or 2 if this process was started without.
void fill_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    const int opened = ::open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY);
    require(opened == fd, "the lowest free descriptor is taken first");
  }
}

UniqueFd above_stdio(int fd) {
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!copy) {
    throw Error(ErrorKind::resource_exhausted, "no file descriptor is left to start a program")
        .with("errno", std::to_string(errno));
  }
  return copy;
}

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool is_shortage(int error_number) {
  return error_number == EAGAIN || error_number == ENOMEM || error_number == EMFILE ||
         error_number == ENFILE;
}

}  // namespace

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  for (const auto& folder : split(path == nullptr ? "/usr/bin:/bin" : path, ':')) {
    std::string candidate = (folder.empty() ? "." : folder) + "/" + name;
    std::error_code ignored;
    if (::access(candidate.c_str(), X_OK) == 0 &&
        std::filesystem::is_regular_file(candidate, ignored)) {
      return candidate;
    }
  }
  return {};
}

std::variant<Spawned, SpawnFailure> spawn(const SpawnOptions& options) {
  require(!options.argv.empty(), "a program to start has a name");
  const std::string program = find_program(options.argv.front());
  if (program.empty()) return SpawnFailure{ENOENT};

  fill_standard_streams();
  const UniqueFd input = above_stdio(options.input);
  const UniqueFd output = above_stdio(options.output);
  const UniqueFd errors = above_stdio(options.errors);
  std::vector<const char*> environment;
  for (const auto& assignment : options.environment) environment.push_back(assignment.c_str());
  environment.push_back(nullptr);

  // A context of its own: at the fork it holds no service, so that nothing of it runs in the child.
  boost::asio::io_context context(1);
  Launcher launcher;
  launcher.env = environment.data();
  bp::error_code failure;
  const std::vector<std::string> arguments(options.argv.begin() + 1, options.argv.end());
  try {
    auto process = launcher(context.get_executor(), failure, Path(program), arguments,
                            OwnProcessGroup{}, EndWithParent{::getpid()},
                            StandardStreams{input.get(), output.get(), errors.get()},
                            DefaultSignals{}, NoOtherDescriptors{}, LeaveWithoutCleanup{});
    if (failure) {
      if (launcher.pid > 0) reap(launcher.pid);
      if (launcher.pid <= 0 || is_shortage(failure.value())) {
        throw Error(ErrorKind::resource_exhausted,
                    fmt::format("cannot start {}: {}", program, failure.message()));
      }
      return SpawnFailure{failure.value()};
    }
    // From here the child is ours: the destructor of `process` would kill it.
    process.detach();
    Spawned spawned{
        .pid = launcher.pid,
        .pidfd = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, launcher.pid, 0)))};
    if (!spawned.pidfd) throw boost::system::system_error(last_error(), "pidfd_open");
    return spawned;
  } catch (const boost::system::system_error& error) {
    // No descriptor was left to hold the child that had just started.
    if (launcher.pid > 0) {
      ::kill(-launcher.pid, SIGKILL);
      reap(launcher.pid);
    }
    throw Error(ErrorKind::resource_exhausted, fmt::format("cannot start {}", program))
        .caused_by(error);
  }
}

}  // namespace pipeline
