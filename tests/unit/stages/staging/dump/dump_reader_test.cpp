// What the dump reader promises about cut, damaged and endless dumps.
#include "stages/staging/dump/dump_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "common/io/file.h"
#include "tests/support/slow_source.h"

namespace pipeline::dump {
namespace {

constexpr std::string_view small_dump =
    "-- a dump\n"
    "/*!40101 SET NAMES utf8mb4 */;\n"
    "CREATE TABLE `t` (`id` int, `b` text /* c */);\n"
    "LOCK TABLES `t` WRITE;\n"
    "INSERT INTO `t` VALUES (1,'a\\'b'),\n(2,NULL);\n"
    "INSERT INTO `t` VALUES (3,'c;');\n"
    "UNLOCK TABLES;\n"
    "-- Dump completed on 2026-02-01  5:30:12\n";

struct Outcome {
  enum class Kind { whole, corrupt, refused } kind = Kind::whole;
  std::uint64_t rows = 0;
};

Outcome read(std::string_view text) {
  Outcome outcome;
  try {
    TextSource source(text);
    DumpReader reader(source, {});
    while (!std::holds_alternative<DumpEnds>(reader.next())) {
      while (reader.next_row()) ++outcome.rows;
    }
  } catch (const Error& error) {
    outcome.kind =
        error.kind() == ErrorKind::dump_corrupt ? Outcome::Kind::corrupt : Outcome::Kind::refused;
  }
  return outcome;
}

TEST(DumpReader, CountsTheRowsOfSeveralStatements) {
  const Outcome outcome = read(small_dump);
  EXPECT_EQ(outcome.kind, Outcome::Kind::whole);
  EXPECT_EQ(outcome.rows, 3U);
}

TEST(DumpReader, NeverTakesACutDumpForAWholeOne) {
  const auto completed =
      small_dump.find("-- Dump completed") + std::string_view("-- Dump completed").size();
  for (std::size_t bytes = 0; bytes < completed; ++bytes) {
    EXPECT_EQ(read(small_dump.substr(0, bytes)).kind, Outcome::Kind::corrupt)
        << "cut at byte " << bytes;
  }
}

TEST(DumpReader, RefusesNamesThatNoTableOrColumnCanHave) {
  const auto with = [](std::string_view name) {
    return std::string("-- a dump\nCREATE TABLE ") + std::string(name) +
           ";\n-- Dump completed on 2026-02-01  5:30:12\n";
  };
  const std::string letters(64, 'n');
  for (const std::string& name :
       {std::string("`` (`id` int)"), std::string("`t` (`` int)"), "`" + letters + "n` (`id` int)",
        "`t` (`" + letters + "n` int)", "`t` (`a" + std::string(1, '\0') + "` int)"}) {
    EXPECT_EQ(read(with(name)).kind, Outcome::Kind::refused) << name;
  }
  EXPECT_EQ(read(with("`" + letters + "` (`" + letters + "` int)")).kind, Outcome::Kind::whole);
}

TEST(DumpReader, PassesOverRowsThatNobodyTakesButChecksThem) {
  TextSource source(small_dump);
  DumpReader reader(source, {});
  EXPECT_TRUE(std::holds_alternative<TableBegins>(reader.next()));
  EXPECT_TRUE(std::holds_alternative<RowsBegin>(reader.next()));
  EXPECT_TRUE(std::holds_alternative<DumpEnds>(reader.next()));
}

TEST(DumpReader, HoldsOneRowAndNotTheStatement) {
  // 64 MB of rows through a buffer of 4 kB.
  class ManyRows : public ByteSource {
   public:
    std::size_t read(std::span<char> buffer) override {
      largest = std::max(largest, buffer.size());
      if (rest_.empty()) rest_ = next_text();
      const std::size_t count = std::min(buffer.size(), rest_.size());
      std::copy_n(rest_.begin(), count, buffer.begin());
      rest_.remove_prefix(count);
      return count;
    }
    std::size_t largest = 0;

   private:
    std::string_view next_text() {
      if (rows_ == 0) return ++rows_, "CREATE TABLE t (a text);INSERT INTO t VALUES ('first')";
      if (rows_ < 640'000) return ++rows_, row_;
      return rows_++ == 640'000 ? ";\n-- Dump completed\n" : "";
    }
    std::string row_ = ",('" + std::string(95, 'x') + "')";
    std::string_view rest_;
    std::uint64_t rows_ = 0;
  } source;
  DumpReader reader(source, {.buffer_bytes = 4096});
  std::uint64_t rows = 0;
  while (!std::holds_alternative<DumpEnds>(reader.next())) {
    while (reader.next_row()) ++rows;
  }
  EXPECT_EQ(rows, 640'000U);
  EXPECT_LE(source.largest, 8192U);
}

/// What a dump came to, in one line; the reader's pieces must not matter.
std::string digest_of_events(std::string_view text, std::size_t piece_bytes) {
  std::string digest;
  try {
    test::SlowSource pieces(text, piece_bytes);
    DumpReader reader(pieces, {.dialect = {}, .buffer_bytes = piece_bytes});
    for (;;) {
      const Event event = reader.next();
      digest += std::to_string(event.index());
      if (const auto* table = std::get_if<TableBegins>(&event)) digest += table->definition.body;
      while (const auto row = reader.next_row()) {
        for (const auto& field : *row) {
          digest += std::to_string(static_cast<int>(field.kind)).append(field.body) + ",";
        }
      }
      if (std::holds_alternative<DumpEnds>(event)) return digest;
    }
  } catch (const Error& error) {
    return digest + error.what();
  }
}

TEST(DumpReader, AnyDamageGivesTheSameAnswerWhereverThePiecesEndAndNeverMoreThanAnError) {
  constexpr std::string_view likely = "'\"`\\;,()/*!-#\n\0 Mx09N";
  std::mt19937 random(20260201);
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  int whole = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string damaged(small_dump);
    const std::size_t changes = 1 + below(3);
    for (std::size_t change = 0; change < changes; ++change) {
      const std::size_t at = below(damaged.size());
      switch (below(4)) {
        case 0:
          damaged[at] = likely[below(likely.size())];
          break;
        case 1:
          damaged.insert(at, 1, likely[below(likely.size())]);
          break;
        case 2:
          damaged.erase(at, 1 + below(8));
          break;
        default:
          damaged[at] = static_cast<char>(below(256));
      }
    }
    const std::string expected = digest_of_events(damaged, 4096);
    ASSERT_EQ(digest_of_events(damaged, 1 + below(16)), expected) << "round " << round;
    if (expected.find("line ") == std::string::npos) ++whole;
  }
  EXPECT_GT(whole, 0) << "some damage is only to comments and values";
  EXPECT_LT(whole, 3000);
}

TEST(DumpReader, ErrorsCarryLineAndByte) {
  TextSource source("CREATE TABLE t (a int);\nGRANT x;");
  DumpReader reader(source, {});
  reader.next();
  try {
    reader.next();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::dump_refused);
    EXPECT_EQ(error.context_value("line"), "2");
    EXPECT_EQ(error.context_value("byte"), "24");
  }
}

}  // namespace
}  // namespace pipeline::dump
