// A sliding window over the dump's bytes: what is being read stands in one piece in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "common/io/byte_stream.h"
#include "stages/staging/dump/dump_place.h"

namespace pipeline::dump {

/// Holds the bytes from the last consume() on. Reuses one buffer, which grows when one row or
/// statement needs it and never shrinks.
class DumpWindow {
 public:
  /// `bytes` must outlive the window. `buffer_bytes` is the first size of the buffer.
  DumpWindow(ByteSource& bytes, std::size_t buffer_bytes);

  /// The bytes at hand. Valid until the next call of extend().
  std::string_view text() const { return {buffer_.data() + begin_, end_ - begin_}; }
  /// Reads more behind text(); false, and at_end() from then on, if there is no more. Never moves
  /// the meaning of offsets into text(), only its memory.
  bool extend();
  bool at_end() const { return at_end_; }
  /// Drops the first `count` bytes of text().
  void consume(std::size_t count);
  /// Of the byte at `offset` in text().
  Place place(std::size_t offset = 0) const;

 private:
  ByteSource& bytes_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool at_end_ = false;
  Place place_;  // of begin_
};

}  // namespace pipeline::dump
