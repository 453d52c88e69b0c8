// Each NAME.sql beside this file is read at every buffer size from 1 to 64 bytes and gives the
// events of NAME.expected, an error included. PIPELINE_UPDATE_GOLDEN=1 writes the expected files
// anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "common/io/file.h"
#include "tests/golden/dump/dump_events.h"
#include "tests/support/slow_source.h"

namespace pipeline::dump {
namespace {

const std::string folder = PIPELINE_SOURCE_DIR "/tests/golden/dump/";

std::string events_in_pieces(std::string_view dump, std::size_t buffer_bytes, Dialect dialect) {
  test::SlowSource pieces(dump, buffer_bytes);
  test::SlowSource again(dump, buffer_bytes);
  return events_of(pieces, {.dialect = dialect, .buffer_bytes = buffer_bytes}, &again);
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".sql") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class DumpGolden : public testing::TestWithParam<std::string> {};

TEST_P(DumpGolden, GivesTheSameEventsAtEveryBufferSize) {
  const std::string dump = read_file(folder + GetParam() + ".sql");
  const std::string expected_path = folder + GetParam() + ".expected";
  const Dialect dialect = GetParam().starts_with("mysql")
                              ? Dialect{Dialect::Family::mysql, 80036}
                              : Dialect{Dialect::Family::mariadb, 101119};
  const std::string whole = events_in_pieces(dump, 1U << 20U, dialect);
  if (std::getenv("PIPELINE_UPDATE_GOLDEN") != nullptr) replace_file(expected_path, whole);
  EXPECT_EQ(whole, read_file_if_present(expected_path).value_or("(no such file)"));
  for (std::size_t bytes = 1; bytes <= 64; ++bytes) {
    ASSERT_EQ(events_in_pieces(dump, bytes, dialect), whole)
        << "at a buffer of " << bytes << " bytes";
  }
}

INSTANTIATE_TEST_SUITE_P(Dumps, DumpGolden, testing::ValuesIn(case_names()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace pipeline::dump
