// Keys and hashes of some hundred neighbouring rows, packed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pipeline::delta {

struct KeyedHash {
  std::string_view key;
  std::uint64_t hash = 0;  // RowHash::low
};

/// Appends entries in ascending order of their keys, all of one length below 256 bytes. An entry is
/// how many bytes of its key are those of the key before (a byte), the others, and the hash (8
/// bytes, the lowest first). Format: docs/formats/staging-hashes.md.
class ChunkWriter {
 public:
  void add(std::string_view key, std::uint64_t hash);
  std::size_t count() const { return count_; }
  std::string_view entries() const { return entries_; }
  /// And begins anew.
  std::string take();

 private:
  std::string entries_;
  std::string last_key_;
  std::size_t count_ = 0;
};

/// Reads what a ChunkWriter wrote.
class ChunkReader {
 public:
  /// `entries` must outlive the reader.
  ChunkReader(std::string_view entries, std::size_t key_bytes);

  /// nullopt at the end. The key is valid until the next call. Throws Error{internal} for bytes
  /// that no writer of keys of this length wrote.
  std::optional<KeyedHash> next();

 private:
  std::string_view rest_;
  std::string key_;
};

}  // namespace pipeline::delta
