// What gzip promises: no damaged, cut or padded stream passes for a whole one.
#include "common/io/gzip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "common/base/error.h"
#include "common/io/file.h"
#include "tests/support/slow_source.h"

namespace pipeline {
namespace {

using test::SlowSource;

std::string deflated(std::string_view text) {
  TextSink compressed;
  GzipSink sink(compressed);
  sink.write(text);
  sink.finish();
  return compressed.text();
}

std::string inflated(std::string_view compressed, std::size_t piece_bytes = 1U << 20U,
                     const InflateLimits& limits = {}) {
  SlowSource pieces(compressed, piece_bytes);
  GzipSource source(pieces, limits);
  return read_all(source);
}

/// The message of the Error, or "accepted".
std::string refusal_of(std::string_view compressed, std::size_t piece_bytes = 1U << 20U) {
  try {
    inflated(compressed, piece_bytes);
    return "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::dump_corrupt) << error.what();
    return error.message();
  }
}

std::string sample_text() {
  std::string text;
  for (int line = 0; line < 20'000; ++line) text += std::to_string(line * 7919) + " 東京\n";
  return text;
}

TEST(Gzip, GivesBackWhatWasDeflated) {
  const std::string text = sample_text();
  EXPECT_EQ(inflated(deflated(text)), text);
  EXPECT_EQ(inflated(deflated("")), "");
}

// What zlib wrote, ISA-L reads: stored, fixed and dynamic blocks, buffers of every size.
TEST(Gzip, GivesBackWhatWasDeflatedAtEveryLevelAndBufferSize) {
  std::mt19937 dice(20261121);
  for (int level = 0; level <= 9; ++level) {
    for (const std::size_t bytes : {0U, 1U, 2U, 1'000U, 70'000U, 300'000U}) {
      std::string text = sample_text().substr(0, bytes);
      for (std::size_t at = 0; at < text.size(); at += 1 + dice() % (level % 2 == 0 ? 3 : 3'000)) {
        text[at] = static_cast<char>(dice() % 256);
      }
      TextSink compressed;
      GzipSink sink(compressed, level);
      sink.write(text);
      sink.finish();
      SlowSource pieces(compressed.text(), 1 + dice() % 5'000);
      GzipSource source(pieces);
      std::string back;
      std::vector<char> buffer(1 + dice() % 90'000);
      while (const std::size_t count = source.read(buffer)) back.append(buffer.data(), count);
      EXPECT_TRUE(back == text) << "level " << level << ", " << bytes << " bytes, buffer of "
                                << buffer.size();
    }
  }
}

TEST(Gzip, ReadsAllMembersWhereverTheInputIsCut) {
  const std::string both = deflated("first ") + deflated("") + deflated("second");
  for (std::size_t piece = 1; piece <= 64; ++piece) {
    SCOPED_TRACE(piece);
    EXPECT_EQ(inflated(both, piece), "first second");
  }
}

/// A member of deflated("...") whose header has these fields too (RFC 1952, 2.3).
std::string with_header(const std::string& member, const std::string& extra,
                        const std::string& name, const std::string& comment, bool with_crc) {
  unsigned flags = 0;
  std::string fields;
  if (!extra.empty()) {
    flags |= 4U;
    fields += static_cast<char>(extra.size() % 256);
    fields += static_cast<char>(extra.size() / 256);
    fields += extra;
  }
  for (const auto& [text, flag] : {std::pair(name, 8U), std::pair(comment, 16U)}) {
    if (text.empty()) continue;
    flags |= flag;
    fields += text + '\0';
  }
  if (with_crc) flags |= 2U;
  std::string header = member.substr(0, 10);
  header[3] = static_cast<char>(flags);
  header += fields;
  if (with_crc) {
    std::uint32_t crc = 0xFFFFFFFFU;  // RFC 1952, 8, bit by bit
    for (const char byte : header) {
      crc ^= static_cast<unsigned char>(byte);
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
    }
    crc = ~crc;
    header += static_cast<char>(crc & 0xFFU);
    header += static_cast<char>((crc >> 8U) & 0xFFU);
  }
  return header + member.substr(10);
}

// As `gzip FILE` (a name), bgzip (an extra field in each member) and others write them.
TEST(Gzip, ReadsHeadersOfEveryFormWhereverTheInputIsCut) {
  for (const std::string extra : {"", "BC\x02\x01xx"}) {
    for (const std::string name : {"", "dump of the day.sql"}) {
      for (const std::string comment : {"", "made by night"}) {
        for (const bool with_crc : {false, true}) {
          const std::string both = with_header(deflated("first "), extra, name, comment, with_crc) +
                                   with_header(deflated("second"), extra, name, comment, with_crc);
          for (std::size_t piece = 1; piece <= both.size(); ++piece) {
            ASSERT_EQ(inflated(both, piece), "first second")
                << "extra " << extra.size() << ", name " << name << ", comment " << comment
                << ", crc " << with_crc << ", pieces of " << piece;
          }
          if (!with_crc) continue;
          std::string damaged = both;
          damaged[4] = static_cast<char>(damaged[4] ^ 1);
          EXPECT_THAT(refusal_of(damaged), testing::HasSubstr("damaged"));
        }
      }
    }
  }
}

TEST(Gzip, RefusesFlagsThatNobodyKnows) {
  std::string whole = deflated("rows");
  whole[3] = 0x20;
  EXPECT_THAT(refusal_of(whole), testing::HasSubstr("unknown header flags"));
}

TEST(Gzip, AcceptsZerosAfterTheEndAndRefusesJunk) {
  const std::string whole = deflated("rows");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}}) {
    EXPECT_EQ(inflated(whole + std::string(600, '\0'), piece), "rows");
    EXPECT_THAT(refusal_of(whole + "junk", piece), testing::HasSubstr("junk after the end"));
    EXPECT_THAT(refusal_of(whole + std::string(3, '\0') + "x", piece),
                testing::HasSubstr("junk after the end"));
    EXPECT_THAT(refusal_of(whole + std::string(3, '\0') + whole, piece),
                testing::HasSubstr("junk after the end"));
  }
}

TEST(Gzip, RefusesEveryTruncation) {
  const std::string whole = deflated(sample_text().substr(0, 2000));
  EXPECT_THAT(refusal_of(""), testing::HasSubstr("empty"));
  for (std::size_t bytes = 1; bytes < whole.size(); ++bytes) {
    SCOPED_TRACE(bytes);
    EXPECT_EQ(refusal_of(whole.substr(0, bytes)),
              "gzip ends early at compressed byte " + std::to_string(bytes));
  }
}

// The bits that fill up the last byte of the deflate stream carry nothing; every other one counts.
TEST(Gzip, AFlippedBitNeverGivesOtherBytes) {
  const std::string text = sample_text().substr(0, 500);
  const std::string whole = deflated(text);
  constexpr std::size_t header_bytes = 10;
  constexpr int padding_bits_max = 7;
  int accepted = 0;
  for (std::size_t byte = header_bytes; byte < whole.size(); ++byte) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string damaged = whole;
      damaged[byte] = static_cast<char>(static_cast<unsigned char>(damaged[byte]) ^ (1U << bit));
      if (refusal_of(damaged) != "accepted") continue;
      ++accepted;
      EXPECT_EQ(inflated(damaged), text) << "byte " << byte << " bit " << bit;
    }
  }
  EXPECT_LE(accepted, padding_bits_max);
}

TEST(Gzip, SaysWhenTheObjectIsNoGzipAtAll) {
  EXPECT_THAT(refusal_of("-- MariaDB dump 10.19\n"), testing::HasSubstr("the object is not gzip"));
}

TEST(Gzip, RefusesABombInConstantMemory) {
  TextSink compressed;
  GzipSink sink(compressed, 9);
  const std::string zeros(1U << 20U, '\0');
  for (int megabyte = 0; megabyte < 32; ++megabyte) sink.write(zeros);
  sink.finish();
  const auto kind_of = [&](const InflateLimits& limits) {
    SlowSource pieces(compressed.text(), 4096);
    GzipSource source(pieces, limits);
    std::vector<char> buffer(4096);
    try {
      while (source.read(buffer) > 0) {
      }
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::internal;
  };
  EXPECT_EQ(kind_of({.inflated_bytes_max = 10U << 20U}), ErrorKind::resource_exhausted);
  EXPECT_EQ(kind_of({.ratio_counts_from_bytes = 16U << 20U}), ErrorKind::resource_exhausted);
  EXPECT_EQ(kind_of({}), ErrorKind::internal) << "a small dense stream is no bomb";
}

TEST(Gzip, WithoutFinishTheMemberIsIncomplete) {
  TextSink compressed;
  GzipSink sink(compressed);
  sink.write("rows");
  EXPECT_NE(refusal_of(compressed.text()), "accepted");
}

}  // namespace
}  // namespace pipeline
