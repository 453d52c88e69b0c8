// What a merge finds between two days, and that it leaves the hashes of the second.
#include "stages/staging/delta/hash_merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include <fmt/core.h>

#include "common/base/error.h"

namespace pipeline::delta {
namespace {

constexpr std::size_t key_bytes = 9;

std::string key(std::uint64_t number) {
  std::string text(1, '\1');
  for (int shift = 56; shift >= 0; shift -= 8) text += static_cast<char>(number >> shift & 0xFFU);
  return text;
}

using Rows = std::map<std::string, std::uint64_t>;
/// By label, as the database holds them.
using Chunks = std::map<std::string, std::string>;

class Stored : public ChunkSource {
 public:
  explicit Stored(const Chunks& chunks) : chunks_(chunks), at_(chunks_.begin()) {}
  std::optional<Chunk> next() override {
    if (at_ == chunks_.end()) return {};
    const auto& [label, entries] = *at_++;
    return Chunk{.label = label, .entries = entries};
  }

 private:
  const Chunks& chunks_;
  Chunks::const_iterator at_;
};

struct Found : public MergeSink {
  Rows gone_keys;
  Chunks chunks;
  void gone(std::string_view of) override { gone_keys[std::string(of)] = 0; }
  void rewritten(Chunk chunk) override {
    EXPECT_TRUE(chunks.emplace(chunk.label, chunk.entries).second) << "written twice";
  }
};

struct Merged {
  Rows gone, changed, added, same;
  std::size_t chunks_written = 0;
};

/// Brings `chunks` from what they hold to `rows`.
Merged merge(Chunks& chunks, const Rows& rows) {
  Stored before(chunks);
  Found found;
  Merged merged;
  HashMerge merging(key_bytes, before, found);
  for (const auto& [of, hash] : rows) {
    switch (merging.feed(of, hash)) {
      case HashMerge::RowIs::same:
        merged.same[of] = hash;
        break;
      case HashMerge::RowIs::changed:
        merged.changed[of] = hash;
        break;
      case HashMerge::RowIs::added:
        merged.added[of] = hash;
        break;
    }
  }
  merging.finish();
  merged.gone = found.gone_keys;
  merged.chunks_written = found.chunks.size();
  for (auto& [label, entries] : found.chunks) chunks[label] = entries;
  return merged;
}

Rows rows_of(const Chunks& chunks) {
  Rows rows;
  std::string last;
  for (const auto& [label, entries] : chunks) {
    ChunkReader reader(entries, key_bytes);
    while (const auto entry = reader.next()) {
      EXPECT_GT(entry->key, last) << "chunks overlap";
      last = entry->key;
      rows[last] = entry->hash;
    }
  }
  return rows;
}

TEST(HashMerge, TellsWhatChangedAndKeepsTheHashesAfterAnyNumberOfDays) {
  const auto seed = std::random_device()();
  fmt::print("seed {}\n", seed);
  std::mt19937_64 dice(seed);
  Chunks chunks;
  Rows rows;
  for (int day = 0; day < 60; ++day) {
    Rows next = rows;
    const std::uint64_t keys = dice() % 2 == 0 ? 5000 : 100'000;
    // Days of many changes and days of few; at the end, at the beginning, all over.
    const auto changes = day == 0 ? 3000 : dice() % (dice() % 4 == 0 ? 2500 : 20);
    const std::uint64_t from = dice() % 3 == 0 ? keys : dice() % keys;
    const std::uint64_t width = dice() % 2 == 0 ? keys : 50;
    for (std::uint64_t i = 0; i < changes; ++i) {
      const std::string of = key(from + dice() % width);
      if (dice() % 3 == 0) {
        next.erase(of);
      } else {
        next[of] = dice() % 8;  // often the same as before
      }
    }
    if (dice() % 20 == 0) next.clear();
    const Merged merged = merge(chunks, next);
    ASSERT_EQ(rows_of(chunks), next) << "seed " << seed << ", day " << day;
    for (const auto& [of, hash] : merged.same) ASSERT_EQ(rows.at(of), hash);
    for (const auto& [of, hash] : merged.changed) ASSERT_NE(rows.at(of), hash);
    for (const auto& [of, hash] : merged.added) ASSERT_FALSE(rows.contains(of));
    for (const auto& [of, unused] : merged.gone) {
      ASSERT_TRUE(rows.contains(of));
      ASSERT_FALSE(next.contains(of));
    }
    ASSERT_EQ(merged.same.size() + merged.changed.size() + merged.added.size(), next.size());
    ASSERT_EQ(merged.same.size() + merged.changed.size() + merged.gone.size(), rows.size());
    if (next == rows) {
      ASSERT_EQ(merged.chunks_written, 0U);
    }
    rows = next;
  }
}

TEST(HashMerge, WritesOnlyTheChunkInWhichARowChanged) {
  Rows rows;
  for (std::uint64_t i = 0; i < 10'000; ++i) rows[key(i)] = i;
  Chunks chunks;
  merge(chunks, rows);
  EXPECT_EQ(chunks.size(), 10'000 / (2 * HashMerge::entries_per_chunk) + 1);
  rows[key(5000)] = 1;
  EXPECT_EQ(merge(chunks, rows).chunks_written, 1U);
  rows[key(20'000)] = 1;
  EXPECT_EQ(merge(chunks, rows).chunks_written, 1U);
  EXPECT_EQ(merge(chunks, rows).chunks_written, 0U);
}

TEST(ChunkReader, ReadsNoBytesThatNobodyWrote) {
  ChunkWriter writer;
  writer.add(key(1), 7);
  writer.add(key(2), 8);
  const std::string good = writer.take();
  for (std::size_t cut = 1; cut < good.size(); ++cut) {
    ChunkReader reader(std::string_view(good).substr(0, cut), key_bytes);
    const auto read = [&] {
      while (reader.next()) {
      }
    };
    // Cut between two entries it is a chunk of one.
    if (cut == 1 + key_bytes + 8) {
      EXPECT_NO_THROW(read());
    } else {
      EXPECT_THROW(read(), Error) << cut;
    }
  }
  const std::string shares_too_much = std::string(1, '\x7f') + std::string(40, 'x');
  ChunkReader long_share(shares_too_much, key_bytes);
  EXPECT_THROW(long_share.next(), Error);
}

}  // namespace
}  // namespace pipeline::delta
