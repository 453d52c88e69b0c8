#include "tests/support/golden.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/base/text.h"
#include "tests/support/temp_dir.h"

namespace pipeline::test {
namespace {

::testing::AssertionResult rewrite(std::string_view actual, const std::string& file) {
  std::filesystem::create_directories(std::filesystem::path(file).parent_path());
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(actual.data(), static_cast<std::streamsize>(actual.size()));
  out.close();
  if (!out) return ::testing::AssertionFailure() << "cannot write " << file;
  return ::testing::AssertionSuccess();
}

std::string line_at(const std::vector<std::string>& lines, std::size_t index) {
  return index < lines.size() ? "\"" + lines[index] + "\"" : "(end of text)";
}

}  // namespace

::testing::AssertionResult equals_golden(std::string_view actual,
                                         const std::string& expected_file) {
  if (const char* update = std::getenv("PIPELINE_UPDATE_GOLDEN");
      update != nullptr && std::string_view(update) == "1") {
    return rewrite(actual, expected_file);
  }
  if (!std::filesystem::exists(expected_file)) {
    return ::testing::AssertionFailure()
           << expected_file << " does not exist; PIPELINE_UPDATE_GOLDEN=1 writes it";
  }
  const std::string expected = read_text_file(expected_file);
  if (expected == actual) return ::testing::AssertionSuccess();
  const auto expected_lines = split(expected, '\n');
  const auto actual_lines = split(actual, '\n');
  std::size_t index = 0;
  while (index < std::min(expected_lines.size(), actual_lines.size()) &&
         expected_lines[index] == actual_lines[index]) {
    ++index;
  }
  return ::testing::AssertionFailure()
         << expected_file << ":" << index + 1 << ": expected " << line_at(expected_lines, index)
         << ", got " << line_at(actual_lines, index)
         << "; PIPELINE_UPDATE_GOLDEN=1 accepts the new text";
}

}  // namespace pipeline::test
