// Hashes and counts the bytes that pass through a stream.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/text.h"
#include "common/io/byte_stream.h"

namespace pipeline {

/// Passes `inner` through unchanged; `inner` must outlive it.
class HashingSource : public ByteSource {
 public:
  explicit HashingSource(ByteSource& inner) : inner_(inner) {}
  std::size_t read(std::span<char> buffer) override {
    const std::size_t count = inner_.read(buffer);
    hash_.update({buffer.data(), count});
    bytes_ += count;
    return count;
  }
  std::uint64_t bytes() const { return bytes_; }
  /// SHA-256 of everything that was read, lower-case hex. Ends the hash: call once, at the end.
  std::string finish() { return hash_.finish(); }

 private:
  ByteSource& inner_;
  Sha256 hash_;
  std::uint64_t bytes_ = 0;
};

}  // namespace pipeline
