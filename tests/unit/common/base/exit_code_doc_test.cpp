// docs/reference/exit-codes.md is made from the table in the code.
#include <gtest/gtest.h>

#include <fmt/core.h>

#include "common/base/exit_code.h"
#include "tests/support/golden.h"

namespace pipeline {
namespace {

TEST(ExitCodes, StandInTheDocumentsAsInTheCode) {
  std::string page =
      "# Exit codes and error names\n\n"
      "Every program ends with one of these codes; the name stands in the log, in the result file "
      "and\n"
      "in the run history, and is what `ErrorEquals` of a state machine matches. \"Retried\" is "
      "what the\n"
      "bundled state machine does; an imported one retries as it says itself. This page is made "
      "from\n"
      "the table in `common/base/exit_code.cpp` (`PIPELINE_UPDATE_GOLDEN=1 ./dev test -R "
      "ExitCodes`).\n\n"
      "| exit | name | retried | meaning |\n| --- | --- | --- | --- |\n| 0 | | | Success. |\n";
  for (const auto& entry : error_kinds()) {
    page += fmt::format("| {} | {} | {} | {} |\n", entry.exit_code, entry.name,
                        entry.retryable == Retryable::yes ? "yes" : "no", entry.meaning);
  }
  page +=
      "\nOnly the engine raises `States.*` names (`States.Timeout` ends a run with 20). A stage "
      "that a\n"
      "signal ended is `Process.Signal.NAME`, one that could not be started `Process.StartFailed`, "
      "one\n"
      "with a foreign code and no result file `Process.ExitCode.N`.\n";
  EXPECT_TRUE(test::equals_golden(page, PIPELINE_SOURCE_DIR "/docs/reference/exit-codes.md"));
}

}  // namespace
}  // namespace pipeline
