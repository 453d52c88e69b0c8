// Documents below target/ are replaced whole, and what is kept for them has a bound.
#include "stages/transform/run/artifacts.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "common/io/file.h"
#include "tests/support/temp_dir.h"

namespace pipeline::dbt {
namespace {

namespace fs = std::filesystem;

std::size_t files_in(const std::string& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(Artifacts, AreReplacedByWhatTheLastOneWroteWhole) {
  const test::TempDir dir;
  Artifacts artifacts(dir.file("target"));
  for (const char* text : {"longer than the next", "short"}) {
    artifacts.replace("manifest.json", [&](const WriteText& write) {
      for (const char* piece : {"[", text, "]"}) write(piece);
    });
    EXPECT_EQ(read_file(dir.file("target/manifest.json")), "[" + std::string(text) + "]");
  }
  EXPECT_EQ(files_in(dir.file("target")), 1u);
}

TEST(Artifacts, KeepTheOldDocumentIfTheNewOneFailsHalfway) {
  const test::TempDir dir;
  Artifacts artifacts(dir.file("target"));
  artifacts.replace("manifest.json", [](const WriteText& write) { write("old"); });
  const auto fail_halfway = [](const WriteText& write) {
    write(std::string(1 << 20, 'x'));
    throw Error(ErrorKind::internal, "no more");
  };
  EXPECT_THROW(artifacts.replace_or_throw("manifest.json", fail_halfway), Error);
  EXPECT_EQ(read_file(dir.file("target/manifest.json")), "old");
  EXPECT_EQ(files_in(dir.file("target")), 1u) << "nothing half-written may stay";
}

TEST(Artifacts, LetGoOfCompiledTextsAboveTheBound) {
  Artifacts artifacts("target");
  std::string most(kept_code_bytes_max - 10, 's');
  std::string too_much(11, 's');
  std::string last(10, 's');
  std::string above(1, 's');
  for (std::string* code : {&most, &too_much, &last, &above}) artifacts.bound(*code);
  EXPECT_EQ(most.size(), kept_code_bytes_max - 10);
  EXPECT_EQ(too_much, "");
  EXPECT_EQ(last.size(), 10u) << "what still fits is kept";
  EXPECT_EQ(above, "");
}

}  // namespace
}  // namespace pipeline::dbt
