// Passwords of the warehouse from every place that pipeline.yaml may name, changed while programs
// run; and keys of AWS that belong to another account. Logins are real ones on a private server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <thread>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/credentials/account_login.h"
#include "common/stage/pipeline_config.h"
#include "tests/integration/shop_warehouse.h"
#include "tests/support/aws_services.h"

namespace pipeline {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class CredentialsTest : public ShopTest {
 protected:
  CredentialsTest() {
    services_.set(
        {"secrets", "db/build"},
        Json::parse(R"({"AWSCURRENT": {"username": "etl_build", "password": "pw_etl_build"}})"));
    services_.set(
        {"secrets", "db/publish"},
        Json::parse(
            R"({"AWSCURRENT": {"binary": "{\"dbUser\": \"etl_publish\", \"dbPassword\": \"pw_etl_publish\"}"}})"));
    services_.set(
        {"secrets", "db/janitor"},
        Json::parse(R"({"AWSCURRENT": {"user": "etl_janitor", "pass": "pw_etl_janitor"}})"));
    services_.set(
        {"secrets", "db/load"},
        Json::parse(
            R"({"AWSCURRENT": {"db_username": "etl_load", "db_password": "pw_etl_load"}})"));
  }
  ~CredentialsTest() override {
    for (const auto* account : {"load", "build", "publish", "janitor"}) {
      rotate(account, fmt::format("pw_etl_{}", account));
    }
    for (const auto& [name, value] : env_) ::unsetenv(name.c_str());
  }

  void rotate(const std::string& account, const std::string& password) {
    const std::string user = "etl_" + account;
    const auto hosts =
        warehouse_.root().query(fmt::format("SELECT Host FROM mysql.user WHERE User = '{}'", user));
    for (const auto& host : hosts.rows) {
      warehouse_.root().execute(
          fmt::format("ALTER USER '{}'@'{}' IDENTIFIED BY '{}'", user, *host.at(0), password));
    }
  }

  std::string config_text() const { return test::read_text_file(warehouse_.file("pipeline.yaml")); }
  void write_config(const std::string& name, const std::string& text) const {
    std::ofstream(warehouse_.file(name)) << text;
  }
  static std::string place_in_file(const ShopWarehouse& warehouse, const std::string& account) {
    return fmt::format("      user: etl_{0}\n      password:\n        file: {1}\n", account,
                       warehouse.file("secrets/" + account));
  }
  /// The accounts' passwords come from Secrets Manager; `aws` is the section of that name.
  void use_secrets(const std::string& aws = "") {
    std::string text = config_text();
    for (const std::string account : {"load", "build", "publish", "janitor"}) {
      text = replace_all(
          text, place_in_file(warehouse_, account),
          fmt::format("      user: etl_{0}\n      password: {{secretsmanager: db/{0}}}\n",
                      account));
    }
    write_config("pipeline.yaml", aws + text);
  }
  ShopWarehouse::Outcome run(const std::string& program, std::vector<std::string> arguments = {}) {
    return warehouse_.run(program, std::move(arguments), env_);
  }

  /// One account in this process; a configuration of its own, since the process keeps what it read.
  PipelineConfig config_of(const std::string& place) {
    const std::string name = fmt::format("one-{}.yaml", ++configs());
    write_config(name, replace_all(config_text(), place_in_file(warehouse_, "build"), place));
    for (const auto& [variable, value] : env_) ::setenv(variable.c_str(), value.c_str(), 1);
    return read_pipeline_config(warehouse_.file(name));
  }
  ConnectionOptions options_of(const PipelineConfig& config) const {
    ConnectionOptions options;
    options.endpoint = warehouse_.server().endpoint();
    options.account = account_login(config, "build");
    return options;
  }
  ConnectionOptions options_of(const std::string& place) { return options_of(config_of(place)); }
  /// What the error of a session says that cannot be opened, and never a password.
  static std::string refusal_of_session(const ConnectionOptions& options) {
    try {
      Connection::open(options);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::access_denied);
      EXPECT_THAT(error.what(), Not(HasSubstr("canary")));
      return error.what();
    }
    return "nothing was thrown";
  }
  std::string refusal(const std::string& place) {
    const auto before = connections();
    try {
      options_of(place);
    } catch (const Error& error) {
      EXPECT_EQ(connections(), before) << "somebody logged in";
      EXPECT_THAT(error.what(), Not(HasSubstr("canary")));
      return error.what();
    }
    return "nothing was thrown";
  }
  std::string status(const std::string& name) {
    return warehouse_.root()
        .query("SHOW GLOBAL STATUS LIKE '" + name + "'")
        .rows.at(0)
        .at(1)
        .value();
  }
  int connections() { return std::stoi(status("Connections")); }
  int refused_logins() { return std::stoi(status("Access_denied_errors")); }
  /// Stages of the versions that were asked for, "-" for none.
  std::vector<std::string> stages_asked(const std::string& secret) const {
    std::vector<std::string> stages;
    for (const auto& request : services_.requests()) {
      const Json* name = request.find("secret");
      if (name == nullptr || name->as_string() != secret) continue;
      const Json& stage = request.at("stage");
      stages.push_back(stage.is_null() ? "-" : stage.as_string());
    }
    return stages;
  }

  test::AwsServices services_{R"({"keys": {
    "AKNIGHT": {"secret": "canary-aws-secret", "account": "111122223333",
                "arn": "arn:aws:iam::111122223333:user/night"},
    "AKOTHER": {"secret": "canary-other-secret", "account": "444455556666",
                "arn": "arn:aws:iam::444455556666:user/other"}}})"};
  std::map<std::string, std::string> env_{{"AWS_ENDPOINT_URL", services_.origin()},
                                          {"AWS_ACCESS_KEY_ID", "AKNIGHT"},
                                          {"AWS_SECRET_ACCESS_KEY", "canary-aws-secret"},
                                          {"AWS_REGION", "ap-northeast-1"},
                                          {"AWS_EC2_METADATA_DISABLED", "true"}};
  /// For the whole process, which keeps what it read by the path of the configuration.
  static int& configs() {
    static int count = 0;
    return count;
  }
};

constexpr const char* in_secret =
    "      user: etl_build\n      password: {secretsmanager: db/build}\n";

TEST_F(CredentialsTest, TransformersLogInWithWhatSecretsManagerHolds) {
  use_secrets();
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7), (3, 9)");
  expect_green(run("silver_transformer"));
  const auto gold = run("gold_transformer");
  expect_green(gold);
  EXPECT_THAT(gold.program.err, Not(HasSubstr("canary")));
  EXPECT_THAT(stages_asked("db/build"), Each("-"));
}

TEST_F(CredentialsTest, APasswordThatIsRotatedInMidRunIsReadAgainOnceAndTheWorkGoesOn) {
  use_secrets();
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7), (3, 9)");
  expect_green(run("silver_transformer"));
  warehouse_.write("models/gold/gated.sql",
                   "{{ config(materialized='table') }}\nselect get_lock('gate', 120) as got\n");
  Connection gate = warehouse_.server().open_root();
  gate.query("SELECT GET_LOCK('gate', 0)");
  const auto asked_before = stages_asked("db/janitor").size();
  const int refused_before = refused_logins();
  auto ended =
      std::async(std::launch::async, [program = warehouse_.program("gold_transformer", {}, env_)] {
        return test::run_program(program);
      });
  EXPECT_TRUE(wait_for([&] {
    return warehouse_.value(
               "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'etl_build' AND "
               "INFO LIKE '%get_lock(''gate''%'") == "1";
  }));
  // The run has read its secrets and is at work. Its janitor logs in at the end.
  for (const std::string account : {"build", "publish", "janitor"}) {
    rotate(account, "pw-new-" + account);
    services_.set(
        {"secrets", "db/" + account, "AWSCURRENT"},
        Json::parse(fmt::format(R"({{"user": "etl_{0}", "password": "pw-new-{0}"}})", account)));
  }
  gate.query("SELECT RELEASE_LOCK('gate')");
  const auto outcome = warehouse_.finish(ended.get());
  expect_green(outcome);
  EXPECT_THAT(outcome.program.err,
              HasSubstr("the server refuses the password of etl_janitor that came from secret "
                        "db/janitor of Secrets Manager; trying the one from"));
  EXPECT_THAT(outcome.program.err, Not(HasSubstr("pw-new")));
  auto asked = stages_asked("db/janitor");
  asked.erase(asked.begin(), asked.begin() + static_cast<std::ptrdiff_t>(asked_before));
  EXPECT_THAT(asked, ElementsAre("-", "AWSCURRENT")) << "it is read again once";
  EXPECT_LE(refused_logins() - refused_before, 3) << "one login an account fails";
}

TEST_F(CredentialsTest, ManyWhoAreRefusedAtOnceReadTheSecretAgainOnce) {
  const ConnectionOptions options = options_of(in_secret);
  Connection old = Connection::open(options);
  rotate("build", "pw-new");
  services_.set({"secrets", "db/build", "AWSCURRENT"},
                Json::parse(R"({"user": "etl_build", "password": "pw-new"})"));
  const int refused_before = refused_logins();
  std::vector<std::future<std::string>> sessions;
  for (int session = 0; session < 8; ++session) {
    sessions.push_back(std::async(std::launch::async, [&options] {
      return Connection::open(options).query_value("SELECT 'in'").value_or("");
    }));
  }
  for (auto& session : sessions) EXPECT_EQ(session.get(), "in");
  EXPECT_EQ(old.query_value("SELECT 'still in'"), "still in");
  EXPECT_THAT(stages_asked("db/build"), ElementsAre("-", "AWSCURRENT"));
  EXPECT_LE(refused_logins() - refused_before, 8) << "each is refused once at most";
  EXPECT_EQ(Connection::open(options).query_value("SELECT 'in'"), "in");
  EXPECT_LE(refused_logins() - refused_before, 8) << "who comes later uses the new one at once";
}

TEST_F(CredentialsTest, TheVersionThatTheServerTakesIsFoundByItsLogin) {
  // The server has the new password already, or has still the old one.
  for (const auto* stage : {"AWSPENDING", "AWSPREVIOUS"}) {
    services_.set({"secrets", "db/build"},
                  Json::parse(fmt::format(
                      R"({{"AWSCURRENT": {{"user": "etl_build", "password": "pw-not-the-one"}},
                          "{}": {{"user": "etl_build", "password": "pw-other"}}}})",
                      stage)));
    rotate("build", "pw-other");
    const auto options = options_of(in_secret);
    EXPECT_EQ(Connection::open(options).query_value("SELECT 'in'"), "in") << stage;
    const int refused_before = refused_logins();
    EXPECT_EQ(Connection::open(options).query_value("SELECT 'in'"), "in") << stage;
    EXPECT_EQ(refused_logins(), refused_before) << "the one that was taken is kept";
  }
}

TEST_F(CredentialsTest, WhereNoVersionIsTakenTheServerIsLeftInPeace) {
  services_.set({"secrets", "db/build"},
                Json::parse(R"({"AWSCURRENT": {"user": "etl_build", "password": "canary-1"},
                                "AWSPENDING": {"user": "etl_build", "password": "canary-2"},
                                "AWSPREVIOUS": {"user": "etl_build", "password": "canary-3"}})"));
  const auto options = options_of(in_secret);
  const int refused_before = refused_logins();
  for (int attempt = 0; attempt < 5; ++attempt) {
    EXPECT_THAT(refusal_of_session(options),
                AllOf(HasSubstr("access denied for user etl_build"),
                      HasSubstr("secret db/build of Secrets Manager (AWSPREVIOUS)")));
  }
  EXPECT_EQ(refused_logins() - refused_before, 3) << "each version was tried once";
  EXPECT_THAT(stages_asked("db/build"),
              ElementsAre("-", "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"));
}

TEST_F(CredentialsTest, VersionsThatCannotServeDoNotSpoilTheOneThatDoes) {
  const auto options = options_of(in_secret);
  // Half made, and from before the user was renamed.
  services_.set({"secrets", "db/build"},
                Json::parse(R"({"AWSCURRENT": {"user": "etl_build", "password": "pw-new"},
                                "AWSPENDING": {"user": "etl_build", "password": ""},
                                "AWSPREVIOUS": {"user": "etl_old", "password": "canary-old"}})"));
  rotate("build", "pw-new");
  EXPECT_EQ(Connection::open(options).query_value("SELECT 'in'"), "in");

  rotate("build", "pw-newest");
  EXPECT_THAT(refusal_of_session(options),
              AllOf(HasSubstr("access denied for user etl_build"),
                    HasSubstr("db/build of Secrets Manager (AWSPENDING): password in the secret is "
                              "empty"),
                    HasSubstr("db/build of Secrets Manager (AWSPREVIOUS), but the user there is "
                              "etl_old, and here etl_build")));

  const auto later = options_of(in_secret);
  services_.set({"secrets", "db/build", "AWSPREVIOUS"},
                Json::parse(R"({"user": "etl_build", "password": "pw-newest"})"));
  EXPECT_EQ(Connection::open(later).query_value("SELECT 'in'"), "in")
      << "the one behind the half-made one";
}

TEST_F(CredentialsTest, ASecretThatCannotBeReadAgainLeavesTheServerInPeaceToo) {
  const auto options = options_of(in_secret);
  rotate("build", "pw-new");
  services_.set({"secrets", "db/build", "AWSCURRENT"},
                Json::parse(R"({"user": "etl_clone", "password": "canary-new"})"));
  const int refused_before = refused_logins();
  for (int attempt = 0; attempt < 5; ++attempt) {
    EXPECT_THAT(refusal_of_session(options),
                AllOf(HasSubstr("the user there is etl_clone, and here etl_build"),
                      HasSubstr("access denied for user etl_build")));
  }
  EXPECT_EQ(refused_logins() - refused_before, 1);
  EXPECT_THAT(stages_asked("db/build"), ElementsAre("-", "AWSCURRENT"));
}

TEST_F(CredentialsTest, AFileIsReadAgainTooAfterARefusal) {
  const auto options = options_of(place_in_file(warehouse_, "build"));
  rotate("build", "pw-new");
  EXPECT_THROW(Connection::open(options_of(place_in_file(warehouse_, "build"))), Error);
  std::ofstream(warehouse_.file("secrets/build")) << "pw-new\n";
  EXPECT_EQ(Connection::open(options).query_value("SELECT 'in'"), "in");
}

TEST_F(CredentialsTest, AFileThatIsMissingWhileItIsReplacedLeavesTheServerInPeace) {
  const auto options = options_of(place_in_file(warehouse_, "build"));
  rotate("build", "pw-new");
  std::filesystem::remove(warehouse_.file("secrets/build"));
  const int refused_before = refused_logins();
  for (int attempt = 0; attempt < 5; ++attempt) {
    EXPECT_THAT(refusal_of_session(options), AllOf(HasSubstr("there is no such file"),
                                                   HasSubstr("access denied for user etl_build")));
  }
  EXPECT_EQ(refused_logins() - refused_before, 1);
}

TEST_F(CredentialsTest, WhatOneSessionWasRefusedTheOthersOfTheAccountDoNotTry) {
  const std::string my_cnf = warehouse_.file("my.cnf");
  std::ofstream(my_cnf) << "[client]\npassword=pw_etl_build\n";
  env_["BUILD_PASSWORD"] = "pw_etl_build";
  for (const std::string& place :
       {place_in_file(warehouse_, "build"),
        "      user: etl_build\n      password: {my_cnf: " + my_cnf + "}\n",
        std::string("      user: etl_build\n      password: {environment: BUILD_PASSWORD}\n"),
        std::string(in_secret)}) {
    rotate("build", "pw_etl_build");
    const auto config = config_of(place);
    const auto before = options_of(config);
    const auto beside = options_of(config);
    rotate("build", "pw-new");
    const int refused_before = refused_logins();
    EXPECT_THAT(refusal_of_session(before), HasSubstr("access denied for user etl_build")) << place;
    EXPECT_THAT(refusal_of_session(beside), HasSubstr("access denied for user etl_build")) << place;
    EXPECT_THROW(options_of(config), Error) << place;
    EXPECT_EQ(refused_logins() - refused_before, 1) << place;
  }
}

TEST_F(CredentialsTest, AnOptionFileHoldsUserAndPassword) {
  const std::string path = warehouse_.file("my.cnf");
  const std::string my_cnf = "      password: {my_cnf: " + path + "}\n";
  const std::string place = "      user: etl_build\n" + my_cnf;
  std::ofstream(path) << "[client]\nuser=etl_build\npassword=\"pw_etl_build\"\n";
  EXPECT_EQ(Connection::open(options_of(place)).query_value("SELECT USER()"),
            "etl_build@localhost");
  EXPECT_THAT(refusal("      user: other\n" + my_cnf),
              AllOf(HasSubstr("the user there is etl_build, and here other"), HasSubstr("one-")));
  std::ofstream(path) << "[client]\nuser=etl_build\npassword=\n";
  EXPECT_THAT(refusal(place), HasSubstr("password is empty there"));
  std::ofstream(path) << "[client]\nuser=\npassword=canary\n";
  EXPECT_THAT(refusal(place), HasSubstr("user is empty there"));
  std::ofstream(path) << "[mysql]\nuser=etl_build\npassword=canary\n";
  EXPECT_THAT(refusal(place), HasSubstr("no password stands there"));
  std::ofstream(path) << "[client]\npassword=pw_etl_build\n";
  EXPECT_EQ(Connection::open(options_of(place)).query_value("SELECT 'in'"), "in");
  std::ofstream(path) << "password=canary\n";
  EXPECT_THAT(refusal(place), HasSubstr("my.cnf:1: an option before the first [group]"));
}

TEST_F(CredentialsTest, WhatASecretLacksIsRefusedBeforeAnyLogin) {
  const std::string place = in_secret;
  const auto with = [&](const std::string& current) {
    services_.set({"secrets", "db/build"}, Json::parse("{\"AWSCURRENT\": " + current + "}"));
    return refusal(place);
  };
  EXPECT_THAT(with(R"({"username": "etl_build", "password": ""})"),
              HasSubstr("password in the secret is empty"));
  EXPECT_THAT(with(R"({"username": "", "password": "canary"})"),
              HasSubstr("username in the secret is empty"));
  EXPECT_THAT(with(R"({"username": "etl_build_clone", "password": "canary"})"),
              HasSubstr("the user there is etl_build_clone, and here etl_build"));
  EXPECT_THAT(refusal("      user: etl_build\n      password: {secretsmanager: gone}\n"),
              AllOf(HasSubstr("one-"), HasSubstr("secret gone of Secrets Manager"),
                    HasSubstr("ResourceNotFoundException")));
  env_["AWS_REGION"] = "";
  EXPECT_THAT(refusal(place), HasSubstr("no region is named for the secret db/build"));
}

TEST_F(CredentialsTest, KeysOfAnotherAccountTouchNothing) {
  use_secrets("aws:\n  account: 111122223333\n");
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7), (3, 9)");
  expect_green(run("silver_transformer"));

  env_["AWS_ACCESS_KEY_ID"] = "AKOTHER";
  env_["AWS_SECRET_ACCESS_KEY"] = "canary-other-secret";
  const int connections_before = connections();
  const auto asked_before = services_.requests().size();
  for (const auto* program : {"silver_transformer", "gold_transformer", "staging_loader"}) {
    const auto outcome = run(program);
    EXPECT_EQ(outcome.program.exit_code, 10) << outcome.program.text();
    EXPECT_EQ(outcome.error(), "Pipeline.ConfigInvalid");
    EXPECT_THAT(outcome.cause(),
                AllOf(HasSubstr("aws.account is 111122223333, but the keys from the environment "
                                "are those of account 444455556666 "
                                "(arn:aws:iam::444455556666:user/other); nothing was touched"),
                      HasSubstr("pipeline.yaml:2:12")));
  }
  EXPECT_EQ(connections(), connections_before);
  const auto actions = services_.actions();
  EXPECT_THAT(
      std::vector(actions.begin() + static_cast<std::ptrdiff_t>(asked_before), actions.end()),
      Each("GetCallerIdentity 200"));
}

TEST_F(CredentialsTest, TheStoresKeysAreAskedForTheirAccountBeforeTheFirstObject) {
  const std::string text = replace_all(
      config_text(), "source:\n  store: store\n",
      "aws:\n  account: 444455556666\nsource:\n  store: s3://dumps\n  region: ap-northeast-1\n");
  write_config("pipeline.yaml", text);
  const int connections_before = connections();
  const auto outcome = run("staging_loader");
  EXPECT_EQ(outcome.error(), "Pipeline.ConfigInvalid") << outcome.program.text();
  EXPECT_THAT(outcome.cause(), HasSubstr("aws.account is 444455556666, but the keys from the "
                                         "environment are those of account 111122223333"));
  EXPECT_EQ(connections(), connections_before);
  EXPECT_THAT(services_.actions(), ElementsAre("GetCallerIdentity 200"));
}

TEST_F(CredentialsTest, AProfileOfPipelineYamlGoesBeforeTheEnvironmentsKeys) {
  std::ofstream(warehouse_.file("aws-credentials"))
      << "[night]\naws_access_key_id = AKNIGHT\naws_secret_access_key = canary-aws-secret\n";
  env_["AWS_SHARED_CREDENTIALS_FILE"] = warehouse_.file("aws-credentials");
  env_["AWS_ACCESS_KEY_ID"] = "AKOTHER";
  env_["AWS_SECRET_ACCESS_KEY"] = "canary-other-secret";
  const std::string plain = config_text();
  use_secrets("aws:\n  profile: night\n  account: 111122223333\n");
  warehouse_.stage("2026-02-01", "(1, 1), (2, 7), (3, 9)");
  expect_green(run("silver_transformer"));
  for (const auto& request : services_.requests()) {
    EXPECT_EQ(request.at("signer").as_string(), "AKNIGHT");
  }
  write_config("pipeline.yaml", plain);
  use_secrets("aws:\n  profile: day\n");
  const auto outcome = run("silver_transformer");
  EXPECT_EQ(outcome.error(), "Pipeline.ConfigInvalid");
  EXPECT_THAT(outcome.cause(), HasSubstr("the profile \"day\" that pipeline.yaml names stands in"));
}

}  // namespace
}  // namespace pipeline
