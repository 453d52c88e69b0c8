// Inflates and deflates gzip streams piece by piece, and lets no damaged stream pass for a whole
// one.
#pragma once

#include <memory>

#include "common/io/byte_stream.h"
#include "common/io/inflate_limits.h"

namespace pipeline {

/// The inflated bytes of `compressed`, which must outlive it. Reads all members of a concatenation
/// (RFC 1952, 2.2), checks CRC and length of each, allows zeros after the last one (tape padding)
/// and nothing else. Memory is constant. Throws dump_corrupt with the byte offset in the compressed
/// stream: "gzip ends early", wrong check sum, not gzip, junk at the end; resource_exhausted past
/// the limits. Damage may show only at the end: nothing read from it counts before read() returned
/// 0.
class GzipSource : public ByteSource {
 public:
  explicit GzipSource(ByteSource& compressed, const InflateLimits& limits = {});
  ~GzipSource() override;
  std::size_t read(std::span<char> buffer) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Writes one gzip member to `compressed`, which must outlive it.
class GzipSink : public ByteSink {
 public:
  explicit GzipSink(ByteSink& compressed, int level = 6);
  ~GzipSink() override;
  void write(std::string_view bytes) override;
  /// Writes the rest and the trailer. Without it the member stays incomplete.
  void finish();

 private:
  struct State;
  void deflate_all(std::string_view bytes, int flush);
  std::unique_ptr<State> state_;
};

}  // namespace pipeline
