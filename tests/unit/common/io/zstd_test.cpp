// What zstd promises: no damaged or cut stream passes for a whole one, and memory has a bound.
#include "common/io/zstd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/io/file.h"
#include "tests/support/slow_source.h"
#include "tests/support/zstd_text.h"

namespace pipeline {
namespace {

using test::SlowSource;
using test::zstd_compressed;
using testing::HasSubstr;
using testing::StartsWith;

std::string inflated(std::string_view compressed, std::size_t piece_bytes = 1U << 20U,
                     const InflateLimits& limits = {}) {
  SlowSource pieces(compressed, piece_bytes);
  ZstdSource source(pieces, limits);
  return read_all(source);
}

struct Refusal {
  ErrorKind kind = ErrorKind::internal;
  std::string message = "accepted";
};

Refusal refusal_of(std::string_view compressed, std::size_t piece_bytes = 1U << 20U,
                   const InflateLimits& limits = {}) {
  try {
    inflated(compressed, piece_bytes, limits);
    return {};
  } catch (const Error& error) {
    return {.kind = error.kind(), .message = error.message()};
  }
}

std::string sample_text() {
  std::string text;
  for (int line = 0; line < 20'000; ++line) text += std::to_string(line * 7919) + " 東京\n";
  return text;
}

TEST(Zstd, GivesBackWhatWasCompressedAtEveryLevelAndBufferSize) {
  for (const int level : {-5, 1, 3, 9, 19}) {
    for (const std::size_t bytes : {0U, 1U, 2U, 1'000U, 70'000U, 300'000U}) {
      const std::string text = sample_text().substr(0, bytes);
      const std::string compressed = zstd_compressed(text, {.level = level});
      for (const std::size_t buffer_bytes : {1U, 7U, 4'096U, 1'000'000U}) {
        if (buffer_bytes == 1U && bytes > 1'000U) continue;
        SlowSource pieces(compressed, 1 + buffer_bytes / 3);
        ZstdSource source(pieces);
        std::string back;
        std::vector<char> buffer(buffer_bytes);
        while (const std::size_t count = source.read(buffer)) back.append(buffer.data(), count);
        EXPECT_TRUE(back == text) << "level " << level << ", " << bytes << " bytes, buffer of "
                                  << buffer_bytes;
      }
    }
  }
}

/// RFC 8878, 3.1.2: any of sixteen magic numbers, a size, and bytes of somebody's own.
std::string skippable_frame() {
  using namespace std::string_literals;
  return "\x5e\x2a\x4d\x18\x05\0\0\0hello"s;
}

TEST(Zstd, ReadsAllFramesWhereverTheInputIsCut) {
  const std::string all = skippable_frame() + zstd_compressed("first ") + zstd_compressed("") +
                          skippable_frame() + zstd_compressed("second", {.checksum = false});
  for (std::size_t piece = 1; piece <= 64; ++piece) {
    SCOPED_TRACE(piece);
    EXPECT_EQ(inflated(all, piece), "first second");
  }
}

TEST(Zstd, EveryCutOfAFrameIsCorruptWithItsOffset) {
  const std::string text = sample_text().substr(0, 3'000);
  for (const bool checksum : {true, false}) {
    const std::string compressed = zstd_compressed(text, {.checksum = checksum});
    for (std::size_t size = 1; size < compressed.size(); ++size) {
      for (const std::size_t piece : {std::size_t{1}, compressed.size()}) {
        const auto refusal = refusal_of(std::string_view(compressed).substr(0, size), piece);
        ASSERT_EQ(refusal.kind, ErrorKind::dump_corrupt) << size;
        ASSERT_EQ(refusal.message, "zstd ends early at compressed byte " + std::to_string(size));
      }
    }
  }
  EXPECT_EQ(refusal_of("").message, "the object is empty, not zstd at compressed byte 0");
}

TEST(Zstd, ACutOfALaterFrameIsCorruptToo) {
  const std::string first = zstd_compressed("first");
  const std::string both = first + zstd_compressed("second");
  for (std::size_t size = first.size() + 1; size < both.size(); ++size) {
    ASSERT_EQ(refusal_of(std::string_view(both).substr(0, size)).kind, ErrorKind::dump_corrupt)
        << size;
  }
}

TEST(Zstd, NoFlippedBitOfAFrameWithACheckSumPassesForTheText) {
  const std::string text = sample_text().substr(0, 1'500);
  const std::string compressed = zstd_compressed(text);
  for (std::size_t at = 0; at < compressed.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string damaged = compressed;
      damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ (1U << bit));
      try {
        // A bit of the header may be one that no reader looks at.
        ASSERT_EQ(inflated(damaged), text) << "byte " << at << ", bit " << bit;
      } catch (const Error& error) {
        EXPECT_TRUE(error.kind() == ErrorKind::dump_corrupt ||
                    error.kind() == ErrorKind::dump_refused)
            << error.what();
        EXPECT_THAT(error.message(), HasSubstr("at compressed byte "));
      }
    }
  }
}

TEST(Zstd, AWrongCheckSumIsNamed) {
  std::string damaged = zstd_compressed("some text");
  damaged.back() = static_cast<char>(~damaged.back());
  EXPECT_THAT(refusal_of(damaged).message, StartsWith("zstd is damaged (incorrect check sum)"));
}

TEST(Zstd, RefusesWhatIsNoneAndWhatStandsBehindIt) {
  EXPECT_THAT(refusal_of("-- MariaDB dump\n").message, StartsWith("the object is not zstd"));
  EXPECT_EQ(refusal_of("-- MariaDB dump\n").kind, ErrorKind::dump_corrupt);
  const std::string good = zstd_compressed("text");
  for (const auto& junk : {std::string("junk!"), std::string(512, '\0')}) {
    const auto refusal = refusal_of(good + junk);
    EXPECT_THAT(refusal.message, StartsWith("junk after the end of the zstd data"));
    EXPECT_EQ(refusal.kind, ErrorKind::dump_corrupt);
  }
}

TEST(Zstd, AWindowOf128MibIsReadAndALargerOneRefused) {
  EXPECT_EQ(inflated(zstd_compressed("text", {.window_log = 27})), "text");
  const auto refusal = refusal_of(zstd_compressed("text", {.window_log = 28}));
  EXPECT_EQ(refusal.kind, ErrorKind::dump_refused);
  EXPECT_THAT(refusal.message, StartsWith("zstd with a window of more than 128 MiB"));
}

TEST(Zstd, ABombIsStoppedByItsSizeAndByItsRatio) {
  const std::string bomb = zstd_compressed(std::string(8U << 20U, '\0'));
  EXPECT_EQ(refusal_of(bomb).message, "accepted");
  const auto by_size = refusal_of(bomb, 100, {.inflated_bytes_max = 1U << 20U});
  EXPECT_EQ(by_size.kind, ErrorKind::resource_exhausted);
  EXPECT_THAT(by_size.message, HasSubstr("a zstd bomb, not a dump"));
  const auto by_ratio =
      refusal_of(bomb, 100, {.ratio_max = 200, .ratio_counts_from_bytes = 1U << 20U});
  EXPECT_EQ(by_ratio.kind, ErrorKind::resource_exhausted);
}

}  // namespace
}  // namespace pipeline
