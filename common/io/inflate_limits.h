// What an honest compressed dump does not exceed; a bomb of a few hundred kB would fill the
// server's disk.
#pragma once

#include <cstdint>
#include <string_view>

#include <fmt/core.h>

#include "common/base/error.h"

namespace pipeline {

struct InflateLimits {
  std::uint64_t inflated_bytes_max = std::uint64_t{1} << 40U;
  /// A mysqldump shrinks 4 to 20 times. Applies above `ratio_counts_from_bytes` of output, since a
  /// short run of zeros may shrink 1,000 times.
  std::uint64_t ratio_max = 200;
  std::uint64_t ratio_counts_from_bytes = std::uint64_t{1} << 30U;
};

/// Throws resource_exhausted if so much came of so little. `format`: "gzip".
inline void require_no_bomb(const InflateLimits& limits, std::string_view format,
                            std::uint64_t compressed_bytes, std::uint64_t inflated_bytes) {
  const bool too_large = inflated_bytes > limits.inflated_bytes_max;
  const bool too_dense = inflated_bytes > limits.ratio_counts_from_bytes &&
                         inflated_bytes / limits.ratio_max > compressed_bytes;
  if (!too_large && !too_dense) return;
  throw Error(
      ErrorKind::resource_exhausted,
      fmt::format("{} compressed bytes inflate to more than {} bytes: a {} bomb, not a dump",
                  compressed_bytes, inflated_bytes, format));
}

}  // namespace pipeline
