// What a definition may say, what is refused and with which words.
#include "orchestrator/asl/definition_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "common/base/error.h"

namespace pipeline::asl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> findings_of(std::string_view text) {
  std::vector<std::string> lines;
  for (const auto& finding : read_definition(YamlNode::parse(text, "m.yaml")).findings) {
    lines.push_back(finding.text());
  }
  return lines;
}

/// A machine of one Task with `fields` added to it.
std::string task_with(std::string_view fields) {
  return std::string("StartAt: A\nStates:\n  A:\n    Type: Task\n    Resource: stage:a\n")
      .append("    TimeoutSeconds: 5\n    End: true\n    ")
      .append(fields)
      .append("\n");
}

/// A machine of one Map with `fields` added to it.
std::string map_with(std::string_view fields) {
  return std::string("StartAt: A\nStates:\n  A:\n    Type: Map\n    ")
      .append(fields)
      .append("\n    ItemProcessor: {StartAt: B, States: {B: {Type: Succeed}}}\n    End: true\n");
}

TEST(DefinitionReader, ReadsEveryFieldOfATask) {
  const auto machine = parse_definition(R"(
Comment: whole
StartAt: A
Version: "1.0"
States:
  A:
    Type: Task
    Comment: one
    Resource: stage:a
    TimeoutSeconds: 7
    ResultPath: $.x.y
    Retry:
      - ErrorEquals: [E, F]
        IntervalSeconds: 2
        MaxAttempts: 0
        BackoffRate: 1.5
        MaxDelaySeconds: 9
        JitterStrategy: FULL
      - ErrorEquals: [States.ALL]
    Catch:
      - {ErrorEquals: [E], Next: B, ResultPath: null}
      - {ErrorEquals: [States.ALL], Next: C, ResultPath: $.e}
    Next: B
  B: {Type: Succeed}
  C: {Type: Fail, Error: x, CausePath: $.e.Cause}
)",
                                        "m.yaml")
                           .machine;
  EXPECT_EQ(machine.comment, "whole");
  EXPECT_EQ(machine.start_at, "A");
  const State& a = *machine.find("A");
  EXPECT_EQ(a.comment, "one");
  EXPECT_EQ(a.where, "m.yaml:6:3");
  const auto& task = std::get<Task>(a.kind);
  EXPECT_EQ(task.resource, "stage:a");
  EXPECT_EQ(task.resource_where, "m.yaml:9:15");
  EXPECT_EQ(task.timeout, std::chrono::seconds(7));
  EXPECT_EQ(std::get<ReferencePath>(a.flow.result_path).text(), "$.x.y");
  EXPECT_EQ(a.next, "B");
  ASSERT_EQ(a.retry.size(), 2U);
  EXPECT_THAT(a.retry[0].error_equals, ElementsAre("E", "F"));
  EXPECT_EQ(a.retry[0].interval, std::chrono::seconds(2));
  EXPECT_EQ(a.retry[0].max_attempts, 0);
  EXPECT_EQ(a.retry[0].backoff_rate, 1.5);
  EXPECT_EQ(a.retry[0].max_delay, std::chrono::seconds(9));
  EXPECT_EQ(a.retry[0].jitter, Jitter::full);
  EXPECT_EQ(a.retry[1].max_attempts, 3);
  ASSERT_EQ(a.catchers.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<Discard>(a.catchers[0].result_path));
  EXPECT_EQ(a.catchers[1].next, "C");
  const auto& fail = std::get<Fail>(machine.find("C")->kind);
  EXPECT_EQ(std::get<std::string>(fail.error), "x");
  EXPECT_EQ(std::get<Expression>(fail.cause).written, "$.e.Cause");
}

TEST(DefinitionReader, ReadsJsonAsWrittenByStepFunctions) {
  const auto definition = parse_definition(
      "{\n\t\"StartAt\": \"A\",\n\t\"States\": {\n\t\t\"A\": {\"Type\": \"Task\", "
      "\"Resource\": \"stage:a\", \"TimeoutSeconds\": 5, \"ResultPath\": null, \"End\": true}\n"
      "\t}\n}\n",
      "m.json");
  const State& a = *definition.machine.find("A");
  EXPECT_TRUE(std::holds_alternative<Discard>(a.flow.result_path));
  EXPECT_FALSE(a.next);
  EXPECT_EQ(definition.sha256.size(), 64U);
}

TEST(DefinitionReader, TakesNamesThatYamlCouldReadAsBooleansOrNumbersAsText) {
  const auto machine = parse_definition(R"(
StartAt: On
States:
  On: {Type: Task, Resource: "stage:a", TimeoutSeconds: 5, Next: Yes}
  Yes: {Type: Task, Resource: "stage:a", TimeoutSeconds: 5, Next: 0123}
  0123: {Type: Task, Resource: "stage:a", TimeoutSeconds: 5, Next: 07:00}
  07:00: {Type: Succeed}
)",
                                        "m.yaml")
                           .machine;
  EXPECT_EQ(machine.start_at, "On");
  EXPECT_EQ(machine.find("Yes")->next, "0123");
  EXPECT_NE(machine.find("07:00"), nullptr);
}

TEST(DefinitionReader, ReportsEverythingAtOnceInTheOrderOfTheFile) {
  EXPECT_THAT(findings_of(R"(StartAt: Satging
Stats: {}
States:
  Staging:
    Type: Task
    Resorce: stage:a
    TimeoutSeconds: -1
    Credentials: {}
    Next: Slver
  Silver:
    Type: Choice
  Gold:
    Type: Tsk
)"),
              ElementsAre("m.yaml:1:10: StartAt names \"Satging\", which is no state; did you mean "
                          "\"Staging\"?",
                          "m.yaml:2:1: a state machine has no field \"Stats\"; did you mean "
                          "\"States\"?",
                          "m.yaml:4:3: the Task \"Staging\" has no Resource",
                          "m.yaml:6:5: a Task state has no field \"Resorce\"; did you mean "
                          "\"Resource\"?",
                          "m.yaml:7:21: TimeoutSeconds must be a whole number from 1 to 99999999",
                          "m.yaml:8:5: Credentials of a Task state is not supported yet",
                          "m.yaml:9:11: Next names \"Slver\", which is no state; did you mean "
                          "\"Silver\"?",
                          "m.yaml:10:3: Choices must be a list with at least one rule",
                          "m.yaml:10:3: warning: the Choice \"Silver\" has no Default: if no rule "
                          "holds, the run fails with States.NoChoiceMatched",
                          "m.yaml:13:11: there is no state type \"Tsk\"; did you mean \"Task\"?"));
}

TEST(DefinitionReader, RefusesByNameWhatIsNotSupportedYet) {
  for (const std::string field : {"Credentials", "Arguments", "Output", "Assign"}) {
    EXPECT_THAT(findings_of(task_with(field + ": x")),
                ElementsAre("m.yaml:8:5: " + field + " of a Task state is not supported yet"));
  }
  EXPECT_THAT(findings_of("QueryLanguage: JSONata\n" + task_with("")),
              ElementsAre("m.yaml:1:16: QueryLanguage JSONata is not supported yet; JSONPath is"));
  EXPECT_THAT(findings_of("QueryLanguage: JSONPath\n" + task_with("QueryLanguage: JSONPath")),
              IsEmpty());
  for (const std::string field :
       {"ItemReader", "ItemBatcher", "ResultWriter", "ToleratedFailureCount", "Label"}) {
    EXPECT_THAT(findings_of(map_with(field + ": {}")),
                ElementsAre("m.yaml:5:5: " + field + " of a Map state is not supported yet"));
  }
  EXPECT_THAT(findings_of("StartAt: A\nStates:\n  A:\n    Type: Map\n    End: true\n    Iterator:\n"
                          "      ProcessorConfig: {Mode: DISTRIBUTED}\n"
                          "      StartAt: B\n      States: {B: {Type: Succeed}}\n"),
              ElementsAre("m.yaml:7:31: the Mode DISTRIBUTED of a Map is not supported yet"));
}

TEST(DefinitionReader, RefusesAFieldOfAnotherStateType) {
  EXPECT_THAT(findings_of("StartAt: A\nStates:\n  A: {Type: Succeed, Next: A}\n"),
              ElementsAre(HasSubstr("a Succeed state has no field \"Next\"")));
}

TEST(DefinitionReader, RefusesUnreachableStates) {
  EXPECT_THAT(findings_of("StartAt: A\nStates:\n  A: {Type: Succeed}\n  B: {Type: Succeed}\n"),
              ElementsAre("m.yaml:4:3: no path from StartAt leads to the state \"B\""));
}

TEST(DefinitionReader, DoesNotCallAStateUnreachableBehindAMisspeltType) {
  EXPECT_THAT(findings_of("StartAt: A\nStates:\n  A: {Type: Chioce, Default: B}\n"
                          "  B: {Type: Succeed}\n"),
              ElementsAre("m.yaml:3:13: there is no state type \"Chioce\"; did you mean "
                          "\"Choice\"?"));
}

TEST(DefinitionReader, FollowsEveryWayOutOfAState) {
  EXPECT_THAT(findings_of(R"(StartAt: A
States:
  A:
    Type: Choice
    Choices: [{Variable: $.x, IsNull: true, Next: B}]
    Default: C
  B:
    Type: Parallel
    Branches: [{StartAt: D, States: {D: {Type: Succeed}, E: {Type: Succeed}}}]
    Catch: [{ErrorEquals: [States.ALL], Next: F}]
    End: true
  C: {Type: Succeed}
  F: {Type: Fail}
)"),
              ElementsAre("m.yaml:9:58: no path from StartAt leads to the state \"E\""));
}

TEST(DefinitionReader, NamesAreUniqueAcrossBranchesAndTransitionsStayInside) {
  EXPECT_THAT(findings_of(R"(StartAt: A
States:
  A:
    Type: Parallel
    Branches:
      - {StartAt: B, States: {B: {Type: Pass, Next: C}}}
      - {StartAt: A, States: {A: {Type: Succeed}}}
    Next: C
  C: {Type: Succeed}
)"),
              ElementsAre("m.yaml:6:53: Next names \"C\", which is no state of this machine: the "
                          "one at m.yaml:9:3 is another's",
                          "m.yaml:7:31: the name \"A\" is taken by the state at m.yaml:3:3"));
}

TEST(DefinitionReader, ChecksPathsAndFunctionsBeforeAnythingRuns) {
  EXPECT_THAT(findings_of(task_with("InputPath: a")),
              ElementsAre("m.yaml:8:16: InputPath: \"a\" is no path: a path begins with $ at "
                          "character 1"));
  EXPECT_THAT(findings_of(task_with("Parameters: {a.$: \"States.Fromat('{}', $.x)\"}")),
              ElementsAre(HasSubstr("there is no function \"States.Fromat\"; did you mean "
                                    "States.Format?")));
  EXPECT_THAT(findings_of(task_with("Parameters: {a.$: States.UUID(1)}")),
              ElementsAre(HasSubstr("States.UUID takes 0 arguments, not 1")));
  EXPECT_THAT(findings_of(task_with("Parameters: {a.$: 5}")),
              ElementsAre(HasSubstr("neither a path ($...) nor a call")));
  EXPECT_THAT(findings_of(task_with("Parameters: {a: 1, a.$: $.b}")),
              ElementsAre(HasSubstr("\"a\" is set twice")));
  EXPECT_THAT(findings_of(task_with("ResultSelector: x")),
              ElementsAre(HasSubstr("ResultSelector must be a mapping")));
  EXPECT_THAT(findings_of(task_with("ResultPath: $.a[*]")),
              ElementsAre(HasSubstr("ResultPath must be null, $ or a path to one place")));
  EXPECT_THAT(findings_of(task_with("HeartbeatSecondsPath: $..a")),
              ElementsAre(HasSubstr("must lead to one value")));
}

TEST(DefinitionReader, ChecksTheLimitsOfATask) {
  EXPECT_THAT(findings_of(task_with("HeartbeatSeconds: 5")),
              ElementsAre(HasSubstr("HeartbeatSeconds must be smaller than TimeoutSeconds")));
  EXPECT_THAT(findings_of(task_with("TimeoutSecondsPath: $.x")),
              ElementsAre(HasSubstr("either TimeoutSeconds or TimeoutSecondsPath, not both")));
  EXPECT_THAT(findings_of(task_with("HeartbeatSeconds: 4")), IsEmpty());
}

TEST(DefinitionReader, ChecksTheRulesOfAChoice) {
  const auto rule = [](const std::string& fields) {
    return findings_of("StartAt: A\nStates:\n  A:\n    Type: Choice\n    Choices:\n      - {" +
                       fields + "}\n    Default: B\n  B: {Type: Succeed}\n");
  };
  EXPECT_THAT(rule("Variable: $.a, StringEquals: x, Next: B"), IsEmpty());
  EXPECT_THAT(rule("Variable: $.a, StringEqual: x, Next: B"),
              ElementsAre(HasSubstr("a choice rule needs a comparison"),
                          HasSubstr("has no field \"StringEqual\"; did you mean "
                                    "\"StringEquals\"?")));
  EXPECT_THAT(rule("Variable: $.a, NumericEquals: \"1\", Next: B"),
              ElementsAre(HasSubstr("NumericEquals must be a number")));
  EXPECT_THAT(rule("Variable: $.a, TimestampEquals: 2026-02-01, Next: B"),
              ElementsAre(HasSubstr("TimestampEquals must be a time like")));
  EXPECT_THAT(rule("Variable: $.a, IsNull: 1, Next: B"),
              ElementsAre(HasSubstr("IsNull must be true or false")));
  EXPECT_THAT(rule("IsNull: true, Next: B"), ElementsAre(HasSubstr("IsNull needs a Variable")));
  EXPECT_THAT(rule("Variable: $.a, IsNull: true"), ElementsAre(HasSubstr("Next is missing")));
  EXPECT_THAT(rule("Variable: $.a, IsNull: true, IsString: true, Next: B"),
              ElementsAre(HasSubstr("two stand here")));
  EXPECT_THAT(rule("And: [], Next: B"), ElementsAre(HasSubstr("And must be a list")));
  EXPECT_THAT(rule("Not: {Variable: $.a, IsNull: true, Next: B}, Next: B"),
              ElementsAre(HasSubstr("Next stands in the outermost rule only")));
}

TEST(DefinitionReader, AWaitHasOneTime) {
  const auto wait = [](const std::string& fields) {
    return findings_of("StartAt: A\nStates:\n  A: {Type: Wait, End: true" + fields + "}\n");
  };
  EXPECT_THAT(wait(", Seconds: 0"), IsEmpty());
  EXPECT_THAT(wait(", Timestamp: 2026-02-01T07:00:00+09:00"), IsEmpty());
  EXPECT_THAT(wait(""), ElementsAre(HasSubstr("needs one of Seconds, SecondsPath")));
  EXPECT_THAT(wait(", Seconds: 1, TimestampPath: $.t"), ElementsAre(HasSubstr("it has 2")));
  EXPECT_THAT(wait(", Seconds: -1"), ElementsAre(HasSubstr("from 0 to 99999999")));
  EXPECT_THAT(wait(", Timestamp: 2026-02-01"), ElementsAre(HasSubstr("must be a time like")));
}

/// A Succeed state inside so many Parallel states.
std::string nested(int levels) {
  std::string text = "{StartAt: S, States: {S: {Type: Succeed}}}";
  for (int i = 0; i < levels; ++i) {
    const auto name = "P" + std::to_string(i);
    text = "{StartAt: " + name + ", States: {" + name +
           ": {Type: Parallel, End: true, Branches: [" + text + "]}}}";
  }
  return text;
}

TEST(DefinitionReader, BoundsMachinesInsideMachines) {
  EXPECT_THAT(findings_of(nested(20)), IsEmpty());
  EXPECT_THROW(parse_document(nested(40), "m.yaml"), Error);
}

TEST(DefinitionReader, ReadsWhatJsonEscapesAsTwoUnits) {
  const auto machine =
      parse_definition(
          "{\"StartAt\": \"\\ud83c\\udd97\", \"States\": {\"\\ud83c\\udd97\": "
          "{\"Type\": \"Pass\", \"Result\": \"\\\\ud83c\\\\udd97\\/\", \"End\": true}}}",
          "m.json")
          .machine;
  EXPECT_EQ(machine.start_at, "\xF0\x9F\x86\x97");
  EXPECT_EQ(std::get<Pass>(machine.states[0].kind).result, Json("\\ud83c\\udd97/"));
}

TEST(DefinitionReader, RefusesJsonThatEndsInsideAnEscape) {
  for (const std::string text : {"{\"\\", "{\"\\u", "{\"\\ud83c", "{\"\\ud83c\\ud"}) {
    EXPECT_THROW(parse_document(text, "m.json"), Error) << text;
  }
}

TEST(DefinitionReader, StatesAllStandsAloneAndLast) {
  EXPECT_THAT(findings_of(task_with("Retry: [{ErrorEquals: [States.ALL]}, {ErrorEquals: [E]}]")),
              ElementsAre(HasSubstr("States.ALL must be in the last element of Retry")));
  EXPECT_THAT(findings_of(task_with("Retry: [{ErrorEquals: [E, States.ALL]}]")),
              ElementsAre(HasSubstr("States.ALL must stand alone in its ErrorEquals")));
}

TEST(DefinitionReader, WarnsOfErrorNamesThatNothingRaises) {
  const auto lines = findings_of(task_with("Retry: [{ErrorEquals: [State.ALL, States.Tmeout]}]"));
  EXPECT_THAT(lines, ElementsAre(HasSubstr("warning: nothing raises the error \"State.ALL\"; did "
                                           "you mean \"States.ALL\"?"),
                                 HasSubstr("did you mean \"States.Timeout\"?")));
  EXPECT_NO_THROW(parse_definition(task_with("Retry: [{ErrorEquals: [State.ALL]}]"), "m.yaml"));
}

TEST(DefinitionReader, WarnsOfATaskWithoutATimeout) {
  EXPECT_THAT(findings_of("StartAt: A\nStates:\n  A: {Type: Task, Resource: r, End: true}\n"),
              ElementsAre("m.yaml:3:3: warning: the Task \"A\" has no TimeoutSeconds: an attempt "
                          "may run for ever"));
}

TEST(DefinitionReader, ChecksTheNumbersOfARetrier) {
  struct Case {
    std::string field;
    std::string message;
  };
  for (const auto& [field, message] : std::vector<Case>{
           {"IntervalSeconds: 0", "IntervalSeconds must be a whole number from 1 to 99999999"},
           {"IntervalSeconds: 1.5", "IntervalSeconds must be a whole number from 1 to 99999999"},
           {"IntervalSeconds: '5'", "IntervalSeconds must be a whole number from 1 to 99999999"},
           {"MaxAttempts: -1", "MaxAttempts must be a whole number from 0 to 99999999"},
           {"MaxAttempts: 100000000", "MaxAttempts must be a whole number from 0 to 99999999"},
           {"BackoffRate: 0.9", "BackoffRate must be a number not below 1.0"},
           {"BackoffRate: nan", "BackoffRate must be a number not below 1.0"},
           {"MaxDelaySeconds: 31622401",
            "MaxDelaySeconds must be a whole number from 1 to 31622400"},
           {"JitterStrategy: full", "JitterStrategy must be FULL or NONE"}}) {
    SCOPED_TRACE(field);
    EXPECT_THAT(findings_of(task_with("Retry: [{ErrorEquals: [E], " + field + "}]")),
                ElementsAre(HasSubstr(message)));
  }
}

TEST(DefinitionReader, ChecksTheShapeOfRetryAndCatch) {
  struct Case {
    std::string field;
    std::string message;
  };
  for (const auto& [field, message] : std::vector<Case>{
           {"Retry: {}", "Retry must be a list"},
           {"Retry: [E]", "an element of Retry must be a mapping with ErrorEquals"},
           {"Retry: [{MaxAttempts: 1}]", "ErrorEquals must be a list"},
           {"Retry: [{ErrorEquals: []}]", "ErrorEquals must be a list"},
           {"Retry: [{ErrorEquals: E}]", "ErrorEquals must be a list"},
           {"Retry: [{ErrorEquals: [[E]]}]", "an error name must be a text"},
           {"Retry: [{ErrorEquals: [E], Next: A}]", "a retrier has no field \"Next\""},
           {"Catch: [{ErrorEquals: [E]}]", "Next is missing"},
           {"Catch: [{ErrorEquals: [E], Next: B}]", "Next names \"B\", which is no state"},
           {"Catch: [{ErrorEquals: [E], Next: A, ResultPath: x}]", "ResultPath must be null, $ or"},
           {"ResultPath: $.a[*]", "ResultPath must be null, $ or"}}) {
    SCOPED_TRACE(field);
    EXPECT_THAT(findings_of(task_with(field)), ElementsAre(HasSubstr(message)));
  }
}

TEST(DefinitionReader, AStateHasEitherNextOrEnd) {
  EXPECT_THAT(findings_of(task_with("Next: A")),
              ElementsAre(HasSubstr("either Next or End: true, not both")));
  EXPECT_THAT(
      findings_of("StartAt: A\nStates:\n  A: {Type: Task, Resource: r, TimeoutSeconds: 1}\n"),
      ElementsAre(HasSubstr("has neither Next nor End: true")));
  EXPECT_THAT(findings_of("StartAt: A\nStates:\n  A: {Type: Task, Resource: r, TimeoutSeconds: 1, "
                          "End: yes}\n"),
              testing::Contains(HasSubstr("End must be true or false")));
}

TEST(DefinitionReader, AFailStateHasATextOrAPathNotBoth) {
  EXPECT_THAT(findings_of("StartAt: A\nStates:\n  A: {Type: Fail, Error: x, ErrorPath: $.x}\n"),
              ElementsAre(HasSubstr("either Error or ErrorPath, not both")));
}

TEST(DefinitionReader, ChecksTheMachineItself) {
  EXPECT_THAT(findings_of("[]"), ElementsAre(HasSubstr("a state machine is a mapping")));
  EXPECT_THAT(findings_of(""), ElementsAre(HasSubstr("a state machine is a mapping")));
  EXPECT_THAT(findings_of("StartAt: A\nStates: {}\n"),
              ElementsAre(HasSubstr("at least one state")));
  EXPECT_THAT(findings_of("States: {A: {Type: Succeed}}\n"),
              ElementsAre(HasSubstr("StartAt is missing")));
  EXPECT_THAT(findings_of("StartAt: A\nVersion: 2\nStates: {A: {Type: Succeed}}\n"),
              ElementsAre(HasSubstr("the only Version is \"1.0\"")));
  EXPECT_THAT(findings_of("StartAt: A\nStates: {A: 5}\n"),
              ElementsAre(HasSubstr("must be a mapping with a Type")));
  EXPECT_THAT(findings_of("StartAt: A\nStates: {A: {Comment: x}}\n"),
              ElementsAre(HasSubstr("has no Type")));
}

TEST(DefinitionReader, BoundsTheLengthOfNamesInCharacters) {
  std::string name;
  for (int i = 0; i < 80; ++i) name += "日";
  EXPECT_THAT(findings_of("StartAt: " + name + "\nStates: {" + name + ": {Type: Succeed}}\n"),
              IsEmpty());
  name += "x";
  EXPECT_THAT(findings_of("StartAt: " + name + "\nStates: {" + name + ": {Type: Succeed}}\n"),
              ElementsAre(HasSubstr("at most 80 characters")));
}

TEST(DefinitionReader, ANullNameIsRefusedWithAHint) {
  EXPECT_THAT(findings_of("StartAt: ~\nStates: {A: {Type: Succeed}}\n"),
              testing::Contains(HasSubstr("quote it, if it reads like null")));
}

TEST(DefinitionReader, NamesOddKeysInsteadOfThrowing) {
  for (const std::string text : {"StartAt: A\nStates:\n  ? [x, y]\n  : {Type: Task}\n",
                                 "? {a: b}\n: c\n", "StartAt: A\nStates:\n  ~: {Type: Task}\n",
                                 "StartAt: A\nStates:\n  A:\n    ? [Type]\n    : Task\n"}) {
    SCOPED_TRACE(text);
    EXPECT_THAT(findings_of(text), testing::Not(IsEmpty()));
  }
}

TEST(DefinitionReader, NeverThrowsWhateverStandsWhereAValueShould) {
  std::ifstream file(PIPELINE_SOURCE_DIR "/deploy/state_machine.yaml");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  int read = 0;
  for (std::size_t at = 0; at < lines.size(); ++at) {
    const auto colon = lines[at].find(": ");
    if (colon == std::string::npos || lines[at].find('&') != std::string::npos) continue;
    for (const std::string odd :
         {"", "[]", "{}", "x", "-1", "1e999", "[[a]]", "{a: {b: c}}", "''"}) {
      std::string text;
      for (std::size_t i = 0; i < lines.size(); ++i) {
        text += i == at ? lines[i].substr(0, colon + 2) + odd : lines[i];
        text += '\n';
      }
      SCOPED_TRACE(testing::Message() << "line " << at + 1 << ": " << odd);
      std::optional<YamlNode> root;
      try {
        root = YamlNode::parse(text, "m.yaml");
      } catch (const Error&) {
        continue;  // no YAML any more
      }
      EXPECT_NO_THROW(read_definition(*root));
      ++read;
    }
  }
  EXPECT_GT(read, 300);
}

TEST(DefinitionReader, ThrowsAllErrorsInOneMessage) {
  try {
    parse_definition("StartAt: B\nStates:\n  A: {Type: Mop}\n", "m.yaml");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
    EXPECT_EQ(error.message(),
              "m.yaml:1:10: StartAt names \"B\", which is no state; did you mean \"A\"?\n"
              "m.yaml:3:13: there is no state type \"Mop\"; did you mean \"Map\"?");
  }
}

}  // namespace
}  // namespace pipeline::asl
