// Compares a text with the file that says what it should be.
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace pipeline::test {

/// Success if `actual` equals the file, byte by byte; otherwise a failure that shows the first line
/// that differs. With PIPELINE_UPDATE_GOLDEN=1 in the environment it writes the file and succeeds.
/// Use: EXPECT_TRUE(equals_golden(text, PIPELINE_SOURCE_DIR "/tests/golden/report/one_run.json"));
::testing::AssertionResult equals_golden(std::string_view actual, const std::string& expected_file);

}  // namespace pipeline::test
