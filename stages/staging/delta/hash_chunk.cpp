#include "stages/staging/delta/hash_chunk.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"

namespace pipeline::delta {

void ChunkWriter::add(std::string_view key, std::uint64_t hash) {
  const auto shared =
      static_cast<std::size_t>(std::ranges::mismatch(key, last_key_).in1 - key.begin());
  entries_ += static_cast<char>(shared);
  entries_ += key.substr(shared);
  for (unsigned shift = 0; shift < 64; shift += 8) {
    entries_ += static_cast<char>(hash >> shift & 0xFFU);
  }
  last_key_.assign(key);
  ++count_;
}

std::string ChunkWriter::take() {
  last_key_.clear();
  count_ = 0;
  return std::exchange(entries_, {});
}

ChunkReader::ChunkReader(std::string_view entries, std::size_t key_bytes)
    : rest_(entries), key_(key_bytes, '\0') {}

std::optional<KeyedHash> ChunkReader::next() {
  if (rest_.empty()) return {};
  constexpr std::size_t hash_bytes = sizeof(std::uint64_t);
  const auto shared = static_cast<std::size_t>(static_cast<unsigned char>(rest_.front()));
  if (shared > key_.size() || rest_.size() < 1 + key_.size() - shared + hash_bytes) {
    throw Error(ErrorKind::internal, "the hashes of a table's rows are damaged");
  }
  const std::size_t own = key_.size() - shared;
  std::copy_n(rest_.data() + 1, own, key_.data() + shared);
  KeyedHash entry{.key = key_};
  for (std::size_t byte = 0; byte < hash_bytes; ++byte) {
    entry.hash |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[1 + own + byte]))
                  << (8 * byte);
  }
  rest_.remove_prefix(1 + own + hash_bytes);
  return entry;
}

}  // namespace pipeline::delta
