#include "common/mariadb/local_infile.h"

#include <sys/socket.h>

#include <cstdio>
#include <span>
#include <string>
#include <utility>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

constexpr int refused_code = 1;
constexpr int read_failed_code = -1;
constexpr int errno_unknown = 2000;  // CR_UNKNOWN_ERROR; nobody sees it, take_failure() is thrown
constexpr std::size_t file_name_bytes_shown = 200;

}  // namespace

void LocalInfile::arm(ByteSource& source, int socket) {
  source_ = &source;
  socket_ = socket;
}

void LocalInfile::disarm() {
  source_ = nullptr;
}

std::exception_ptr LocalInfile::take_failure() {
  return std::exchange(failure_, nullptr);
}

int LocalInfile::on_open(void** handle, const char* file_name, void* self) noexcept {
  auto& infile = *static_cast<LocalInfile*>(self);
  *handle = self;
  if (infile.source_ != nullptr) return 0;
  try {
    infile.failure_ = std::make_exception_ptr(
        Error(ErrorKind::guard_refused, "the server asked for the local file \"" +
                                            head(file_name, file_name_bytes_shown) +
                                            "\"; local files are never sent"));
  } catch (...) {
    infile.failure_ = std::current_exception();
  }
  return refused_code;
}

int LocalInfile::on_read(void* self, char* buffer, unsigned int buffer_bytes) noexcept {
  auto& infile = *static_cast<LocalInfile*>(self);
  try {
    return static_cast<int>(infile.source_->read(std::span(buffer, buffer_bytes)));
  } catch (...) {
    infile.failure_ = std::current_exception();
    infile.cut_ = Cut::yes;
    ::shutdown(infile.socket_, SHUT_RDWR);
    return read_failed_code;
  }
}

void LocalInfile::on_end(void* self) noexcept {
  // The library also ends what it never opened: on a session that does not allow local files.
  if (self != nullptr) static_cast<LocalInfile*>(self)->disarm();
}

int LocalInfile::on_error(void* /*self*/, char* message, unsigned int message_bytes) noexcept {
  std::snprintf(message, message_bytes, "the local file was refused or could not be read");
  return errno_unknown;
}

}  // namespace pipeline
