// Which source serves, in the AWS CLI's order, and what is refused by name before it is asked.
#include "common/aws/credential_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "tests/support/temp_dir.h"

namespace pipeline::aws {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct Given {
  std::map<std::string, std::string> variables;
  std::optional<std::string> config;
  std::optional<std::string> credentials;
  std::string profile;  // of pipeline.yaml
};

Variables variables_of(const Given& given) {
  return [all = given.variables](const std::string& name) -> std::optional<std::string> {
    const auto found = all.find(name);
    if (found == all.end() || found->second.empty()) return {};
    return found->second;
  };
}

ChosenPlan plan(const Given& given) {
  return plan_credentials({.profile = given.profile, .session_name = "session", .hosts = {}},
                          variables_of(given),
                          SharedConfig({.config_path = "CONFIG",
                                        .config = given.config,
                                        .credentials_path = "CREDENTIALS",
                                        .credentials = given.credentials}));
}

std::string text_of(const CredentialPlan& plan);

struct Text {
  std::string operator()(const StaticKeys& keys) const {
    const auto& [id, secret, token, expires, origin] = keys.credentials;
    return fmt::format("keys {}{}", id.reveal(), token.empty() ? "" : " with a token");
  }
  std::string operator()(const ProcessCommand& process) const {
    return "process " + process.command;
  }
  std::string operator()(const WebIdentity& identity) const {
    return fmt::format("{} as {} by {}", identity.role.role_arn, identity.role.session_name,
                       identity.token_file);
  }
  std::string operator()(const AssumedRole& assumed) const {
    const auto& role = assumed.role;
    return fmt::format(
        "{} as {}{}{} <- {}", role.role_arn, role.session_name,
        role.external_id.empty() ? "" : " external " + role.external_id,
        role.duration_seconds == 0 ? "" : fmt::format(" {} s", role.duration_seconds),
        text_of(*assumed.as));
  }
  std::string operator()(const ContainerKeys& container) const { return container.url; }
  std::string operator()(const InstanceKeys&) const { return "instance"; }
};

std::string text_of(const CredentialPlan& plan) {
  return std::visit(Text{}, plan.how);
}
std::string chosen(const Given& given) {
  return text_of(plan(given).plan);
}

std::string refusal(const Given& given, ErrorKind kind = ErrorKind::config_invalid) {
  try {
    return "served by " + chosen(given);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_THAT(error.what(), Not(HasSubstr("canary")));
    return error.message();
  }
}

const std::map<std::string, std::string> key_variables{{"AWS_ACCESS_KEY_ID", "AKENV"},
                                                       {"AWS_SECRET_ACCESS_KEY", "canary"}};
const std::string default_keys =
    "[default]\naws_access_key_id = AKFILE\naws_secret_access_key = canary\n";

std::map<std::string, std::string> with(std::map<std::string, std::string> all,
                                        const std::map<std::string, std::string>& more) {
  all.insert(more.begin(), more.end());
  return all;
}

TEST(CredentialPlan, TheOrderIsThatOfTheAwsCli) {
  // Each source is taken away in turn; the next one serves.
  const std::map<std::string, std::string> all =
      with(key_variables, {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"},
                           {"AWS_ROLE_ARN", "arn:web"},
                           {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/keys"}});
  Given given{.variables = all,
              .config =
                  "[default]\nrole_arn = arn:role\nsource_profile = base\n"
                  "credential_process = get-keys\n[profile base]\n"
                  "aws_access_key_id = AKBASE\naws_secret_access_key = canary\n",
              .credentials = default_keys};
  EXPECT_EQ(chosen(given), "keys AKENV");
  given.variables.erase("AWS_ACCESS_KEY_ID");
  given.variables.erase("AWS_SECRET_ACCESS_KEY");
  EXPECT_EQ(chosen(given), "arn:role as session <- keys AKBASE");
  given.config =
      "[default]\naws_access_key_id = AKCONFIG\naws_secret_access_key = canary\n"
      "credential_process = get-keys\n";
  EXPECT_EQ(chosen(given), "arn:web as session by /token");
  given.variables.erase("AWS_WEB_IDENTITY_TOKEN_FILE");
  EXPECT_EQ(chosen(given), "keys AKFILE");
  given.credentials.reset();
  EXPECT_EQ(chosen(given), "process get-keys");
  given.config = "[default]\naws_access_key_id = AKCONFIG\naws_secret_access_key = canary\n";
  EXPECT_EQ(chosen(given), "keys AKCONFIG");
  given.config.reset();
  EXPECT_EQ(chosen(given), "http://169.254.170.2/v2/keys");
  given.variables.erase("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  EXPECT_EQ(chosen(given), "instance");
  given.variables["AWS_EC2_METADATA_DISABLED"] = "TRUE";
  EXPECT_THAT(refusal(given, ErrorKind::access_denied),
              AllOf(HasSubstr("AWS_ACCESS_KEY_ID is not set"),
                    HasSubstr("the profile default has no keys in CONFIG (not there) and "
                              "CREDENTIALS (not there)"),
                    HasSubstr("no AWS_CONTAINER_CREDENTIALS_... is set"),
                    HasSubstr("AWS_EC2_METADATA_DISABLED is true")));
}

TEST(CredentialPlan, AProfileOfPipelineYamlGoesBeforeTheEnvironmentsKeysOneOfTheVariableDoesNot) {
  const std::string dev = "[dev]\naws_access_key_id = AKDEV\naws_secret_access_key = canary\n";
  EXPECT_EQ(chosen({.variables = key_variables, .credentials = dev, .profile = "dev"}),
            "keys AKDEV");
  EXPECT_EQ(
      chosen({.variables = with(key_variables, {{"AWS_PROFILE", "dev"}}), .credentials = dev}),
      "keys AKENV");
  EXPECT_EQ(chosen({.variables = {{"AWS_PROFILE", "dev"}}, .credentials = dev}), "keys AKDEV");
  EXPECT_EQ(chosen({.variables = {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/t"}, {"AWS_ROLE_ARN", "arn"}},
                    .credentials = dev,
                    .profile = "dev"}),
            "keys AKDEV");
  EXPECT_THAT(refusal({.credentials = dev, .profile = "prod"}),
              HasSubstr("the profile \"prod\" that pipeline.yaml names stands in neither CONFIG "
                        "(not there) and CREDENTIALS"));
  EXPECT_THAT(refusal({.variables = {{"AWS_PROFILE", "prod"}}, .credentials = dev}),
              HasSubstr("\"prod\" that AWS_PROFILE names"));
}

TEST(CredentialPlan, TokensAndHalvesOfPairs) {
  EXPECT_EQ(chosen({.variables = with(key_variables, {{"AWS_SESSION_TOKEN", "canary-t"}})}),
            "keys AKENV with a token");
  EXPECT_EQ(chosen({.credentials = default_keys + "aws_session_token = canary-t\n"}),
            "keys AKFILE with a token");
  EXPECT_THAT(refusal({.variables = {{"AWS_ACCESS_KEY_ID", "canary"}}, .credentials = default_keys},
                      ErrorKind::access_denied),
              HasSubstr("AWS_SECRET_ACCESS_KEY is not set or empty"));
  EXPECT_THAT(
      refusal({.variables = {{"AWS_SECRET_ACCESS_KEY", "canary"}}}, ErrorKind::access_denied),
      HasSubstr("AWS_ACCESS_KEY_ID is not set or empty"));
  EXPECT_EQ(refusal({.credentials = "[default]\naws_access_key_id = canary\n"}),
            "profile default of CREDENTIALS: the access key id is there without the secret access "
            "key");
}

TEST(CredentialPlan, RolesOfProfiles) {
  const std::string settings =
      "[profile a]\nrole_arn = arn:a\nsource_profile = b\nexternal_id = x-1\n"
      "role_session_name = nightly\nduration_seconds = 900\n"
      "[profile b]\nrole_arn = arn:b\nsource_profile = c\n"
      "[profile c]\naws_access_key_id = AKC\naws_secret_access_key = canary\n";
  EXPECT_EQ(chosen({.config = settings, .profile = "a"}),
            "arn:a as nightly external x-1 900 s <- arn:b as session <- keys AKC");
  // A profile's own keys may take its own role.
  EXPECT_EQ(chosen({.config = "[profile s]\nrole_arn = arn:s\nsource_profile = s\n"
                              "aws_access_key_id = AKS\naws_secret_access_key = canary\n",
                    .profile = "s"}),
            "arn:s as session <- keys AKS");
  EXPECT_EQ(chosen({.config = "[profile p]\nrole_arn = arn:p\nsource_profile = q\n"
                              "[profile q]\ncredential_process = get\n",
                    .profile = "p"}),
            "arn:p as session <- process get");
  EXPECT_EQ(chosen({.config = "[profile w]\nrole_arn = arn:w\nweb_identity_token_file = /t\n",
                    .profile = "w"}),
            "arn:w as session by /t");
  const auto source = [](const std::string& name, std::map<std::string, std::string> variables) {
    return Given{.variables = std::move(variables),
                 .config = "[profile p]\nrole_arn = arn:p\ncredential_source = " + name + "\n",
                 .profile = "p"};
  };
  EXPECT_EQ(chosen(source("Environment", key_variables)), "arn:p as session <- keys AKENV");
  EXPECT_EQ(chosen(source("Ec2InstanceMetadata", {})), "arn:p as session <- instance");
  EXPECT_EQ(chosen(source("EcsContainer", {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/k"}})),
            "arn:p as session <- http://169.254.170.2/k");
  EXPECT_THAT(refusal(source("Environment", {})), HasSubstr("AWS_ACCESS_KEY_ID is not set"));
  EXPECT_THAT(refusal(source("EcsContainer", {})), HasSubstr("no AWS_CONTAINER_CREDENTIALS"));
  EXPECT_THAT(refusal(source("Ec2InstanceMetadata", {{"AWS_EC2_METADATA_DISABLED", "true"}})),
              HasSubstr("AWS_EC2_METADATA_DISABLED is true"));
  EXPECT_THAT(refusal(source("Instance", {})), HasSubstr("not \"Instance\""));
}

TEST(CredentialPlan, CirclesAndContradictionsAreRefusedByName) {
  const auto of = [](const std::string& config) {
    return refusal({.config = config, .profile = "a"});
  };
  const std::string a = "[profile a]\nrole_arn = arn:a\n";
  EXPECT_EQ(of(a + "source_profile = b\n[profile b]\nrole_arn = arn:b\nsource_profile = c\n"
                   "[profile c]\nrole_arn = arn:c\nsource_profile = b\n"),
            "the profiles take their roles in a circle: a -> b -> c -> b");
  EXPECT_EQ(of(a + "source_profile = a\n"), "the profiles take their roles in a circle: a -> a");
  EXPECT_THAT(of(a + "source_profile = gone\n"),
              HasSubstr("its source_profile \"gone\" stands in"));
  EXPECT_THAT(of(a + "source_profile = b\n[profile b]\nregion = r\n"),
              HasSubstr("its source_profile \"b\" has no keys"));
  EXPECT_THAT(of(a), HasSubstr("role_arn needs a source_profile"));
  EXPECT_THAT(of(a + "source_profile = b\ncredential_source = Environment\n[profile b]\n"),
              HasSubstr("exclude each other"));
  EXPECT_THAT(of(a + "source_profile = b\nmfa_serial = arn:mfa\n[profile b]\n"),
              HasSubstr("mfa_serial"));
  for (const auto* seconds : {"899", "43201", "1h", "-900"}) {
    EXPECT_THAT(of(a + "source_profile = b\nduration_seconds = " + seconds +
                   "\n[profile b]\naws_access_key_id = K\naws_secret_access_key = canary\n"),
                HasSubstr("duration_seconds is a number from 900 to 43200"))
        << seconds;
  }
  EXPECT_THAT(of("[profile a]\nsso_session = corp\n"),
              HasSubstr("sso_session is not supported; make another profile with "
                        "credential_process = aws configure export-credentials --profile a"));
  EXPECT_THAT(of("[profile a]\nweb_identity_token_file = /t\n"), HasSubstr("needs a role_arn"));
  EXPECT_THAT(refusal({.variables = {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/t"}}}),
              HasSubstr("AWS_ROLE_ARN is not set"));
}

TEST(CredentialPlan, AContainerIsAskedInClearTextOnlyWhereNobodyListens) {
  const auto full = [](const std::string& url) {
    return Given{.variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url}}};
  };
  for (const auto* url :
       {"https://keys.example.org/k", "http://127.0.0.1:8080/k?x=1", "http://localhost/k",
        "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1", "http://[::1]:80/k"}) {
    EXPECT_EQ(chosen(full(url)), url);
  }
  for (const auto* url :
       {"http://keys.example.org/k", "http://169.254.169.254/k", "http://127.0.0.1.example.org/",
        "http://localhost@example.org/k", "http://example.org?@localhost/", "http://10.0.0.1/"}) {
    EXPECT_THAT(refusal(full(url)), HasSubstr("would be asked in clear text")) << url;
  }
  EXPECT_THAT(refusal(full("ftp://localhost/")), HasSubstr("neither https:// nor http://"));
  EXPECT_THAT(refusal({.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@example.org/"}}}),
              HasSubstr("does not begin with a slash"));
}

TEST(CredentialPlan, TheRegionIsTheVariablesThenTheProfiles) {
  const auto region = [](const Given& given) {
    return plan_region({.profile = given.profile, .session_name = "", .hosts = {}},
                       variables_of(given),
                       SharedConfig({.config_path = "CONFIG",
                                     .config = given.config,
                                     .credentials_path = "CREDENTIALS",
                                     .credentials = given.credentials}));
  };
  const std::string config = "[profile dev]\nregion = of-profile\n";
  EXPECT_EQ(region({.variables = {{"AWS_REGION", "r1"}, {"AWS_DEFAULT_REGION", "r2"}}}), "r1");
  EXPECT_EQ(region({.variables = {{"AWS_DEFAULT_REGION", "r2"}}, .config = config}), "r2");
  EXPECT_EQ(region({.variables = {{"AWS_PROFILE", "dev"}}, .config = config}), "of-profile");
  EXPECT_EQ(region({.config = config, .profile = "dev"}), "of-profile");
  EXPECT_EQ(region({.config = config}), "");
}

TEST(CredentialPlan, FilesLieBelowHomeOrWhereTheVariablesSay) {
  const test::TempDir dir;
  dir.write(".aws/credentials", default_keys);
  dir.write("elsewhere", "[default]\nregion = r\n");
  const auto files = read_shared_config(
      variables_of({.variables = {{"HOME", dir.path()}, {"AWS_CONFIG_FILE", "~/elsewhere"}}}));
  EXPECT_EQ(files.find("default", "aws_access_key_id"), "AKFILE");
  EXPECT_EQ(files.find("default", "region"), "r");
  EXPECT_EQ(files.text(), dir.file("elsewhere") + " and " + dir.file(".aws/credentials"));
  // A link to itself: nobody may follow it, whoever runs the test.
  const test::TempDir home;
  std::filesystem::create_directories(home.file(".aws"));
  std::filesystem::create_symlink("config", home.file(".aws/config"));
  EXPECT_THAT(read_shared_config(variables_of({.variables = {{"HOME", home.path()}}})).text(),
              HasSubstr(".aws/config (not there)"));
  EXPECT_THROW(read_shared_config(
                   variables_of({.variables = {{"AWS_CONFIG_FILE", home.file(".aws/config")}}})),
               Error);
  try {
    read_shared_config(variables_of({.variables = {{"AWS_CONFIG_FILE", dir.path()}}}));
    ADD_FAILURE() << "a folder was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
    EXPECT_THAT(error.what(), HasSubstr(dir.path()));
  }
}

}  // namespace
}  // namespace pipeline::aws
