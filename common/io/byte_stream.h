// Where bytes come from and where they go: the two smallest interfaces of the program.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace pipeline {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills the front of `buffer` and returns how many bytes; 0 only at the end of the stream.
  /// May return less than the buffer holds. Throws Error by kind of the source. One thread at a
  /// time.
  virtual std::size_t read(std::span<char> buffer) = 0;
};

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  /// Takes all bytes or throws. One thread at a time.
  virtual void write(std::string_view bytes) = 0;
};

}  // namespace pipeline
