// What command lines promise: defaults, values anywhere, and a suggestion for a slip.
#include "common/config/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

CliSpec spec() {
  return {.program = "loader",
          .summary = "Loads.",
          .options = {{.name = "--config", .value_name = "FILE"}},
          .commands = {{.name = "load",
                        .options = {{.name = "--business-date", .value_name = "DATE"},
                                    {.name = "--select", .kind = OptionKind::repeated},
                                    {.name = "--rewind", .value_name = "REASON"},
                                    {.name = "--force", .kind = OptionKind::flag}},
                        .exclusive = {{"--rewind", "--force"}}},
                       {.name = "show",
                        .help = "shows a run",
                        .positionals = {{.name = "RUN", .help = "its id"}}}},
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

TEST(Cli, KeepsRepeatedValuesInOrder) {
  const auto asked = parse_cli(spec(), {"load", "--select", "a", "b", "--select", "c", "--force"});
  EXPECT_THAT(asked.values("--select"), ElementsAre("a", "b", "c"));
  EXPECT_TRUE(asked.has("--force"));
}

TEST(Cli, EndsAListAtAShortOption) {
  CliSpec with_short = spec();
  with_short.commands.front().options.push_back({.name = "-s", .kind = OptionKind::repeated});
  const auto asked = parse_cli(with_short, {"load", "--select", "a", "b", "-s", "c", "--force"});
  EXPECT_THAT(asked.values("--select"), ElementsAre("a", "b"));
  EXPECT_THAT(asked.values("-s"), ElementsAre("c"));
}

TEST(Cli, TakesOneValueSaidTwice) {
  const auto asked =
      parse_cli(spec(), {"load", "--business-date", "2026-02-01", "--business-date=2026-02-01"});
  EXPECT_EQ(asked.value("--business-date"), "2026-02-01");
}

TEST(Cli, DoesNotTakeAValueForACommand) {
  const auto asked = parse_cli(spec(), {"--config", "show"});
  EXPECT_EQ(asked.command, "load");
  EXPECT_EQ(asked.value("--config"), "show");
}

TEST(Cli, TakesWordsBehindTwoDashesAsArguments) {
  EXPECT_EQ(parse_cli(spec(), {"show", "--", "--odd"}).positional("RUN"), "--odd");
}

TEST(Cli, TakesAnyNumberOfArgumentsWhereACommandAllowsIt) {
  CliSpec with_list = spec();
  with_list.commands.push_back(
      {.name = "backup",
       .positionals = {{.name = "WHERE"},
                       {.name = "TABLE", .needed = CliPositional::Needed::any_number}}});
  const auto asked = parse_cli(with_list, {"backup", "here", "a", "--config", "p", "b"});
  EXPECT_EQ(asked.positional("WHERE"), "here");
  EXPECT_THAT(asked.positionals("TABLE"), ElementsAre("a", "b"));
  EXPECT_THAT(parse_cli(with_list, {"backup", "here"}).positionals("TABLE"), ElementsAre());
  EXPECT_THROW(parse_cli(with_list, {"backup"}), Error);
  EXPECT_THAT(parse_cli(with_list, {"backup", "--help"}).text_to_print.value_or(""),
              HasSubstr("Usage: loader backup WHERE [TABLE...]"));
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

struct Refusal {
  const char* name;
  std::vector<std::string> arguments;
  const char* message;
};

TEST(Cli, SaysWhatIsWrongWithACommandLine) {
  const std::vector<Refusal> refusals{
      {"unknown option",
       {"load", "--busines-date", "x"},
       "unknown option --busines-date; did you mean --business-date?"},
      {"unknown option with a value",
       {"--confg=x"},
       "unknown option --confg; did you mean --config?"},
      {"unknown option like none", {"--xyzzy"}, "unknown option --xyzzy"},
      {"option of another command",
       {"show", "last", "--force"},
       "the command show has no option --force; it belongs to load"},
      {"unknown command", {"laod"}, "unknown command laod; did you mean load?"},
      {"unknown command like none", {"xyzzy"}, "unknown command xyzzy; loader knows load, show"},
      {"two commands", {"load", "load"}, "two commands are named, load and load; give one of them"},
      {"argument too many",
       {"load", "x"},
       "the command load takes no argument, so \"x\" is one too many; `loader load --help` shows "
       "how"},
      {"two arguments too many",
       {"show", "a", "b"},
       "the command show takes one argument, so \"b\" is one too many; `loader show --help` shows "
       "how"},
      {"argument too few",
       {"show"},
       "the command show needs RUN: its id; `loader show --help` shows how"},
      {"value missing at the end", {"--config"}, "--config needs a value, FILE"},
      {"empty value", {"--config="}, "--config needs a value, FILE"},
      {"forgotten value in front of an option",
       {"--rewind", "--force"},
       "--rewind needs a value, REASON, but the option --force follows; if that is the value, "
       "write --rewind=--force"},
      {"flag with a value", {"--force=no"}, "--force takes no value, but is given one: --force=no"},
      {"two values",
       {"--business-date", "1", "--business-date", "2"},
       "--business-date is given twice, as 1 and as 2"},
      {"contradiction",
       {"--force", "--rewind", "why"},
       "--rewind and --force exclude each other; give one of them"},
  };
  for (const auto& [name, arguments, message] : refusals) {
    SCOPED_TRACE(name);
    EXPECT_EQ(failure_of(arguments), message);
  }
}

TEST(Cli, NamesTheCommandsWhereOneIsNeeded) {
  CliSpec without_default = spec();
  without_default.default_command.clear();
  try {
    parse_cli(without_default, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "no command is named; loader knows load, show");
  }
}

TEST(Cli, FindsAValueInACommandLineThatIsRefused) {
  EXPECT_EQ(value_among({"--oops", "--result-file", "r.json"}, "--result-file"), "r.json");
  EXPECT_EQ(value_among({"--result-file=r.json"}, "--result-file"), "r.json");
  EXPECT_EQ(value_among({"--result-file", "--force"}, "--result-file"), std::nullopt);
  EXPECT_EQ(value_among({"--result-file"}, "--result-file"), std::nullopt);
}

TEST(Cli, HelpListsCommandsAndTheOptionsOfTheNamedOne) {
  EXPECT_THAT(*parse_cli(spec(), {"--help"}).text_to_print,
              AllOf(HasSubstr("Usage: loader [COMMAND] [OPTIONS]"), HasSubstr("shows a run"),
                    HasSubstr("--config FILE")));
  EXPECT_THAT(*parse_cli(spec(), {"show", "--oops", "-h"}).text_to_print,
              AllOf(HasSubstr("Usage: loader show RUN [OPTIONS]"), HasSubstr("its id"),
                    HasSubstr("--config FILE"), testing::Not(HasSubstr("--rewind"))));
  EXPECT_THAT(*parse_cli(spec(), {"--version"}).text_to_print, testing::StartsWith("loader "));
}

TEST(Cli, PrintsTheExitCodes) {
  EXPECT_THAT(*parse_cli(spec(), {"--help", "exit-codes"}).text_to_print,
              HasSubstr("Pipeline.GuardRefused"));
}

}  // namespace
}  // namespace pipeline
