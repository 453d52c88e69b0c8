// The variables that pipeline.yaml names, which stages must see too.
#include "orchestrator/environment_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pipeline {
namespace {

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
              testing::IsSupersetOf({"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ROLE_ARN"}));
  config.source.s3->keys.emplace();
  config.source.s3->keys->secret_access_key = {.source = SecretReference::Source::environment,
                                               .name = "STORE_SECRET"};
  EXPECT_EQ(environment_names("", config), std::vector<std::string>{"STORE_SECRET"});
  config.warehouse.accounts["load"].password = {.source = SecretReference::Source::secretsmanager,
                                                .name = "prod/db"};
  EXPECT_THAT(environment_names("", config),
              testing::IsSupersetOf({"AWS_PROFILE", "AWS_ROLE_ARN", "STORE_SECRET"}));
}

}  // namespace
}  // namespace pipeline
