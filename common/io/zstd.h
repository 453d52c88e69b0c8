// Inflates zstd streams piece by piece, and lets no cut stream pass for a whole one.
#pragma once

#include <memory>

#include "common/io/byte_stream.h"
#include "common/io/inflate_limits.h"

namespace pipeline {

/// The inflated bytes of `compressed`, which must outlive it. Reads all frames of a concatenation
/// and passes over skippable ones (RFC 8878, 3.1); nothing else may stand behind the last one.
/// Compares the check sum of each frame that has one. Memory is the frame's window, at most
/// 128 MiB, and constant beside it. Throws dump_corrupt with the byte offset in the compressed
/// stream: "zstd ends early", wrong check sum, not zstd, junk at the end; dump_refused for a frame
/// with a larger window or a dictionary; resource_exhausted past the limits. Damage may show only
/// at the end: nothing read from it counts before read() returned 0.
class ZstdSource : public ByteSource {
 public:
  explicit ZstdSource(ByteSource& compressed, const InflateLimits& limits = {});
  ~ZstdSource() override;
  std::size_t read(std::span<char> buffer) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pipeline
