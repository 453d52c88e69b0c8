// Credentials from real answers: each source against a server that verifies signatures by itself.
#include "common/aws/credential_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

#include <cstdlib>

#include "common/aws/sts.h"
#include "common/base/error.h"
#include "common/base/log.h"
#include "tests/support/aws_services.h"
#include "tests/support/temp_dir.h"

namespace pipeline::aws {
namespace {

using test::AwsServices;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view known = R"({
  "keys": {
    "AKBASE": {"secret": "canary-base-secret/+", "account": "111122223333",
               "arn": "arn:aws:iam::111122223333:user/base"},
    "AKTOKEN": {"secret": "canary-token-secret", "token": "canary-session-token+/=",
                "account": "111122223333", "arn": "arn:aws:iam::111122223333:user/base"}
  },
  "roles": {
    "arn:aws:iam::111122223333:role/first": {
      "trusts": ["arn:aws:iam::111122223333:user/base"], "external_id": "ext & 1",
      "assumed_arn": "arn:aws:sts::111122223333:assumed-role/first/x", "account": "111122223333"},
    "arn:aws:iam::444455556666:role/second": {
      "trusts": ["arn:aws:sts::111122223333:assumed-role/first/x"],
      "assumed_arn": "arn:aws:sts::444455556666:assumed-role/second/x", "account": "444455556666"},
    "arn:aws:iam::444455556666:role/web": {
      "trusts": [], "web_token": "canary.web.token",
      "assumed_arn": "arn:aws:sts::444455556666:assumed-role/web/x", "account": "444455556666"}
  },
  "container": {"authorization": "Bearer canary-container", "key_id": "AKCONTAINER",
                "secret": "canary-c-secret", "token": "canary-c-token"},
  "instance": {"metadata_token": "canary-imds-token", "role": "night", "key_id": "AKINSTANCE",
               "secret": "canary-i-secret", "token": "canary-i-token"}
})";

class CredentialChainTest : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_THAT(told_, Not(HasSubstr("canary"))) << "an error tells a secret";
  }

  /// Files and variables are those of the test alone.
  ChainOptions options(const std::string& profile = "") {
    variables_.insert({{"HOME", dir_.path()},
                       {"AWS_ENDPOINT_URL", services_.origin()},
                       {"AWS_EC2_METADATA_DISABLED", "true"}});
    ChainOptions options{.profile = profile};
    options.services.variables = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      if (found == variables_.end() || found->second.empty()) return {};
      return found->second;
    };
    options.services.retry = {.attempts_max = 3, .first_delay_max = std::chrono::milliseconds(1)};
    options.hosts = {.container_origin = services_.origin(), .instance_origin = services_.origin()};
    options.process_limit = std::chrono::seconds(20);
    return options;
  }
  Credentials fetch(const std::string& profile = "") {
    return CredentialChain(options(profile)).fetch();
  }
  std::string refusal(const std::string& profile = "", ErrorKind kind = ErrorKind::access_denied) {
    try {
      const auto credentials = fetch(profile);
      return "served by " + credentials.origin;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      told_ += error.what();
      return error.what();
    }
  }
  /// Whose keys these are, says the service that knows them.
  std::string arn_of(const Credentials& credentials) {
    ServiceClient client(options().services);
    return Sts(client, "eu-west-1").get_caller_identity(credentials).arn;
  }
  void set(const std::string& name, const std::string& value) { variables_[name] = value; }

  test::TempDir dir_;
  AwsServices services_{known};
  std::map<std::string, std::string> variables_;
  std::string told_;
};

const std::string base_keys =
    "[base]\naws_access_key_id = AKBASE\naws_secret_access_key = canary-base-secret/+\n";

TEST_F(CredentialChainTest, KeysOfTheEnvironmentSignRequestsThatTheServiceTakes) {
  set("AWS_ACCESS_KEY_ID", "AKTOKEN");
  set("AWS_SECRET_ACCESS_KEY", "canary-token-secret");
  set("AWS_SESSION_TOKEN", "canary-session-token+/=");
  const auto credentials = fetch();
  EXPECT_EQ(credentials.origin, "the environment");
  EXPECT_EQ(arn_of(credentials), "arn:aws:iam::111122223333:user/base");
  EXPECT_EQ(services_.requests().back().at("region").as_string(), "eu-west-1");
}

TEST_F(CredentialChainTest, TheServiceOfTheTestRefusesWhatIsSignedWrong) {
  // Without this the tests here would prove nothing.
  const auto refused_with = [&](const char* id, const char* secret, const char* token) {
    try {
      arn_of({.access_key_id = Secret(id),
              .secret_access_key = Secret(secret),
              .session_token = Secret(token)});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::access_denied);
    }
    return services_.requests().back().at("refused").as_string();
  };
  EXPECT_EQ(refused_with("AKBASE", "canary-wrong", ""), "SignatureDoesNotMatch");
  EXPECT_EQ(refused_with("AKNOBODY", "canary-wrong", ""), "InvalidClientTokenId");
  EXPECT_EQ(refused_with("AKTOKEN", "canary-token-secret", ""), "InvalidClientTokenId");
  EXPECT_EQ(refused_with("AKTOKEN", "canary-token-secret", "canary-other"), "InvalidClientTokenId");
}

TEST_F(CredentialChainTest, RolesAreAssumedOneThroughTheOther) {
  dir_.write(".aws/credentials", base_keys);
  dir_.write(".aws/config",
             "[profile first]\nrole_arn = arn:aws:iam::111122223333:role/first\n"
             "source_profile = base\nexternal_id = ext & 1\n"
             "[profile second]\nrole_arn = arn:aws:iam::444455556666:role/second\n"
             "source_profile = first\nrole_session_name = night\nduration_seconds = 1800\n"
             "region = ap-northeast-1\n");
  const auto credentials = fetch("second");
  EXPECT_EQ(credentials.access_key_id.reveal(), "ASIAROLE0002");
  EXPECT_TRUE(credentials.expires_at.has_value());
  EXPECT_EQ(arn_of(credentials), "arn:aws:sts::444455556666:assumed-role/second/x");
  EXPECT_THAT(credentials.origin, HasSubstr("profile second of " + dir_.file(".aws/config")));
  const auto requests = services_.requests();
  EXPECT_EQ(requests[0].at("signer").as_string(), "AKBASE");
  EXPECT_EQ(requests[1].at("signer").as_string(), "ASIAROLE0001");
  EXPECT_EQ(requests[1].at("session").as_string(), "night");
  EXPECT_EQ(requests[1].at("duration").as_string(), "1800");
  EXPECT_EQ(requests[1].at("region").as_string(), "ap-northeast-1");
  EXPECT_THAT(requests[0].at("session").as_string(), HasSubstr("nightly-pipeline-"));
}

TEST_F(CredentialChainTest, ARoleThatIsRefusedNamesTheRoleTheProfileAndTheReason) {
  dir_.write(".aws/credentials", base_keys);
  dir_.write(".aws/config",
             "[profile first]\nrole_arn = arn:aws:iam::111122223333:role/first\n"
             "source_profile = base\nexternal_id = another\n");
  EXPECT_THAT(refusal("first"),
              AllOf(HasSubstr("no AWS credentials from profile first"),
                    HasSubstr("sts:AssumeRole of arn:aws:iam::111122223333:role/first is refused: "
                              "AccessDenied: User: arn:aws:iam::111122223333:user/base is not"),
                    HasSubstr("request_id=r-1")));
  EXPECT_THAT(services_.actions(), ElementsAre("AssumeRole 403")) << "a refusal is not repeated";
}

TEST_F(CredentialChainTest, AServiceThatIsDownIsAskedAgainAndThenNamed) {
  dir_.write(".aws/credentials", base_keys);
  dir_.write(".aws/config",
             "[profile first]\nrole_arn = arn:aws:iam::111122223333:role/first\n"
             "source_profile = base\nexternal_id = ext & 1\n");
  services_.set({"failing"}, 2);
  EXPECT_EQ(fetch("first").access_key_id.reveal(), "ASIAROLE0001");
  services_.set({"failing"}, 3);
  EXPECT_THAT(refusal("first", ErrorKind::unavailable),
              AllOf(HasSubstr("profile first"), HasSubstr("answers 503 ServiceUnavailable")));
  set("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1");
  EXPECT_THAT(refusal("first", ErrorKind::unavailable), HasSubstr("http://127.0.0.1:1"));
  set("AWS_ENDPOINT_URL_STS", "http://sts.example.org");
  EXPECT_THAT(refusal("first", ErrorKind::config_invalid),
              HasSubstr("AWS_ENDPOINT_URL_STS: the endpoint \"http://sts.example.org\" would be "
                        "reached in clear text"));
}

TEST_F(CredentialChainTest, AWebIdentitysTokenTakesARoleWithoutASignature) {
  set("AWS_WEB_IDENTITY_TOKEN_FILE", dir_.write("token", "canary.web.token\n"));
  set("AWS_ROLE_ARN", "arn:aws:iam::444455556666:role/web");
  set("AWS_ROLE_SESSION_NAME", "pod-1");
  EXPECT_EQ(arn_of(fetch()), "arn:aws:sts::444455556666:assumed-role/web/x");
  const auto request = services_.requests().front();
  EXPECT_EQ(request.at("session").as_string(), "pod-1");
  EXPECT_FALSE(request.at("signed").as_bool());

  dir_.write("token", "canary.other");
  EXPECT_THAT(refusal(), HasSubstr("InvalidIdentityToken: no OpenIDConnect provider"));
  dir_.write("token", "\n");
  EXPECT_THAT(refusal(), HasSubstr("the token " + dir_.file("token") + " is empty"));
  set("AWS_WEB_IDENTITY_TOKEN_FILE", dir_.file("gone"));
  EXPECT_THAT(refusal(), HasSubstr(dir_.file("gone")));
}

TEST_F(CredentialChainTest, AWebIdentityOfAProfile) {
  dir_.write("token", "canary.web.token");
  dir_.write(".aws/config",
             "[profile web]\nrole_arn = arn:aws:iam::444455556666:role/web\n"
             "web_identity_token_file = " +
                 dir_.file("token") + "\n");
  EXPECT_EQ(arn_of(fetch("web")), "arn:aws:sts::444455556666:assumed-role/web/x");
}

TEST_F(CredentialChainTest, AProcessPrintsKeysAndIsNoShell) {
  dir_.write("get keys.py",
             "import json, sys\nprint('canary on stderr', file=sys.stderr)\n"
             "assert sys.argv[1:] == ['$HOME', 'a;b'], sys.argv\n"
             "print(json.dumps({'Version': 1, 'AccessKeyId': 'AKBASE', 'SecretAccessKey': "
             "'canary-base-secret/+'}))\n");
  dir_.write(".aws/config", "[profile p]\ncredential_process = python3 '" +
                                dir_.file("get keys.py") + "' $HOME a;b\n");
  const auto credentials = fetch("p");
  EXPECT_EQ(credentials.origin, "the credential_process of profile p");
  EXPECT_EQ(arn_of(credentials), "arn:aws:iam::111122223333:user/base");
}

TEST_F(CredentialChainTest, AProcessThatFailsSaysHowAndNotWhatItPrinted) {
  const auto refused = [&](const std::string& command, ErrorKind kind = ErrorKind::access_denied) {
    dir_.write(".aws/config", "[profile p]\ncredential_process = " + command + "\n");
    return refusal("p", kind);
  };
  EXPECT_THAT(refused("sh -c 'echo canary; echo canary >&2; exit 3'"),
              HasSubstr("credential_process sh: exit code 3"));
  EXPECT_THAT(refused("sh -c 'echo canary'"), HasSubstr("no JSON object"));
  EXPECT_THAT(refused("sh -c 'kill -9 $$'"), HasSubstr("signal KILL"));
  EXPECT_THAT(refused("/nowhere/get-keys --key canary"), HasSubstr("/nowhere/get-keys: cannot be"));
  EXPECT_THAT(refused("sh -c 'head -c 70000 /dev/zero'"), HasSubstr("more than 65536 bytes"));
  EXPECT_THAT(refused("sh 'canary", ErrorKind::config_invalid), HasSubstr("leaves a quote open"));
  EXPECT_THAT(refused("printf '{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": "
                      "\"canary\", \"Expiration\": \"2020-01-01T00:00:00Z\"}'"),
              HasSubstr("expired at 2020-01-01T00:00:00.000Z"));
}

TEST_F(CredentialChainTest, AProcessThatDoesNotEndIsEnded) {
  dir_.write(".aws/config", "[profile p]\ncredential_process = sleep 600\n");
  ChainOptions limited = options("p");
  limited.process_limit = std::chrono::milliseconds(300);
  try {
    CredentialChain(limited).fetch();
    ADD_FAILURE() << "it ended by itself";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::timed_out);
    EXPECT_THAT(error.what(), HasSubstr("sleep did not end within 300 ms"));
  }
}

TEST_F(CredentialChainTest, AContainersKeysWantItsToken) {
  set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/container/v2");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("no AWS credentials from the container"),
                               HasSubstr("answered with 401"),
                               HasSubstr("before it: AWS_ACCESS_KEY_ID is not set")));
  set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer canary-container");
  EXPECT_EQ(fetch().access_key_id.reveal(), "AKCONTAINER");
  // The file goes before the variable.
  set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", dir_.write("t", "Bearer canary-wrong\n"));
  EXPECT_THAT(refusal(), HasSubstr("answered with 401"));
  dir_.write("t", "Bearer canary-container\n");
  EXPECT_EQ(fetch().session_token.reveal(), "canary-c-token");
  dir_.write("t", "Bearer canary\r\nX-Other: 1");
  EXPECT_THAT(refusal(), HasSubstr("holds a line break"));
  set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "");
  set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "");
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", services_.origin() + "/container/full");
  EXPECT_EQ(fetch().access_key_id.reveal(), "AKCONTAINER");
}

TEST_F(CredentialChainTest, AnInstanceIsAskedForATokenFirstAndNeverWithoutOne) {
  set("AWS_EC2_METADATA_DISABLED", "false");
  EXPECT_EQ(fetch().access_key_id.reveal(), "AKINSTANCE");
  const std::string roles = "metadata /latest/meta-data/iam/security-credentials/";
  EXPECT_THAT(services_.actions(),
              ElementsAre("metadata /latest/api/token 200", roles + " 200", roles + "night 200"));
  services_.set({"instance"}, Json::parse(R"({"metadata_token": "canary"})"));
  EXPECT_THAT(refusal(), HasSubstr("the instance has no role"));
}

TEST_F(CredentialChainTest, AnInstanceThatOffersNoTokenOrDoesNotAnswerEndsTheSearchSoon) {
  set("AWS_EC2_METADATA_DISABLED", "");
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:1";
  EXPECT_THAT(refusal("", ErrorKind::unavailable),
              AllOf(HasSubstr("no AWS credentials from the instance's metadata"),
                    HasSubstr("AWS_ACCESS_KEY_ID is not set"),
                    HasSubstr("the profile default has no keys")));
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = services_.origin() + "/nothing-here/";
  EXPECT_THAT(refusal(), HasSubstr("the request for a token of IMDSv2"));
  for (const auto& action : services_.actions()) EXPECT_THAT(action, HasSubstr("/api/token"));
  variables_["AWS_METADATA_SERVICE_TIMEOUT"] = "soon";
  EXPECT_THAT(refusal("", ErrorKind::config_invalid), HasSubstr("AWS_METADATA_SERVICE_TIMEOUT"));
}

TEST_F(CredentialChainTest, ChangedFilesAreHeard) {
  dir_.write(".aws/credentials",
             "[default]\naws_access_key_id = AK1\naws_secret_access_key = s1\n");
  CredentialChain chain(options());
  EXPECT_EQ(chain.fetch().access_key_id.reveal(), "AK1");
  dir_.write(".aws/credentials",
             "[default]\naws_access_key_id = AK2\naws_secret_access_key = s2\n");
  EXPECT_EQ(chain.fetch().access_key_id.reveal(), "AK2");
}

TEST(ServiceAt, IsInThePartitionOfItsRegion) {
  const Variables none = [](const std::string&) { return std::nullopt; };
  EXPECT_EQ(service_at("sts", "ap-northeast-1", none).endpoint.origin(),
            "https://sts.ap-northeast-1.amazonaws.com");
  EXPECT_EQ(service_at("secretsmanager", "cn-north-1", none).endpoint.origin(),
            "https://secretsmanager.cn-north-1.amazonaws.com.cn");
  EXPECT_THROW(service_at("sts", "evil.example.org/", none), Error);
  EXPECT_THROW(service_at("sts", "", none), Error);
  const Variables both = [](const std::string& name) -> std::optional<std::string> {
    if (name == "AWS_ENDPOINT_URL") return "https://all.example.org";
    if (name == "AWS_ENDPOINT_URL_SECRETS_MANAGER") return "https://own.example.org:8443/";
    return {};
  };
  EXPECT_EQ(service_at("sts", "r-1", both).endpoint.origin(), "https://all.example.org");
  EXPECT_EQ(service_at("secretsmanager", "r-1", both).endpoint.origin(),
            "https://own.example.org:8443");
}

}  // namespace
}  // namespace pipeline::aws
