// The login that a secret holds: usual names of keys, text and binary, versions by their stage.
#include "common/aws/secrets_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/support/aws_services.h"

namespace pipeline::aws {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string refusal(std::string_view secret) {
  try {
    parse_secret_login(secret);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::access_denied);
    EXPECT_THAT(error.what(), Not(HasSubstr("canary")));
    return error.message();
  }
  return "nothing was thrown";
}

TEST(SecretLogin, KnowsTheUsualNamesOfKeys) {
  for (const auto* user : {"username", "user", "db_username", "dbUser", "dbUsername", "USERNAME"}) {
    for (const auto* password : {"password", "pass", "db_password", "dbPassword", "Password"}) {
      const auto login =
          parse_secret_login(std::string("{\"engine\": \"mysql\", \"port\": 3306, \"") + user +
                             "\": \"app\", \"" + password + "\": \"p\\u00e4ss \\\" word\"}");
      EXPECT_EQ(login.user, "app") << user;
      EXPECT_EQ(login.password.reveal(), "p\u00e4ss \" word") << password;
    }
  }
  EXPECT_EQ(parse_secret_login(R"({"password": "p"})").user, "");
  EXPECT_EQ(parse_secret_login(R"({"user": "a", "username": "a", "password": "p"})").user, "a");
}

TEST(SecretLogin, APlainTextIsAPassword) {
  const auto login = parse_secret_login("pass word {x}\n");
  EXPECT_EQ(login.user, "");
  EXPECT_EQ(login.password.reveal(), "pass word {x}");
  EXPECT_EQ(parse_secret_login("12345").password.reveal(), "12345");
}

TEST(SecretLogin, WhatIsEmptyMissingOrContradictsItselfIsRefusedByItsKey) {
  EXPECT_EQ(refusal(""), "the secret is empty");
  EXPECT_EQ(refusal("\n"), "the secret is empty");
  EXPECT_EQ(refusal(R"({"username": "app", "password": ""})"), "password in the secret is empty");
  EXPECT_EQ(refusal(R"({"dbUser": "", "password": "canary"})"), "dbUser in the secret is empty");
  EXPECT_EQ(refusal(R"({"pass": 12345})"), "pass in the secret is no text");
  EXPECT_EQ(refusal(R"({"password": null})"), "password in the secret is no text");
  EXPECT_EQ(refusal(R"({"user": "app", "geheim": "canary"})"),
            "the secret has no password; its keys are user, geheim");
  EXPECT_EQ(refusal("{}"), "the secret has no password; its keys are none");
  EXPECT_EQ(refusal(R"({"password": "canary-1", "pass": "canary-2"})"),
            "password and pass in the secret contradict each other");
}

TEST(SecretLogin, TheRegionOfAnArn) {
  EXPECT_EQ(region_of_secret("arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf"),
            "eu-west-1");
  EXPECT_EQ(region_of_secret("prod/db"), std::nullopt);
}

class FixedKeys : public CredentialsSource {
 public:
  Credentials fetch() override { return keys("AKOLD", "canary-old"); }
  Credentials renew(const Credentials&) override { return keys("AKNEW", "canary-new"); }
  std::string text() const override { return "the test"; }
  static Credentials keys(const char* id, const char* secret) {
    return {.access_key_id = Secret(id), .secret_access_key = Secret(secret), .session_token = {}};
  }
};

class SecretsManagerTest : public testing::Test {
 protected:
  std::optional<SecretLogin> login(const std::string& secret, std::string_view stage = "") {
    ServiceOptions options;
    options.variables = [this](const std::string& name) -> std::optional<std::string> {
      if (name != "AWS_ENDPOINT_URL_SECRETS_MANAGER") return {};
      return services_.origin();
    };
    options.retry = {.attempts_max = 2, .first_delay_max = std::chrono::milliseconds(1)};
    ServiceClient client(options);
    FixedKeys keys;
    return SecretsManager(client, "ap-northeast-1").login(secret, stage, keys);
  }
  std::string failure(const std::string& secret, ErrorKind kind) {
    try {
      login(secret);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind);
      EXPECT_THAT(error.what(), Not(HasSubstr("canary")));
      return error.what();
    }
    return "nothing was thrown";
  }
  test::AwsServices services_{R"({
    "keys": {"AKOLD": {"secret": "canary-old", "account": "1", "arn": "arn:old"},
             "AKNEW": {"secret": "canary-new", "account": "1", "arn": "arn:new"}},
    "secrets": {"prod/db": {"AWSCURRENT": {"username": "app", "password": "canary-1"},
                            "AWSPENDING": {"binary": "{\"user\": \"app\", \"pass\": \"canary-2\"}"}},
                "bare": {"AWSCURRENT": "canary-3"}}})"};
};

TEST_F(SecretsManagerTest, GivesTheVersionOfAStageAsTextOrBinary) {
  EXPECT_EQ(login("prod/db")->password.reveal(), "canary-1");
  EXPECT_EQ(login("prod/db", "AWSCURRENT")->user, "app");
  EXPECT_EQ(login("prod/db", "AWSPENDING")->password.reveal(), "canary-2");
  EXPECT_EQ(login("prod/db", "AWSPREVIOUS").has_value(), false);
  EXPECT_EQ(login("bare")->password.reveal(), "canary-3");
  const auto request = services_.requests().front();
  EXPECT_EQ(request.at("region").as_string(), "ap-northeast-1");
  EXPECT_EQ(request.at("signer").as_string(), "AKOLD");
  EXPECT_TRUE(request.at("stage").is_null());
}

TEST_F(SecretsManagerTest, CredentialsThatExpiredAreRenewedOnce) {
  services_.set({"keys", "AKOLD", "expired"}, true);
  EXPECT_EQ(login("bare")->password.reveal(), "canary-3");
  EXPECT_THAT(services_.actions(), ElementsAre("GetSecretValue 403", "GetSecretValue 200"));
  services_.set({"keys", "AKNEW", "expired"}, true);
  EXPECT_THAT(failure("bare", ErrorKind::access_denied), HasSubstr("ExpiredToken"));
}

TEST_F(SecretsManagerTest, RefusalsNameTheSecretAndTheReason) {
  EXPECT_THAT(failure("gone", ErrorKind::access_denied),
              HasSubstr("secretsmanager:GetSecretValue of gone is refused: "
                        "ResourceNotFoundException: Secrets Manager can't find the secret."));
  services_.set({"keys", "AKOLD", "secret"}, "canary-other");
  EXPECT_THAT(failure("bare", ErrorKind::access_denied), HasSubstr("SignatureDoesNotMatch"));
  services_.set({"failing"}, 2);
  EXPECT_THAT(failure("bare", ErrorKind::unavailable),
              AllOf(HasSubstr("GetSecretValue of bare"), HasSubstr("503")));
}

}  // namespace
}  // namespace pipeline::aws
