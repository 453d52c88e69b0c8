// Walks the hashes that a copy of a table has beside the rows of a new dump.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stages/staging/delta/hash_chunk.h"

namespace pipeline::delta {

/// Entries of the keys from `label` on, up to the next chunk's label. A first chunk's reach down to
/// the smallest key.
struct Chunk {
  std::string label;
  std::string entries;  // of ChunkWriter; empty: none
};

/// Below the key of any row.
inline constexpr std::string_view first_label{"\0", 1};

/// The chunks of one copy by ascending label.
class ChunkSource {
 public:
  virtual ~ChunkSource() = default;
  virtual std::optional<Chunk> next() = 0;
};

/// What a merge finds.
class MergeSink {
 public:
  virtual ~MergeSink() = default;
  /// A row of the copy that the dump does not have. The key is valid during the call.
  virtual void gone(std::string_view key) = 0;
  /// A chunk that is to be written instead of the one of its label, if there is one.
  virtual void rewritten(Chunk chunk) = 0;
};

/// One thread. Holds a few chunks at a time.
class HashMerge {
 public:
  /// Entries in a new chunk; one that grows past twice as many is cut.
  static constexpr std::size_t entries_per_chunk = 350;

  /// `before` and `sink` must outlive it.
  HashMerge(std::size_t key_bytes, ChunkSource& before, MergeSink& sink);
  HashMerge(const HashMerge&) = delete;
  HashMerge& operator=(const HashMerge&) = delete;

  enum class RowIs { same, changed, added };
  /// The dump's next row. Keys must ascend.
  RowIs feed(std::string_view key, std::uint64_t hash);
  /// Behind the last row.
  void finish();

 private:
  void open(Chunk chunk);
  void close();
  void differ();
  void skip_entry();
  void cut();

  const std::size_t key_bytes_;
  ChunkSource& before_;
  MergeSink& sink_;
  Chunk chunk_;                     // the open one
  std::optional<Chunk> following_;  // the one behind it
  std::optional<ChunkReader> entries_;
  std::optional<KeyedHash> entry_;  // the next of the open chunk
  ChunkWriter after_;               // what the open chunk becomes
  std::string label_;               // under which that is written
  enum class Content { same, other } content_ = Content::same;
  std::size_t same_ = 0;  // entries that were passed, while content_ is same
};

}  // namespace pipeline::delta
