#include "common/concurrency/cancellation.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include "common/base/error.h"
#include "common/base/log.h"

namespace pipeline {
namespace {

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);  // the terminal is gone
  return signals;
}

}  // namespace

StopOnSignals::StopOnSignals() {
  const sigset_t signals = stop_signals();
  signals_.reset(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  done_.reset(::eventfd(0, EFD_CLOEXEC));
  if (!signals_ || !done_) {
    throw Error(ErrorKind::resource_exhausted, "no file descriptor to receive signals with")
        .with("errno", std::to_string(errno));
  }
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  watcher_ = std::thread([this] { watch(); });
}

StopOnSignals::~StopOnSignals() {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(done_.get(), &one, sizeof one));
  watcher_.join();
  const sigset_t signals = stop_signals();
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void StopOnSignals::watch() {
  while (true) {
    std::array<pollfd, 2> watched{pollfd{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                                  pollfd{.fd = done_.get(), .events = POLLIN, .revents = 0}};
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;  // EINTR
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info) &&
        source_.request_stop()) {
      log::warn("asked to stop by signal {}", info.ssi_signo);
    }
    if (watched[1].revents != 0) return;
  }
}

}  // namespace pipeline
