// A terminal in place of this process's stderr, and what was written to it.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"

namespace pipeline::test {

/// stderr is a terminal of so many columns while it lives. One at a time.
class TerminalAsStderr {
 public:
  explicit TerminalAsStderr(unsigned short columns)
      : ours_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)), before_(::dup(STDERR_FILENO)) {
    if (ours_.get() < 0 || ::grantpt(ours_.get()) != 0 || ::unlockpt(ours_.get()) != 0) {
      throw std::runtime_error("no terminal can be made");
    }
    const UniqueFd theirs(::open(::ptsname(ours_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    const winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    if (::ioctl(theirs.get(), TIOCSWINSZ, &size) != 0 || ::dup2(theirs.get(), STDERR_FILENO) < 0) {
      throw std::runtime_error("no terminal takes the place of stderr");
    }
  }
  ~TerminalAsStderr() { ::dup2(before_.get(), STDERR_FILENO); }
  TerminalAsStderr(const TerminalAsStderr&) = delete;
  TerminalAsStderr& operator=(const TerminalAsStderr&) = delete;

  /// Everything that was written, up to the first place where `end` stands behind `from`; waits for
  /// it, at most 20 s.
  const std::string& text_until(std::string_view end, std::size_t from = 0) {
    constexpr int wait_milliseconds_max = 20'000;
    while (text_.find(end, from) == std::string::npos) {
      pollfd ready{.fd = ours_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&ready, 1, wait_milliseconds_max) <= 0) break;
      std::array<char, 4096> buffer{};
      const auto count = ::read(ours_.get(), buffer.data(), buffer.size());
      if (count <= 0) break;
      text_.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return text_;
  }

 private:
  UniqueFd ours_;
  UniqueFd before_;
  std::string text_;
};

}  // namespace pipeline::test
