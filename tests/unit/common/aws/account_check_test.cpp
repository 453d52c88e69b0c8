// Keys of another account are given to nobody.
#include "common/aws/account_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/support/aws_services.h"

namespace pipeline::aws {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class KeysOfTheTest : public CredentialsSource {
 public:
  Credentials fetch() override {
    return {.access_key_id = Secret(id),
            .secret_access_key = Secret("canary"),
            .session_token = {},
            .expires_at = {},
            .origin = "profile dev of /c"};
  }
  std::string text() const override { return "the test"; }
  std::string id = "AKRIGHT";
};

class AccountCheckTest : public testing::Test {
 protected:
  AccountCheckTest() {
    options_.variables = [this](const std::string& name) -> std::optional<std::string> {
      if (name != "AWS_ENDPOINT_URL_STS") return {};
      return services_.origin();
    };
    options_.retry = {.attempts_max = 2, .first_delay_max = std::chrono::milliseconds(1)};
  }
  AccountCheckedCredentials checked() {
    return {keys_, {.account = "111122223333", .where = "p.yaml:7:12"}, options_, "eu-west-1"};
  }
  std::string failure(ErrorKind kind) {
    auto source = checked();
    try {
      source.fetch();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind);
      return error.message();
    }
    return "nothing was thrown";
  }
  test::AwsServices services_{R"({"keys": {
    "AKRIGHT": {"secret": "canary", "account": "111122223333", "arn": "arn:aws:iam::111122223333:user/u"},
    "AKWRONG": {"secret": "canary", "account": "444455556666",
                "arn": "arn:aws:sts::444455556666:assumed-role/admin/x"}}})"};
  std::shared_ptr<KeysOfTheTest> keys_ = std::make_shared<KeysOfTheTest>();
  ServiceOptions options_;
};

TEST_F(AccountCheckTest, KeysOfTheAccountPass) {
  EXPECT_EQ(checked().fetch().access_key_id.reveal(), "AKRIGHT");
  EXPECT_THAT(services_.actions(), ElementsAre("GetCallerIdentity 200"));
}

TEST_F(AccountCheckTest, OthersAreRefusedWithBothNumbersTheArnAndTheirOrigin) {
  keys_->id = "AKWRONG";
  EXPECT_EQ(failure(ErrorKind::config_invalid),
            "p.yaml:7:12: aws.account is 111122223333, but the keys from profile dev of /c are "
            "those of account 444455556666 (arn:aws:sts::444455556666:assumed-role/admin/x); "
            "nothing was touched");
}

TEST_F(AccountCheckTest, RenewedKeysAreCheckedToo) {
  auto source = checked();
  const Credentials right = source.fetch();
  EXPECT_EQ(source.renew(right), right);
  EXPECT_EQ(services_.requests().size(), 1U) << "nothing newer, nothing to ask";
  keys_->id = "AKWRONG";
  EXPECT_THROW(source.renew(right), Error);
}

TEST_F(AccountCheckTest, WithoutAnAnswerNobodyGetsKeys) {
  services_.set({"failing"}, 2);
  EXPECT_THAT(failure(ErrorKind::unavailable), HasSubstr("sts:GetCallerIdentity"));
  keys_->id = "AKNOBODY";
  EXPECT_THAT(failure(ErrorKind::access_denied), HasSubstr("InvalidClientTokenId"));
}

}  // namespace
}  // namespace pipeline::aws
