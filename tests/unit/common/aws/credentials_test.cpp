// Keys from the environment: what is there, what is missing, and that no value is ever told.
#include "common/aws/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "common/base/error.h"

namespace pipeline::aws {
namespace {

class EnvironmentCredentialsTest : public testing::Test {
 protected:
  void SetUp() override { forget(); }
  void TearDown() override { forget(); }
  static void forget() {
    for (const auto* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}) {
      ::unsetenv(name);
    }
  }
  static void set(const char* name, const char* value) { ::setenv(name, value, 1); }
  static std::string refusal() {
    try {
      EnvironmentCredentials().fetch();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::access_denied);
      return error.what();
    }
    return "nothing was thrown";
  }
};

TEST_F(EnvironmentCredentialsTest, TakesKeysWithAndWithoutAToken) {
  set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  set("AWS_SECRET_ACCESS_KEY", "canary-secret");
  EnvironmentCredentials source;
  const Credentials first = source.fetch();
  EXPECT_EQ(first.access_key_id.reveal(), "AKIDEXAMPLE");
  EXPECT_EQ(first.secret_access_key.reveal(), "canary-secret");
  EXPECT_TRUE(first.session_token.empty());
  EXPECT_EQ(source.fetch(), first);
  set("AWS_SESSION_TOKEN", "canary-token");
  EXPECT_EQ(source.fetch().session_token.reveal(), "canary-token");
  EXPECT_FALSE(source.fetch() == first) << "a new token makes new credentials";
}

TEST_F(EnvironmentCredentialsTest, NamesTheVariableThatIsMissingOrEmptyAndNoValue) {
  EXPECT_THAT(refusal(), testing::HasSubstr("AWS_ACCESS_KEY_ID is not set"));
  set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  set("AWS_SECRET_ACCESS_KEY", "");
  EXPECT_THAT(refusal(), testing::AllOf(testing::HasSubstr("AWS_SECRET_ACCESS_KEY is empty"),
                                        testing::Not(testing::HasSubstr("AKIDEXAMPLE"))));
}

}  // namespace
}  // namespace pipeline::aws
