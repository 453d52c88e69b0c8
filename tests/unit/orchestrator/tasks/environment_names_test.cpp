// The variables that pipeline.yaml names, which stages must see too.
#include "orchestrator/environment_names.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pipeline {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::IsSupersetOf;
using testing::Not;
using testing::StartsWith;

TEST(EnvironmentNames, AreThoseInTheTextAndThoseThatHoldPasswords) {
  PipelineConfig config;
  config.warehouse.accounts["load"].password = {.source = SecretReference::Source::environment,
                                                .name = "LOAD_PASSWORD"};
  config.warehouse.accounts["build"].password = {.source = SecretReference::Source::file,
                                                 .name = "/etc/password"};
  EXPECT_EQ(environment_names("store: ${STORE}/x${DB_HOST}${STORE}\nprice: $$5 ${open", config),
            (std::vector<std::string>{"DB_HOST", "LOAD_PASSWORD", "STORE"}));
}

TEST(EnvironmentNames, AreThoseOfTheKeysOfABucket) {
  PipelineConfig config;
  config.source.s3.emplace();
  EXPECT_THAT(environment_names("", config),
              IsSupersetOf({"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ROLE_ARN"}));
  config.source.s3->keys.emplace();
  config.source.s3->keys->secret_access_key = {.source = SecretReference::Source::environment,
                                               .name = "STORE_SECRET"};
  EXPECT_THAT(environment_names("", config),
              AllOf(Contains("STORE_SECRET"), Not(Contains(StartsWith("AWS_")))));
  config.aws.account = "111122223333";
  EXPECT_THAT(environment_names("", config),
              IsSupersetOf({"AWS_CA_BUNDLE", "AWS_ENDPOINT_URL_STS", "AWS_REGION"}))
      << "STS is asked whose they are";
  config.aws.account.clear();
  config.warehouse.accounts["load"].password = {.source = SecretReference::Source::secretsmanager,
                                                .name = "prod/db"};
  EXPECT_THAT(environment_names("", config),
              IsSupersetOf({"AWS_PROFILE", "AWS_ROLE_ARN", "STORE_SECRET"}));
}

TEST(EnvironmentNames, NameProxiesWhereStagesReachABucketOrAws) {
  const auto proxies = IsSupersetOf({"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy",
                                     "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"});
  EXPECT_THAT(environment_names("", PipelineConfig()), testing::IsEmpty());

  PipelineConfig bucket;
  bucket.source.s3.emplace();
  EXPECT_THAT(environment_names("", bucket), proxies);
  bucket.source.s3->keys.emplace();
  EXPECT_THAT(environment_names("", bucket), proxies) << "with keys of its own";

  PipelineConfig secrets;
  secrets.warehouse.accounts["load"].password = {.source = SecretReference::Source::secretsmanager,
                                                 .name = "prod/db"};
  EXPECT_THAT(environment_names("", secrets), proxies);
}

TEST(EnvironmentNames, OfAlertChannelsAreNoneOfAStage) {
  PipelineConfig config;
  config.alerts["chat"].kind = WebhookAlert{
      .url_place = {.source = SecretReference::Source::environment, .name = "SLACK_URL"}};
  EXPECT_THAT(environment_names("", config), testing::IsEmpty());
  EXPECT_THAT(secret_environment_names(config), Contains("SLACK_URL"));
}

TEST(EnvironmentNames, OfADoctorAreThoseOfAwsTooWhereOnlyAlertsUseIt) {
  const auto of_aws = IsSupersetOf({"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "HTTPS_PROXY"});
  PipelineConfig config;
  config.alerts["ops"].kind = CommandAlert{.argv = {"alert"}};
  EXPECT_THAT(doctor_environment_names("${X}", config), testing::ElementsAre("X"));
  config.alerts["topic"].kind =
      SnsAlert{.topic_arn = "arn:aws:sns:eu-north-1:111122223333:night", .region = "eu-north-1"};
  EXPECT_THAT(doctor_environment_names("", config), of_aws);
  EXPECT_THAT(environment_names("", config), testing::IsEmpty()) << "no stage of a run needs them";
  config.alerts["topic"].kind = WebhookAlert{
      .url_place = {.source = SecretReference::Source::secretsmanager, .name = "prod/chat"}};
  EXPECT_THAT(doctor_environment_names("", config), of_aws);
}

TEST(EnvironmentNames, TellWhichHoldWhatNobodyMayPrint) {
  PipelineConfig config;
  config.warehouse.accounts["load"].password = {.source = SecretReference::Source::environment,
                                                .name = "LOAD_PASSWORD"};
  config.source.s3.emplace();
  config.source.s3->keys.emplace();
  config.source.s3->keys->secret_access_key = {.source = SecretReference::Source::environment,
                                               .name = "STORE_SECRET"};
  EXPECT_THAT(secret_environment_names(config),
              IsSupersetOf({"LOAD_PASSWORD", "STORE_SECRET", "AWS_SECRET_ACCESS_KEY",
                            "AWS_SESSION_TOKEN", "HTTPS_PROXY"}));
  EXPECT_THAT(secret_environment_names(config), Not(Contains("AWS_REGION")));
}

TEST(TypedVariables, ShowTheValuesOfSettingsAndOfWhatProgramsGetTheNameAlone) {
  constexpr std::string_view text = R"yaml(
# A comment may name ${COMMENTED}.
source: {store: "${VAR}/store"}
orchestrator:
  state_dir: ${VAR}/state
  commands: {load: [load, "--key=${COMMAND_TOKEN}"]}
  stages: {gold_transformer: [gold, "${STAGE_TOKEN}"]}
transform: {vars: [{a: "${HOST}"}, "$${NO_NAME}"]}
alerts:
  ops: {type: command, command: ["${VAR}/alert", "Authorization: ${ALERT_TOKEN}"]}
)yaml";
  EXPECT_EQ(names_of_settings(text), (std::set<std::string>{"VAR", "HOST"}));
  const std::map<std::string, std::string> environment{
      {"VAR", "/var"},         {"ALERT_TOKEN", "canary"}, {"COMMAND_TOKEN", "canary"},
      {"NO_NAME", "canary"},   {"STAGE_TOKEN", "canary"}, {"AWS_REGION", "eu-north-1"},
      {"COMMENTED", "canary"}, {"LOAD", "canary"}};
  PipelineConfig config;
  config.aws.account = "111122223333";
  config.warehouse.accounts["load"].password = {.source = SecretReference::Source::environment,
                                                .name = "LOAD"};
  const auto typed = typed_variables(text, config, [&](const std::string& name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
  const std::map<std::string, std::string> shown(typed.begin(), typed.end());
  EXPECT_EQ(shown, (std::map<std::string, std::string>{{"VAR", "/var"},
                                                       {"ALERT_TOKEN", "..."},
                                                       {"COMMAND_TOKEN", "..."},
                                                       {"STAGE_TOKEN", "..."},
                                                       {"NO_NAME", "..."},
                                                       {"COMMENTED", "..."},
                                                       {"AWS_REGION", "eu-north-1"}}));
}

}  // namespace
}  // namespace pipeline
