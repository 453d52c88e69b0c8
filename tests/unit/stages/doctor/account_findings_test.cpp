// What to type where an account cannot log in, or lacks a right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "stages/doctor/account_findings.h"

namespace pipeline {
namespace {

using testing::HasSubstr;

PipelineConfig config_with_load() {
  PipelineConfig config;
  config.path = "/etc/p.yaml";
  config.warehouse.server = WarehouseConfig::Server::remote;
  config.warehouse.host = "db.internal";
  config.warehouse.accounts["load"] = {
      .user = "etl_load",
      .password = {.source = SecretReference::Source::file, .name = "/etc/secrets/load"}};
  return config;
}

TEST(AdviceOnLogin, NamesUserAndPlaceOfThePassword) {
  const auto advice =
      advice_on_login(config_with_load(), "load", Error(ErrorKind::access_denied, "refused"));
  EXPECT_THAT(advice, HasSubstr("file /etc/secrets/load"));
  EXPECT_THAT(advice, HasSubstr("ALTER USER 'etl_load'@'HOST'"));
}

TEST(AdviceOnLogin, SaysThatCredentialsOfSystemdAreItsUnits) {
  ASSERT_EQ(std::getenv("CREDENTIALS_DIRECTORY"), nullptr);
  PipelineConfig config = config_with_load();
  config.warehouse.accounts["load"].password.source = SecretReference::Source::credential;
  EXPECT_THAT(advice_on_login(config, "load", Error(ErrorKind::access_denied, "none")),
              HasSubstr("systemd-run"));
}

TEST(AdviceOnLogin, NamesTheServerThatDoesNotAnswer) {
  const auto advice =
      advice_on_login(config_with_load(), "load", Error(ErrorKind::unavailable, "silent"));
  EXPECT_THAT(advice, HasSubstr("db.internal:3306"));
  EXPECT_THAT(advice, HasSubstr("/etc/p.yaml"));
}

TEST(AdviceOnLogin, NamesTheKeysOfAnAccountThatIsNotConfigured) {
  const auto advice =
      advice_on_login(config_with_load(), "vault", Error(ErrorKind::config_invalid, "none"));
  EXPECT_THAT(advice, HasSubstr("warehouse.accounts.vault.user"));
}

TEST(AdviceOnRights, NamesTheFileThatGivesThem) {
  EXPECT_THAT(advice_on_rights(Error(ErrorKind::access_denied, "lacks SELECT")),
              HasSubstr("deploy/sql/grants.sql"));
  EXPECT_THAT(advice_on_rights(Error(ErrorKind::wrong_database, "no table")),
              HasSubstr("deploy/sql/pipeline.sql"));
}

}  // namespace
}  // namespace pipeline
