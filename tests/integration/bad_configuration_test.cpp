// Configurations, state machines and secrets that are absent, broken or wrong:
// named with their place in one line, and nothing is begun.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/integration/bad_input_house.h"

namespace pipeline {
namespace {

class BadConfiguration : public testing::Test {
 protected:
  BadConfiguration() { house_.reset(); }

  /// Every program refuses, and leaves no state folder behind.
  void expect_refused_by_all(const std::vector<std::string>& says) {
    for (const auto& start : all_programs()) expect_refused(start, says);
  }
  void expect_refused(const Start& start, const std::vector<std::string>& says) {
    const std::string before = house_.store();
    expect_refusal(start, house_.run(start), {.error = "Pipeline.ConfigInvalid", .says = says});
    EXPECT_EQ(house_.store(), before);
    EXPECT_FALSE(std::filesystem::exists(house_.file("state"))) << "nothing was begun";
  }

  static BadInputHouse house_;
};

BadInputHouse BadConfiguration::house_;

TEST_F(BadConfiguration, ThatCannotBeReadSaysWhyAndWhoNamedIt) {
  struct Case {
    const char* name;
    std::string path;
    std::string says;
  };
  const std::vector<Case> cases{
      {"absent", "/no/such.yaml", "cannot open /no/such.yaml: No such file or directory"},
      {"a folder", house_.folder(), "cannot read " + house_.folder() + ": Is a directory"},
      {"behind a file", house_.file("machine.yaml") + "/x", "Not a directory"},
  };
  for (const auto& [name, path, says] : cases) {
    SCOPED_TRACE(name);
    for (Start start : all_programs()) {
      start.config = Start::Config::not_named;
      start.env = {{"PIPELINE_CONFIG", path}};
      expect_refused(start, {"no configuration: ", says, "$PIPELINE_CONFIG names it"});
      start.env = {};
      start.arguments.insert(start.arguments.end(), {"--config", path});
      expect_refused(start, {"no configuration: ", says, "--config names it"});
    }
  }
}

struct Break {
  const char* name;
  std::string from;  // of the file; empty: the whole text is `to`
  std::string to;
  std::vector<std::string> says;
};

TEST_F(BadConfiguration, IsNamedWithItsPlaceByEveryProgram) {
  const std::string path = house_.file("pipeline.yaml");
  const std::vector<Break> breaks{
      {"empty",
       "",
       "",
       {path + ":1:1: the configuration is empty; deploy/pipeline.yaml shows one"}},
      {"a comment only", "", "# later\n", {path + ":1:1: the configuration is empty"}},
      {"a list", "", "- a\n", {path + ":1:1: expected a mapping, found a list"}},
      {"no YAML", "", "source: [\n", {path + ":2:1: not valid YAML"}},
      {"no text", "store: store", "store: \xE9t\xE9", {path + ":2: not a text in UTF-8"}},
      {"wrong type",
       "store: store",
       "store: [a, b]",
       {path + ":2:10: expected a single value, found a list"}},
      {"no number",
       "  target_path: target",
       "  threads: many",
       {path + ":14:12: expected a whole number, found \"many\""}},
      {"no time", "\"00:00\"", "\"25:00\"", {path + ":3:15: expected a time of day"}},
      {"unknown key",
       "accounts:",
       "acounts:",
       {path + ":7:3: unknown key \"acounts\"; did you mean \"accounts\"?"}},
      {"unknown key like none",
       "alerts:",
       "xyzzy: 1\nalerts:",
       {path + ":21:1: unknown key \"xyzzy\""}},
      {"duplicate key",
       "  target_path: target",
       "  target_path: target\n  target_path: other",
       {path + ":15:3: the key \"target_path\" is given twice"}},
      {"missing key", "  state_dir: state\n", "", {"the key \"state_dir\" is missing"}},
      {"undefined variable",
       "store: store",
       "store: ${NO_SUCH_VARIABLE}/store",
       {path + ":2:10: the environment variable NO_SUCH_VARIABLE is not set"}},
      {"open variable", "store: store", "store: ${HOME", {path + ":2:10: ${ without a closing }"}},
      {"a password",
       "{file: secrets/load}",
       "hunter2",
       {path + ":8:38: a password never stands here: name its place with file, environment, "
               "credential, secretsmanager or my_cnf"}},
  };
  for (const auto& one : breaks) {
    SCOPED_TRACE(one.name);
    house_.reset();
    if (one.from.empty()) {
      house_.write("pipeline.yaml", one.to);
    } else {
      house_.change("pipeline.yaml", one.from, one.to);
    }
    expect_refused_by_all(one.says);
  }
}

TEST_F(BadConfiguration, OfTheStoreAndTheProjectIsNamedByTheStagesThatNeedThem) {
  const std::string aws = "\n  region: eu-west-1";
  const std::vector<Break> stores{
      {"unknown scheme",
       "store: store",
       "store: gs://bucket/dumps",
       {"the store \"gs://bucket/dumps\""}},
      {"no region",
       "store: store",
       "store: s3://bucket/dumps",
       {house_.file("pipeline.yaml") + ":", "the key \"region\" is missing"}},
      {"no bucket",
       "store: store",
       "store: s3://Bucket_1/dumps" + aws,
       {"\"Bucket_1\" of the store s3://Bucket_1/dumps is no name of a bucket"}},
      {"clear text",
       "store: store",
       "store: s3://bucket" + aws + "\n  endpoint: http://s3.example.org",
       {"the endpoint \"http://s3.example.org\" would be reached in clear text"}},
      {"a folder with a region",
       "store: store",
       "store: store" + aws,
       {"source.region is for a store s3://bucket alone"}}};
  for (const auto& one : stores) {
    SCOPED_TRACE(one.name);
    house_.change("pipeline.yaml", one.from, one.to);
    expect_refused(start_of("staging_loader"), one.says);
    house_.reset();
  }
  house_.change("pipeline.yaml", "project: project", "project: nowhere");
  expect_refused(start_of("staging_loader"), {"the dbt project " + house_.file("nowhere")});
  for (const auto* program : {"silver_transformer", "gold_transformer"}) {
    expect_refused(start_of(program), {house_.file("nowhere/dbt_project.yml") + " is missing"});
  }
}

TEST_F(BadConfiguration, OfTheStateMachineIsNamedWithItsPlace) {
  const std::string path = house_.file("machine.yaml");
  const std::vector<Break> breaks{
      {"empty", "", "", {path + ":1:1: a state machine is a mapping with StartAt and States"}},
      {"no YAML", "", "States: [\n", {path + ":2:1: not valid YAML"}},
      {"wrong type",
       "TimeoutSeconds: 7200",
       "TimeoutSeconds: long",
       {path + ":", "TimeoutSeconds must be a whole number"}},
      {"unknown field",
       "TimeoutSeconds: 7200",
       "TimeoutSecond: 7200",
       {path + ":",
        "a Task state has no field \"TimeoutSecond\"; did you mean "
        "\"TimeoutSeconds\"?"}},
      {"duplicate key",
       "TimeoutSeconds: 7200",
       "TimeoutSeconds: 7200\n    TimeoutSeconds: 7201",
       {path + ":", "the key \"TimeoutSeconds\" is given twice"}},
      {"unknown state",
       "Next: Silver\n",
       "Next: Slver\n",
       {path + ":", "Next names \"Slver\", which is no state; did you mean \"Silver\"?"}},
      {"unknown channel",
       "notify:ops",
       "notify:opps",
       {path + ":",
        "pipeline.yaml has no alert channel \"opps\" under alerts; did you "
        "mean \"ops\"?",
        "and 2 more: `orchestrator validate " + path + "` lists them"}},
      {"unknown stage",
       "stage:silver_transformer",
       "stage:silver_transfomer",
       {path + ":", "there is no stage \"silver_transfomer\"",
        "did you mean \"silver_transformer\"?"}},
      {"a variable, which it knows not",
       "stage:silver_transformer",
       "\"stage:${NO_SUCH_VARIABLE}\"",
       {path + ":", "there is no stage \"${NO_SUCH_VARIABLE}\""}},
  };
  for (const auto& one : breaks) {
    SCOPED_TRACE(one.name);
    house_.reset();
    if (one.from.empty()) {
      house_.write("machine.yaml", one.to);
    } else {
      house_.change("machine.yaml", one.from, one.to);
    }
    expect_refused(start_of("orchestrator"), one.says);
    expect_refused(start_of("orchestrator", {"validate"}), one.says);
  }
}

TEST_F(BadConfiguration, OfTheStateMachineThatCannotBeReadSaysWhy) {
  struct Case {
    const char* to;
    std::string says;
  };
  const std::vector<Case> cases{
      {"state_machine: absent.yaml", "no state machine: cannot open " + house_.file("absent.yaml") +
                                         ": No such file or directory"},
      {"state_machine: project", "cannot read " + house_.file("project") + ": Is a directory"},
      {"state_machine: pipeline.yaml/x", "Not a directory"},
  };
  for (const auto& [to, says] : cases) {
    house_.reset();
    house_.change("pipeline.yaml", "state_machine: machine.yaml", to);
    for (const auto* command : {"run", "validate"}) {
      expect_refused(start_of("orchestrator", {command}),
                     {says, "orchestrator.state_machine in pipeline.yaml names it"});
    }
  }
}

TEST_F(BadConfiguration, OfASecretNamesThePlaceAndNeverTheSecret) {
  const std::string where = house_.file("pipeline.yaml") + ":8:";
  const std::string place = "{file: secrets/load}";
  struct Case {
    const char* name;
    std::string config;  // in place of `place`
    std::map<std::string, std::string> env;
    std::string says;
  };
  house_.write("secrets/empty", "\n");
  const std::vector<Case> cases{
      {"file absent",
       "{file: secrets/none}",
       {},
       "the password is to come from file " + house_.file("secrets/none") +
           ", but there is no such file"},
      {"file empty", "{file: secrets/empty}", {}, "but it is empty"},
      {"a folder", "{file: project}", {}, "Is a directory"},
      {"behind a file", "{file: machine.yaml/x}", {}, "Not a directory"},
      {"variable absent",
       "{environment: NO_SUCH_VARIABLE}",
       {},
       "the password is to come from environment variable NO_SUCH_VARIABLE, "
       "but the variable is not "
       "set"},
      {"variable empty",
       "{environment: EMPTY_VARIABLE}",
       {{"EMPTY_VARIABLE", ""}},
       "but it is empty"},
      {"no credentials", "{credential: lpw}", {}, "CREDENTIALS_DIRECTORY is not set"},
      {"credential absent",
       "{credential: lpw}",
       {{"CREDENTIALS_DIRECTORY", house_.file("secrets")}},
       "the password is to come from systemd credential lpw, but there is no "
       "such file"},
  };
  ::unsetenv("CREDENTIALS_DIRECTORY");
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    house_.reset();
    house_.write("secrets/empty", "\n");
    house_.change("pipeline.yaml", place, one.config);
    for (const auto* command : {"load", "check", "ls"}) {
      Start start = start_of("staging_loader", {command});
      start.env = one.env;
      expect_refusal(start, house_.run(start),
                     {.error = "Pipeline.AccessDenied", .says = {where, one.says}});
    }
  }
  // The transformers need other accounts.
  for (const std::string account : {"build", "publish", "janitor"}) {
    house_.reset();
    house_.remove("secrets/" + account);
    for (const auto* program : {"silver_transformer", "gold_transformer"}) {
      const Start start = start_of(program);
      expect_refusal(
          start, house_.run(start),
          {.error = "Pipeline.AccessDenied",
           .says = {"the password is to come from file " + house_.file("secrets/" + account)}});
    }
  }
}

}  // namespace
}  // namespace pipeline
