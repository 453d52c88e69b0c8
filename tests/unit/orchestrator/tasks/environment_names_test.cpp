// The variables that pipeline.yaml names, which stages must see too.
#include "orchestrator/environment_names.h"

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

}  // namespace
}  // namespace pipeline
