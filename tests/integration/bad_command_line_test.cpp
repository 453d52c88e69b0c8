// Command lines with slips, for all four programs: named in one line, and
// nothing is begun.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/integration/bad_input_house.h"

namespace pipeline {
namespace {

BadInputHouse& house() {
  static BadInputHouse instance;
  return instance;
}

struct Slip {
  std::string name;
  std::vector<std::string> arguments;
  std::string says;
};

void expect_named(const std::string& program, const Slip& slip) {
  SCOPED_TRACE(slip.name);
  const Start start = start_of(program, slip.arguments);
  const std::string before = house().store();
  expect_refusal(start, house().run(start),
                 {.error = "Pipeline.ConfigInvalid", .says = {slip.says}});
  EXPECT_EQ(house().store(), before);
  EXPECT_FALSE(std::filesystem::exists(house().file("state"))) << "nothing was begun";
}

std::vector<std::string> with(std::vector<std::string> words,
                              const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(BadCommandLine, OfAnyProgramIsNamedInOneLine) {
  for (const auto& start : all_programs()) {
    const auto& command = start.arguments;
    const std::string& word = command.front();
    const std::string date = start.program == "orchestrator" ? "--date" : "--business-date";
    const std::vector<Slip> slips{
        {"unknown option", with(command, {"--confg", "x"}),
         "unknown option --confg; did you mean --config?"},
        {"unknown option like none", with(command, {"--xyzzy"}), "unknown option --xyzzy"},
        {"unknown command",
         {word + "x"},
         "unknown command " + word + "x; did you mean " + word + "?"},
        {"unknown command like none",
         {"xyzzy"},
         "unknown command xyzzy; " + start.program + " knows "},
        {"argument too many", with(command, {"extra"}),
         "the command " + word + " takes no argument, so \"extra\" is one too many"},
        {"value missing at the end", {word, date}, date + " needs a value, DATE"},
        {"value missing behind =", {word, date + "="}, date + " needs a value, DATE"},
        {"value missing in front of an option",
         {word, date, "--log-format", "json"},
         date + " needs a value, DATE, but the option --log-format follows"},
        {"two values",
         {word, date, "2026-02-01", date, "2026-02-02"},
         date + " is given twice, as 2026-02-01 and as 2026-02-02"},
        {"no date", {word, date, "2026-02-30"}, "2026-02-30"},
        {"word that an option does not know", with(command, {"--log-format", "xml"}),
         "--log-format is text or json"},
        {"configuration without a name", with(command, {"--config"}),
         "--config needs a value, FILE"},
    };
    for (const auto& slip : slips) expect_named(start.program, slip);
  }
}

TEST(BadCommandLine, ARunIdThatFitsNoRecordIsNamedBeforeAnythingIsBegun) {
  for (const auto& start : all_programs()) {
    if (start.program == "orchestrator") continue;  // which makes its ids itself
    for (const auto& id : {std::string(65, 'x'), std::string("day 3"), std::string("日")}) {
      expect_named(start.program, {"run id", with(start.arguments, {"--run-id", id}),
                                   "--run-id wants 1 to 64 ASCII characters without blanks"});
    }
  }
}

TEST(BadCommandLine, OfTheLoaderIsNamedInOneLine) {
  const std::vector<Slip> slips{
      {"a reason that is an option",
       {"load", "--rewind", "--force"},
       "--rewind needs a value, REASON, but the option --force follows"},
      {"an empty reason", {"load", "--rewind", ""}, "--rewind wants a reason"},
      {"contradiction",
       {"load", "--newest-only", "a", "--rewind", "b"},
       "--newest-only and --rewind exclude each other"},
      {"contradiction with a flag",
       {"load", "--force", "--rewind", "b"},
       "--rewind and --force exclude each other"},
      {"option of another command",
       {"ls", "--rewind", "x"},
       "the command ls has no option --rewind; it belongs to load"},
      {"two commands", {"load", "ls"}, "two commands are named, load and ls"},
      {"flag with a value", {"load", "--force=no"}, "--force takes no value"},
  };
  for (const auto& slip : slips) expect_named("staging_loader", slip);
}

TEST(BadCommandLine, OfATransformerIsNamedInOneLine) {
  const std::vector<Slip> slips{
      {"unknown layer",
       {"run", "--layer", "slver"},
       "transform.layers has no layer slver, only silver, gold"},
      {"no number", {"run", "--threads", "many"}, "--threads"},
      {"no thread", {"run", "--threads", "0"}, "--threads"},
  };
  for (const auto& slip : slips) {
    expect_named("silver_transformer", slip);
    expect_named("gold_transformer", slip);
  }
}

TEST(BadCommandLine, OfTheOrchestratorIsNamedInOneLine) {
  const std::vector<Slip> slips{
      {"no command",
       {"--log-format", "json"},
       "no command is named; orchestrator knows run, rerun"},
      {"two names of one option",
       {"run", "--date", "2026-02-01", "--business-date", "2026-02-01"},
       "--date and --business-date exclude each other"},
      {"rerun of nothing", {"rerun"}, "rerun needs --only LAYER"},
      {"rerun of an unknown layer", {"rerun", "--only", "slver"}, "staging, silver, gold"},
      {"no limit", {"history", "--limit", "-1"}, "--limit is a number from 1, not \"-1\""},
      {"argument too few", {"logs", "last"}, "the command logs needs STATE: state of the run"},
      {"a history that is not there", {"show", "last"}, "there is no run history at"},
      {"a machine that is not there",
       {"run", "--machine", "/no/machine.yaml"},
       "no state machine: cannot open /no/machine.yaml: No such file or "
       "directory; the command "
       "line names it"},
      {"a machine to check that is not there",
       {"validate", "/no/machine.yaml"},
       "no state machine: cannot open /no/machine.yaml: No such file or "
       "directory"},
  };
  for (const auto& slip : slips) expect_named("orchestrator", slip);
}

TEST(BadCommandLine, ThatNamesNoPlaceForTheResultIsRefusedBeforehand) {
  const std::vector<std::pair<std::string, std::string>> places{
      {"/no/such/folder/r.json", "/no/such/folder is no folder"},
      {house().folder(), "is a folder"},
  };
  for (const auto& start : all_stages()) {
    for (const auto& [place, says] : places) {
      Start other = start;
      other.result_file = Start::ResultFile::not_named;
      other.arguments.insert(other.arguments.end(), {"--result-file", place});
      expect_refusal(other, house().run(other),
                     {.error = "Pipeline.ConfigInvalid",
                      .says = {"nothing is begun", says, "--result-file names it"}});
    }
  }
}

}  // namespace
}  // namespace pipeline
