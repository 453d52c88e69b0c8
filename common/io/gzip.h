// Inflates and deflates gzip streams piece by piece, and lets no damaged stream pass for a whole
// one.
#pragma once

#include <cstdint>
#include <memory>

#include "common/io/byte_stream.h"

namespace pipeline {

/// What an honest dump does not exceed; a bomb of a few hundred kB would fill the server's disk.
struct GzipLimits {
  std::uint64_t inflated_bytes_max = std::uint64_t{1} << 40U;
  /// A mysqldump shrinks 4 to 20 times. Applies above `ratio_counts_from_bytes` of output, since a
  /// short run of zeros may shrink 1,000 times.
  std::uint64_t ratio_max = 200;
  std::uint64_t ratio_counts_from_bytes = std::uint64_t{1} << 30U;
};

/// The inflated bytes of `compressed`, which must outlive it. Reads all members of a concatenation
/// (RFC 1952, 2.2), checks CRC and length of each, allows zeros after the last one (tape padding)
/// and nothing else. Memory is constant. Throws dump_corrupt with the byte offset in the compressed
/// stream: "gzip ends early", wrong check sum, not gzip, junk at the end; resource_exhausted past
/// the limits. Damage may show only at the end: nothing read from it counts before read() returned
/// 0.
class GzipSource : public ByteSource {
 public:
  explicit GzipSource(ByteSource& compressed, const GzipLimits& limits = {});
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
