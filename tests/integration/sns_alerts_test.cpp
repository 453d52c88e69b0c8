// Alerts to SNS, which verifies signatures by an implementation of its own; and secrets of channels
// in Secrets Manager.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "tests/integration/notifications_house.h"
#include "tests/support/aws_services.h"
#include "tests/support/scripted_server.h"
#include "tests/support/tls_servers.h"

namespace pipeline::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

TEST_F(SnsTest, AMessageIsPublishedWithASignatureThatHolds) {
  publish_to_topic("aws: {account: '111122223333', region: ap-northeast-1}\n");
  const auto result = try_channel(env());
  EXPECT_EQ(result.exit_code, 0) << result.text();
  EXPECT_THAT(result.out, HasSubstr("has it as message 6e4-m1"));
  EXPECT_THAT(services_.actions(), ElementsAre("GetCallerIdentity 200", "Publish 200"));
  const Json request = services_.requests().back();
  EXPECT_EQ(request.at("topic").as_string(), topic);
  EXPECT_EQ(request.at("signer").as_string(), "AKNIGHT");
  EXPECT_EQ(request.at("subject").as_string(), "Nightly pipeline: test of the channel ops");
  EXPECT_THAT(request.at("message").as_string(), HasSubstr("Nothing has failed.\n"));
}

TEST_F(SnsTest, AMissingRightIsNamedAndNotTriedAgain) {
  services_.set({"topics", std::string(topic), "publishers"}, Json(Json::Array{}));
  publish_to_topic();
  const auto result = try_channel(env());
  EXPECT_EQ(result.exit_code, 15) << result.text();
  EXPECT_THAT(result.err, HasSubstr("is refused: AuthorizationError: User: "));
  EXPECT_THAT(services_.actions(), ElementsAre("Publish 403"));
}

TEST_F(SnsTest, AThrottledMessageIsSentAgain) {
  services_.set({"topics", std::string(topic), "throttled"}, 2);
  publish_to_topic();
  const auto result = try_channel(env());
  EXPECT_EQ(result.exit_code, 0) << result.text();
  EXPECT_THAT(services_.actions(), ElementsAre("Publish 400", "Publish 400", "Publish 200"));
  EXPECT_THAT(result.out, HasSubstr("trying again: answered with 400")) << "the log of the attempt";
}

TEST_F(SnsTest, AServiceThatAsksForMoreTimeThanThereIsIsGivenUpAtOnce) {
  ScriptedServer busy({whole_answer("503 Slow\r\nRetry-After: 3600", ""),
                       whole_answer("503 Slow\r\nRetry-After: 3600", "")});
  publish_to_topic();
  auto variables = aws_keys();
  variables["AWS_ENDPOINT_URL"] = busy.origin();
  const auto result = try_channel(variables);
  EXPECT_EQ(result.exit_code, 16) << result.text();
  EXPECT_THAT(result.err, HasSubstr("answers 503 and asks to come again after 3600 s"));
  EXPECT_THAT(busy.requests(), SizeIs(1));
}

TEST_F(SnsTest, KeysOfAnotherAccountPublishNothing) {
  publish_to_topic("aws: {account: '999900001111', region: ap-northeast-1}\n");
  const auto result = try_channel(env());
  EXPECT_EQ(result.exit_code, 10) << result.text();
  EXPECT_THAT(result.err, AllOf(HasSubstr("999900001111"), HasSubstr("111122223333")));
  EXPECT_THAT(services_.actions(), ElementsAre("GetCallerIdentity 200"));
}

TEST_F(SnsTest, ASubjectAndAMessageThatAreTooLongAreMadeToFit) {
  publish_to_topic();
  machine_that_tells({"ops"});
  // The text holds 4000 bytes of a cause, so the length comes by the name of the error.
  fails_with("夜" + std::string(300'000, 'x'), "cause");
  const auto result = orchestrator({"run", "--date", "2026-02-01"}, env());
  EXPECT_THAT(told(), ElementsAre("notify:ops SUCCEEDED ")) << result.err.substr(0, 2000);
  const Json request = services_.requests().back();
  EXPECT_EQ(request.at("status").as_int(), 200);
  EXPECT_EQ(request.at("subject").as_string().size(), 99U);
  EXPECT_THAT(request.at("message").as_string(), HasSubstr("bytes are cut here; the whole stands"));
}

TEST_F(SnsTest, AnAnswerWithoutAMessagesIdIsNoSuccess) {
  ScriptedServer portal({whole_answer("200 OK", "<html>Please log in to this network.</html>")});
  publish_to_topic();
  auto variables = aws_keys();
  variables["AWS_ENDPOINT_URL"] = portal.origin();
  const auto result = try_channel(variables);
  EXPECT_EQ(result.exit_code, 16) << result.text();
  EXPECT_THAT(result.err, HasSubstr("without the id of a message"));
}

TEST_F(SnsTest, SecretsOfChannelsMayLieInSecretsManager) {
  ScriptedServer web({whole_answer("200 OK", "ok")});
  services_.set({"secrets", "prod/chat", "AWSCURRENT"}, Json(web.origin() + "/services/canary"));
  services_.set({"secrets", "prod/mail", "AWSCURRENT"},
                Json::parse(R"({"username": "night", "password": "canary-mail-password"})"));
  auto variables = env();
  variables["AWS_REGION"] = "ap-northeast-1";
  configure("  ops: {type: slack, url: {secretsmanager: prod/chat}}\n");
  const auto chat = try_channel(variables);
  EXPECT_EQ(chat.exit_code, 0) << chat.text();
  ASSERT_THAT(web.requests(), SizeIs(1));
  EXPECT_THAT(web.requests()[0], StartsWith("POST /services/canary "));

  MailServer mail(mail_users);
  const std::string by_secret =
      replace_all(mail_channel(mail), "{file: password}", "{secretsmanager: prod/mail}");
  configure(by_secret);
  const auto sent = try_channel(variables);
  EXPECT_EQ(sent.exit_code, 0) << sent.text();
  EXPECT_THAT(mail.mails(), SizeIs(1));

  configure(replace_all(by_secret, "username: night", "username: day"));
  const auto other = try_channel(variables);
  EXPECT_EQ(other.exit_code, 15) << other.text();
  EXPECT_THAT(other.err, HasSubstr("holds the login of night, not of day"));
  for (const auto* result : {&chat, &sent, &other}) {
    EXPECT_THAT(result->out + result->err, Not(HasSubstr("canary")));
  }
}

}  // namespace
}  // namespace pipeline::test
