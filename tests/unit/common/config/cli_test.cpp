// What command lines promise: defaults, values anywhere, and a suggestion for a slip.
#include "common/config/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

CliSpec spec() {
  return {.program = "loader",
          .summary = "Loads.",
          .options = {{.name = "--config", .value_name = "FILE"}},
          .commands = {{.name = "load",
                        .options = {{.name = "--business-date", .value_name = "DATE"},
                                    {.name = "--select", .kind = OptionKind::repeated},
                                    {.name = "--force", .kind = OptionKind::flag}}},
                       {.name = "show", .positionals = {{.name = "RUN"}}}},
          .default_command = "load"};
}

TEST(Cli, TakesTheDefaultCommandWhenNoneIsNamed) {
  const auto asked = parse_cli(spec(), {"--business-date", "2026-02-01", "--config", "p.yaml"});
  EXPECT_EQ(asked.command, "load");
  EXPECT_EQ(asked.value("--business-date"), "2026-02-01");
  EXPECT_EQ(asked.value("--config"), "p.yaml");
  EXPECT_FALSE(asked.has("--force"));
}

TEST(Cli, TakesCommonOptionsBeforeAndAfterTheCommand) {
  EXPECT_EQ(parse_cli(spec(), {"--config", "a", "show", "last"}).value("--config"), "a");
  const auto after = parse_cli(spec(), {"show", "last", "--config", "b"});
  EXPECT_EQ(after.value("--config"), "b");
  EXPECT_EQ(after.positional("RUN"), "last");
}

TEST(Cli, KeepsRepeatedValuesInOrderAndTheLastOfSingleOnes) {
  const auto asked = parse_cli(spec(), {"load", "--select", "a", "--select", "b", "--force",
                                        "--business-date", "1", "--business-date", "2"});
  EXPECT_THAT(asked.values("--select"), ElementsAre("a", "b"));
  EXPECT_EQ(asked.value("--business-date"), "2");
  EXPECT_TRUE(asked.has("--force"));
}

TEST(Cli, TakesAValueWithBlanksAndDashes) {
  EXPECT_EQ(parse_cli(spec(), {"load", "--business-date=-x y"}).value("--business-date"), "-x y");
}

std::string failure_of(const std::vector<std::string>& arguments) {
  try {
    parse_cli(spec(), arguments);
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 10);
    return error.message();
  }
  return "no failure";
}

TEST(Cli, NamesAnUnknownOptionAndTheNearestKnownOne) {
  EXPECT_EQ(failure_of({"load", "--busines-date", "x"}),
            "unknown option --busines-date; did you mean --business-date?");
}

TEST(Cli, NamesAMissingPositional) {
  EXPECT_THAT(failure_of({"show"}), HasSubstr("RUN"));
}

TEST(Cli, PrintsTheExitCodes) {
  EXPECT_THAT(*parse_cli(spec(), {"--help", "exit-codes"}).text_to_print,
              HasSubstr("Pipeline.GuardRefused"));
}

}  // namespace
}  // namespace pipeline
