// Hands out a text in small pieces, to try every place at which a buffer can end.
#pragma once

#include <algorithm>
#include <string_view>

#include "common/io/byte_stream.h"

namespace pipeline::test {

class SlowSource : public ByteSource {
 public:
  SlowSource(std::string_view bytes, std::size_t piece_bytes)
      : rest_(bytes), piece_bytes_(piece_bytes) {}
  std::size_t read(std::span<char> buffer) override {
    const std::size_t count = std::min({buffer.size(), piece_bytes_, rest_.size()});
    std::copy_n(rest_.data(), count, buffer.data());
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view rest_;
  std::size_t piece_bytes_;
};

}  // namespace pipeline::test
