// Dumps that mean harm: each NAME.sql beside this file is read as MariaDB and as MySQL would read
// it, and NAME.expected holds what comes of it: a refusal by kind, line and byte, or tables and
// literals alone, which is all that a loader ever gets to see.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/io/file.h"
#include "tests/golden/dump/dump_events.h"
#include "tests/support/golden.h"
#include "tests/support/slow_source.h"

namespace pipeline::dump {
namespace {

const std::string folder = PIPELINE_SOURCE_DIR "/tests/golden/hostile/";
constexpr Dialect mariadb{Dialect::Family::mariadb, 101119};
constexpr Dialect mysql{Dialect::Family::mysql, 80036};

std::string events_in_pieces(std::string_view dump, std::size_t buffer_bytes, Dialect dialect) {
  test::SlowSource pieces(dump, buffer_bytes);
  test::SlowSource again(dump, buffer_bytes);
  return events_of(pieces, {.dialect = dialect, .buffer_bytes = buffer_bytes}, &again);
}

std::string readings(std::string_view dump, std::size_t buffer_bytes) {
  const std::string by_mariadb = events_in_pieces(dump, buffer_bytes, mariadb);
  const std::string by_mysql = events_in_pieces(dump, buffer_bytes, mysql);
  if (by_mariadb == by_mysql) return "read by both\n" + by_mariadb;
  return "read by MariaDB\n" + by_mariadb + "read by MySQL\n" + by_mysql;
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".sql") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

class HostileDump : public testing::TestWithParam<std::string> {};

TEST_P(HostileDump, IsRefusedWithItsPlaceOrComesToTablesAndLiteralsInBothDialects) {
  const std::string dump = read_file(folder + GetParam() + ".sql");
  constexpr std::size_t at_once = 1U << 20U;
  const std::string whole = readings(dump, at_once);
  EXPECT_TRUE(test::equals_golden(whole, folder + GetParam() + ".expected"));
  for (const std::size_t bytes : {1U, 2U, 3U, 5U, 64U}) {
    ASSERT_EQ(readings(dump, bytes), whole) << "at a buffer of " << bytes << " bytes";
  }
}

INSTANTIATE_TEST_SUITE_P(Dumps, HostileDump, testing::ValuesIn(case_names()),
                         [](const auto& one) { return one.param; });

// The text of a definition is the only text of a dump that a server ever gets as SQL.
TEST(HostileDumps, AreEightyAtLeastAndLeaveNothingInADefinitionThatReachesOutside) {
  const auto names = case_names();
  EXPECT_GE(names.size(), 80U);
  std::size_t refused = 0;
  for (const auto& name : names) {
    SCOPED_TRACE(name);
    const std::string dump = read_file(folder + name + ".sql");
    for (const Dialect dialect : {mariadb, mysql}) {
      const std::string events = events_in_pieces(dump, dump.size() + 1, dialect);
      const auto lines = split(trim(events), '\n');
      if (lines.back().starts_with("Pipeline.Dump")) {
        ++refused;
        EXPECT_NE(lines.back().find(": line "), std::string::npos) << lines.back();
        EXPECT_NE(lines.back().find(", byte "), std::string::npos) << lines.back();
      } else {
        EXPECT_TRUE(lines.back().starts_with("end, ")) << lines.back();
      }
      for (const auto& line : lines) {
        if (!line.starts_with("  body ")) continue;
        for (const std::string_view word :
             {"sleep", "get_lock", "load_file", "select", "directory", "federated", "connect",
              "silver", "victim", "nextval", "/*", "@", ";"}) {
          EXPECT_EQ(to_lower(line).find(word), std::string::npos) << line;
        }
      }
    }
  }
  EXPECT_GE(refused, names.size()) << "most are refused in both dialects";
}

TEST(HostileDumps, ATableOfMoreThan4096ColumnsIsRefused) {
  std::string columns = "`c0` int";
  for (int column = 1; column < 65'536; ++column) columns += fmt::format(",`c{}` int", column);
  const std::string events = readings("CREATE TABLE `h` (" + columns + ");\n", 1U << 20U);
  EXPECT_EQ(events,
            "read by both\nPipeline.DumpRefused: line 1, byte 0: the dump has the table h with "
            "more than 4096 columns\n");
}

TEST(HostileDumps, AMillionParenthesesAreReadWithoutAStackOfThem) {
  constexpr std::size_t depth = 400'000;
  const std::string deep = std::string(depth, '(') + "1" + std::string(depth, ')');
  const std::string refused = readings("INSERT INTO `t` VALUES " + deep + ";\n", 1U << 20U);
  EXPECT_EQ(refused.find("read by both\nPipeline.DumpRefused: line 1, byte 0"), 0U) << refused;
  const std::string read =
      readings("CREATE TABLE `h` (`id` int DEFAULT " + deep + ");\n-- Dump completed\n", 1U << 20U);
  EXPECT_NE(read.find("end, "), std::string::npos) << read.substr(0, 200);
}

}  // namespace
}  // namespace pipeline::dump
