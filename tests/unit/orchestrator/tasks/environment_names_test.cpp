// The variables that pipeline.yaml names, which stages must see too.
#include "orchestrator/environment_names.h"

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

}  // namespace
}  // namespace pipeline
