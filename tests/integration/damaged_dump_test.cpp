// No damaged copy of a dump is taken for another dump than the whole one: not if it is cut in
// gzip's trailer or at any of 60 other places (of 500 with PIPELINE_FAULTS=all), nor if one bit is
// flipped, each of gzip's header and trailer and 60 (500) of what lies between them.
//
// A copy is judged by the reading of a load: inflated, read, planned, encoded. What a load would
// send to the server is hashed, so a copy that is taken although a bit of it was flipped (gzip's
// header has bits that carry nothing) is shown to be the same dump. Some of them go through the
// real program and a server too, where each must end as the reading said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/io/file.h"
#include "common/io/gzip.h"
#include "stages/staging/dump/dump_reader.h"
#include "stages/staging/load/load_statement.h"
#include "tests/integration/bad_warehouse.h"

namespace pipeline {
namespace {

using testing::IsEmpty;

/// Damaged where chance says: as many as ./dev test has time for, or all.
const std::size_t copies = [] {
  const char* faults = std::getenv("PIPELINE_FAULTS");
  return faults != nullptr && std::string_view(faults) == "all" ? std::size_t{500}
                                                                : std::size_t{60};
}();
constexpr std::size_t copies_for_the_program = 20;
constexpr std::size_t gzip_header_bits = 80;   // RFC 1952, 2.3: ten bytes
constexpr std::size_t gzip_trailer_bytes = 8;  // check sum and length

/// So small that damaged text is read before gzip's check sum tells of it, as in a large dump.
constexpr std::size_t buffer_bytes = 16U << 10U;

const std::string incoming = "store/dumps/gghouse_20260202.sql.gz";

std::uint64_t seed() {
  const char* given = std::getenv("DAMAGED_DUMP_SEED");
  return given == nullptr ? 20260202 : std::strtoull(given, nullptr, 10);
}

/// A dump of many tables as the source's mariadb-dump would write it.
const std::string& whole() {
  static const std::string bytes = [] {
    const auto made = test::run_program(
        {.argv = {std::string(PIPELINE_BIN_DIR) + "/make_source", "--dump", "--scale", "0.0005",
                  "--seed", "7", "--day", "2", "--date", "2026-02-02", "--tables",
                  "apartments,rooms,m_nationalities,tenants,currency,gmo_order_numbers,"
                  "Fundhing_Request,schema_migrations"}});
    if (!made.ok()) throw std::runtime_error(made.text());
    return gzipped(made.out);
  }();
  return bytes;
}

/// Takes what a load would do with the dump into a hash.
class Picture {
 public:
  void add(const dump::TableBegins& table) {
    definitions_[table.definition.name] = table.definition;
    ++tables;
    add(table.definition.name);
    add(table.definition.body);
    add(table.settings);
  }
  void add(const dump::RowsBegin& begin, dump::DumpReader& reader) {
    const RowPlan plan = plan_rows(definitions_.at(begin.table), begin, "staging__next");
    add(plan.statement);
    add(begin.settings);
    std::string text;
    while (const auto row = reader.next_row()) {
      text.clear();
      encode_row(*row, plan.carriers, text);
      add(text);
      ++rows;
    }
  }
  std::string finish() { return hash_.finish(); }

  std::uint64_t rows = 0;
  std::uint64_t tables = 0;

 private:
  void add(std::string_view text) {
    hash_.update(fmt::format("{}:", text.size()));
    hash_.update(text);
  }
  void add(const dump::SessionSettings& settings) {
    for (const auto& text :
         {settings.charset, settings.connection_charset, settings.connection_collation,
          settings.time_zone.value_or("-"), settings.sql_mode.value_or("-")}) {
      add(std::string_view(text));
    }
  }

  Sha256 hash_;
  std::map<std::string, dump::TableDefinition> definitions_;
};

struct Judged {
  std::string picture;  // empty: refused
  std::string refused_as;
  std::uint64_t rows = 0;
  std::uint64_t tables = 0;
};

/// The message without what differs from copy to copy.
std::string kind_of_refusal(const Error& error) {
  std::string message(error.message());
  for (char& byte : message) {
    if (byte >= '0' && byte <= '9') byte = '#';
  }
  return std::string(error.name()) + ": " + head(message, 60);
}

Judged judge(std::string_view bytes) {
  Judged judged;
  Picture picture;
  try {
    TextSource source(bytes);
    GzipSource text(source);
    dump::DumpReader reader(text, {.dialect = {}, .buffer_bytes = buffer_bytes});
    for (bool ended = false; !ended;) {
      const dump::Event event = reader.next();
      if (const auto* table = std::get_if<dump::TableBegins>(&event)) picture.add(*table);
      if (const auto* rows = std::get_if<dump::RowsBegin>(&event)) picture.add(*rows, reader);
      ended = std::holds_alternative<dump::DumpEnds>(event);
    }
    judged.picture = picture.finish();
  } catch (const Error& error) {
    const bool of_the_dump =
        error.kind() == ErrorKind::dump_corrupt || error.kind() == ErrorKind::dump_refused;
    EXPECT_TRUE(of_the_dump) << error.what();
    judged.refused_as = kind_of_refusal(error);
  }
  judged.rows = picture.rows;
  judged.tables = picture.tables;
  return judged;
}

std::string flipped(std::string bytes, std::size_t bit) {
  bytes[bit / 8] =
      static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) ^ (1U << (bit % 8)));
  return bytes;
}

/// `first`, and behind it so many other numbers below `end`.
std::vector<std::size_t> with_drawn(std::size_t others, std::vector<std::size_t> first,
                                    std::size_t end) {
  const std::size_t count = first.size() + others;
  std::mt19937_64 random(seed());
  std::uniform_int_distribution<std::size_t> any(0, end - 1);
  std::set<std::size_t> taken(first.begin(), first.end());
  while (first.size() < count) {
    const std::size_t number = any(random);
    if (taken.insert(number).second) first.push_back(number);
  }
  return first;
}

/// The lengths to cut to: each of the trailer's, then others.
std::vector<std::size_t> cuts() {
  std::vector<std::size_t> first;
  for (std::size_t lost = 1; lost <= gzip_trailer_bytes; ++lost) {
    first.push_back(whole().size() - lost);
  }
  return with_drawn(copies, first, whole().size());
}

bool is_of_the_body(std::size_t bit) {
  return bit >= gzip_header_bits && bit < (whole().size() - gzip_trailer_bytes) * 8;
}

/// The bits to flip: each of the header's, each of the trailer's, then others.
std::vector<std::size_t> flips() {
  std::vector<std::size_t> first;
  const std::size_t bits = whole().size() * 8;
  for (std::size_t bit = 0; bit < gzip_header_bits; ++bit) first.push_back(bit);
  for (std::size_t bit = bits - gzip_trailer_bytes * 8; bit < bits; ++bit) first.push_back(bit);
  return with_drawn(copies, first, bits);
}

void tell(std::string_view what, const std::map<std::string, int>& outcomes) {
  int judged = 0;
  for (const auto& [outcome, count] : outcomes) judged += count;
  std::cout << fmt::format("DAMAGED_DUMP_SEED={}: {} bytes, {} {}\n", seed(), whole().size(),
                           judged, what);
  for (const auto& [outcome, count] : outcomes) {
    std::cout << fmt::format("  {:4} {}\n", count, outcome);
  }
}

TEST(DamagedDump, TheWholeOneIsTaken) {
  const Judged judged = judge(whole());
  EXPECT_THAT(judged.refused_as, IsEmpty());
  EXPECT_EQ(judged.tables, 8U);
  EXPECT_GT(judged.rows, 400U);
}

TEST(DamagedDump, OfCutOnesNoneIsTaken) {
  std::map<std::string, int> outcomes;
  for (const std::size_t bytes : cuts()) {
    const Judged judged = judge(std::string_view(whole()).substr(0, bytes));
    EXPECT_THAT(judged.picture, IsEmpty()) << "cut to " << bytes << ", seed " << seed();
    ++outcomes[judged.refused_as];
  }
  tell("cut copies", outcomes);
}

TEST(DamagedDump, OfThoseWithAFlippedBitNoneIsTakenForAnotherDump) {
  const Judged undamaged = judge(whole());
  std::map<std::string, int> outcomes;
  int unchanged = 0;
  for (const std::size_t bit : flips()) {
    const Judged judged = judge(flipped(whole(), bit));
    if (judged.picture.empty()) {
      ++outcomes[judged.refused_as];
      continue;
    }
    EXPECT_EQ(judged.picture, undamaged.picture) << "bit " << bit << ", seed " << seed();
    EXPECT_EQ(judged.rows, undamaged.rows);
    EXPECT_EQ(judged.tables, undamaged.tables);
    ++unchanged;
    ++outcomes["taken, and equal in every definition and row"];
  }
  tell("copies with a flipped bit", outcomes);
  EXPECT_EQ(std::ranges::count_if(flips(), is_of_the_body), copies);
  EXPECT_GE(unchanged, 1) << "the time in gzip's header carries nothing";
}

class DamagedDumpAtTheProgram : public BadWarehouseTest {
 protected:
  /// Loads `bytes` as the second day; what the program does must be what the reading says.
  Said expect_as_judged(const std::string& bytes) {
    house_.write(incoming, bytes);
    const Judged judged = judge(bytes);
    const std::string before = warehouse_.picture();
    Said said = house_.run(start_of("staging_loader", {"load", "--business-date", "2026-02-02"}));
    if (judged.picture.empty()) {
      EXPECT_EQ(said.program.exit_code, 14) << judged.refused_as << "\n" << said.text();
      EXPECT_EQ(warehouse_.picture(), before) << said.text();
    } else {
      EXPECT_TRUE(said.program.ok()) << said.text();
    }
    return said;
  }
  std::string checksum_of_staging() {
    std::string text;
    for (const auto& row : warehouse_.root().query("SHOW TABLES FROM staging").rows) {
      if (row[0] == "pipeline_marker") continue;
      const auto sum = warehouse_.root().query("CHECKSUM TABLE staging.`" + *row[0] + "`");
      text += *row[0] + " " + sum.rows.at(0).at(1).value_or("") + "\n";
    }
    return text;
  }
};

TEST_F(DamagedDumpAtTheProgram, CutOnesAreRefusedAndPublishNothing) {
  const auto lengths = cuts();
  for (std::size_t i = 0; i < copies_for_the_program; ++i) {
    // Some of the trailer's, and some from all over the dump.
    const std::size_t bytes = i < 4 ? lengths[2 * i] : lengths[lengths.size() - i];
    SCOPED_TRACE(bytes);
    EXPECT_EQ(expect_as_judged(whole().substr(0, bytes)).program.exit_code, 14);
  }
}

TEST_F(DamagedDumpAtTheProgram, FlippedOnesAreRefusedOrTheSameDump) {
  const auto bits = flips();
  for (std::size_t i = 0; i < copies_for_the_program - 1; ++i) {
    // Some of gzip's identification and of the trailer, and some from all over what lies between.
    const std::size_t bit = i < 4   ? 7 * i
                            : i < 8 ? bits[gzip_header_bits + 16 * (i - 4)]
                                    : bits[bits.size() - i];
    SCOPED_TRACE(bit);
    EXPECT_EQ(is_of_the_body(bit), i >= 8);
    EXPECT_EQ(expect_as_judged(flipped(whole(), bit)).program.exit_code, 14);
  }
  constexpr std::size_t bit_of_time = 37;
  EXPECT_TRUE(expect_as_judged(flipped(whole(), bit_of_time)).program.ok());
  const std::string of_the_flipped = checksum_of_staging();
  warehouse_.reset();
  EXPECT_TRUE(expect_as_judged(whole()).program.ok());
  EXPECT_EQ(checksum_of_staging(), of_the_flipped);
  EXPECT_THAT(of_the_flipped, testing::HasSubstr("apartments"));
}

}  // namespace
}  // namespace pipeline
