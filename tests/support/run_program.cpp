#include "tests/support/run_program.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace pipeline::test {
namespace {

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Error(ErrorKind::internal, "pipe2 failed");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::vector<std::string> environment_of(const ProgramToRun& program) {
  auto variables = program.env;
  if (program.environment == ProgramToRun::Environment::added) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string text = *entry;
      const auto equals = text.find('=');
      if (equals != std::string::npos) {
        variables.emplace(text.substr(0, equals), text.substr(equals + 1));
      }
    }
  }
  std::vector<std::string> lines;
  lines.reserve(variables.size());
  for (const auto& [name, value] : variables) lines.push_back(fmt::format("{}={}", name, value));
  return lines;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// The child leads its own process group, so that the time limit ends what it started too, and has
/// the default answer to SIGPIPE, as any program that a shell starts.
void set_attributes(posix_spawnattr_t& attributes) {
  sigset_t to_default;
  ::sigemptyset(&to_default);
  ::sigaddset(&to_default, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &to_default);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

pid_t spawn(const ProgramToRun& program, const Pipe& in, const Pipe& out, const Pipe& err) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in.read_end.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out.write_end.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err.write_end.get(), STDERR_FILENO);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  set_attributes(attributes);
  auto arguments = program.argv;
  auto variables = environment_of(program);
  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, arguments.at(0).c_str(), &actions, &attributes,
                                    pointers_to(arguments).data(), pointers_to(variables).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    throw Error(ErrorKind::internal,
                "cannot start " + arguments[0] + ": " + std::generic_category().message(failed));
  }
  return pid;
}

/// Takes what is there; closes the descriptor at its end.
void read_some(UniqueFd& fd, std::string& text) {
  std::array<char, 65536> buffer;
  const auto got = ::read(fd.get(), buffer.data(), buffer.size());
  if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
  if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) fd.reset();
}

void write_some(UniqueFd& fd, std::string_view& rest) {
  const auto put = ::write(fd.get(), rest.data(), rest.size());
  if (put > 0) rest.remove_prefix(static_cast<std::size_t>(put));
  if (rest.empty() || (put < 0 && errno != EINTR && errno != EAGAIN)) fd.reset();
}

}  // namespace

std::string ProgramResult::text() const {
  std::string text = exit_code ? "exit " + std::to_string(*exit_code)
                               : "signal " + std::to_string(signal.value_or(0));
  if (ended == Ended::by_time_limit) text += " (after the time limit)";
  return text + "\n" + err;
}

ProgramResult run_program(const ProgramToRun& program) {
  using Time = std::chrono::steady_clock;
  const auto started = Time::now();
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  // A child that does not read its input must not end this process.
  std::signal(SIGPIPE, SIG_IGN);
  const pid_t pid = spawn(program, in, out, err);
  UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));  // readable once it ended
  in.read_end.reset();
  out.write_end.reset();
  err.write_end.reset();
  ::fcntl(in.write_end.get(), F_SETFL, O_NONBLOCK);

  ProgramResult result;
  std::string_view input = program.standard_input;
  if (input.empty()) in.write_end.reset();
  while (out.read_end || err.read_end || process) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        started + program.time_limit - Time::now());
    if (left.count() <= 0) {
      result.ended = ProgramResult::Ended::by_time_limit;
      ::kill(-pid, SIGKILL);
      break;
    }
    // poll() leaves out what has the descriptor -1.
    std::array<pollfd, 4> fds{{{in.write_end.get(), POLLOUT, 0},
                               {out.read_end.get(), POLLIN, 0},
                               {err.read_end.get(), POLLIN, 0},
                               {process.get(), POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), static_cast<int>(left.count()));
    if (fds[0].revents != 0) write_some(in.write_end, input);
    if (fds[1].revents != 0) read_some(out.read_end, result.out);
    if (fds[2].revents != 0) read_some(err.read_end, result.err);
    if (fds[3].revents != 0) process.reset();
  }
  int status = 0;
  rusage used{};
  while (::wait4(pid, &status, 0, &used) < 0 && errno == EINTR) {
  }
  result.peak_bytes = static_cast<std::uint64_t>(used.ru_maxrss) << 10U;
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  result.took = std::chrono::duration_cast<std::chrono::milliseconds>(Time::now() - started);
  return result;
}

}  // namespace pipeline::test
