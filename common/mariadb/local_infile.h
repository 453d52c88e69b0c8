// The only answer this program gives to a server that asks for a local file.
#pragma once

#include <exception>

#include "common/io/byte_stream.h"

namespace pipeline {

/// The state behind the four callbacks of mysql_set_local_infile_handler. Unless armed it refuses
/// every request, whatever name it carries. No exception leaves a callback: it is kept and handed
/// out by take_failure(). One thread at a time; must stay where it is while the session lives.
class LocalInfile {
 public:
  /// `socket` is the session's: it is shut down when the source fails, because the protocol's only
  /// other way to stop is the packet that says "end of file", and the server would keep the rows
  /// that came so far.
  void arm(ByteSource& source, int socket);
  void disarm();

  /// What the source threw or why a request was refused since the last call; empty if neither.
  std::exception_ptr take_failure();
  /// True after a source failed.
  bool session_cut() const { return cut_ == Cut::yes; }

  // Signatures of mysql.h (Connector/C 3.3); `self` is the LocalInfile.
  static int on_open(void** handle, const char* file_name, void* self) noexcept;
  static int on_read(void* self, char* buffer, unsigned int buffer_bytes) noexcept;
  static void on_end(void* self) noexcept;
  static int on_error(void* self, char* message, unsigned int message_bytes) noexcept;

 private:
  ByteSource* source_ = nullptr;
  int socket_ = -1;
  std::exception_ptr failure_;
  enum class Cut { no, yes } cut_ = Cut::no;
};

}  // namespace pipeline
