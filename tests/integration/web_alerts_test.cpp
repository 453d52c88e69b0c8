// Alerts by webhook: to servers that fail, redirect, stay silent or say too much.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "tests/integration/notifications_house.h"
#include "tests/support/scripted_server.h"
#include "tests/support/tls_servers.h"

namespace pipeline::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

TEST_F(NotificationsTest, AWebhookGetsTheWholeMessageAsJson) {
  ScriptedServer server({whole_answer("204 No Content", "")});
  dir_.write("token", "Bearer canary-token\n");
  configure(hook_channel(server.origin() + "/hook?a=b", ", authorization: {file: token}"));
  const auto result = try_channel();
  EXPECT_EQ(result.exit_code, 0) << result.text();
  EXPECT_THAT(result.out, HasSubstr("sent by ops (webhook): " + server.origin() + " answers 204"));
  ASSERT_THAT(server.requests(), SizeIs(1));
  const std::string request = server.requests()[0];
  EXPECT_THAT(request, StartsWith("POST /hook?a=b HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Content-Type: application/json; charset=utf-8\r\n"));
  EXPECT_THAT(request, HasSubstr("Authorization: Bearer canary-token\r\n"));
  const Json body = Json::parse(request.substr(request.find("\r\n\r\n") + 4));
  EXPECT_EQ(body.at("subject").as_string(), "Nightly pipeline: test of the channel ops");
  EXPECT_NE(body.find("business_date"), nullptr);
}

TEST_F(NotificationsTest, AWebhookThatFailsOnceIsAskedAgain) {
  ScriptedServer server(
      {whole_answer("500 Oops", "no"), whole_answer("429 Slow", ""), whole_answer("200 OK", "")});
  configure(hook_channel(server.origin()));
  const auto result = try_channel();
  EXPECT_EQ(result.exit_code, 0) << result.text();
  EXPECT_THAT(server.requests(), SizeIs(3));
  EXPECT_THAT(result.out, AllOf(HasSubstr("trying again: answered with 500"),
                                HasSubstr("trying again: answered with 429")));
}

TEST_F(NotificationsTest, AServerThatAsksForMoreTimeThanThereIsIsGivenUpAtOnce) {
  ScriptedServer server(
      {whole_answer("429 Slow\r\nRetry-After: 3600", ""), whole_answer("200 OK", "")});
  configure(hook_channel(server.origin()));
  const auto result = try_channel();
  EXPECT_EQ(result.exit_code, 16) << result.text();
  EXPECT_THAT(result.err, HasSubstr("answers 429 and asks to come again after 3600 s"));
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST_F(NotificationsTest, AnAnswerThatSaysNoWithAYesForAStatusIsNoSuccess) {
  ScriptedServer server({whole_answer("200 OK", R"({"ok": false, "error": "channel_not_found"})"),
                         whole_answer("200 OK", R"({"ok": true})"), whole_answer("200 OK", "ok"),
                         whole_answer("200 OK", R"({"ok": false})")});
  const std::string chat = "  ops: {type: slack, url: " + server.origin() + "}\n";
  configure(chat);
  const auto refused = try_channel();
  EXPECT_EQ(refused.exit_code, 15) << refused.text();
  EXPECT_THAT(refused.err, HasSubstr("channel_not_found"));
  EXPECT_EQ(try_channel().exit_code, 0);
  EXPECT_EQ(try_channel().exit_code, 0);
  configure(hook_channel(server.origin()));
  EXPECT_EQ(try_channel().exit_code, 0) << "of another webhook the status decides";
}

TEST_F(NotificationsTest, ARefusalIsToldWithItsWordsAndNotRepeated) {
  ScriptedServer server(
      {whole_answer("404 Not Found", "no_service\nfor /services/T0/canary-path")});
  dir_.write("url", server.origin() + "/services/T0/canary-path");
  configure(fmt::format("  ops: {{type: slack, url: {{file: url}}, timeout_seconds: 20}}\n"));
  const auto result = try_channel();
  EXPECT_EQ(result.exit_code, 15) << result.text();
  EXPECT_THAT(result.err, HasSubstr("answers 404: no_service for ***"));
  EXPECT_THAT(result.out + result.err, Not(HasSubstr("canary")));
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST_F(NotificationsTest, ARedirectIsNotFollowed) {
  ScriptedServer other({whole_answer("200 OK", "")});
  ScriptedServer server(
      {whole_answer("307 Temporary Redirect\r\nLocation: " + other.origin() + "/x", "")});
  configure(hook_channel(server.origin()));
  const auto result = try_channel();
  EXPECT_EQ(result.exit_code, 15) << result.text();
  EXPECT_THAT(result.err, HasSubstr("answers 307: a redirect, which is not followed"));
  EXPECT_THAT(other.requests(), IsEmpty());
}

TEST_F(NotificationsTest, AnAnswerOfTenMegabytesDecidesByItsHead) {
  std::string long_body;
  long_body.resize(10'000'000, 'x');
  ScriptedServer server({whole_answer("200 OK", long_body), whole_answer("403 No", long_body)});
  configure(hook_channel(server.origin()));
  EXPECT_EQ(try_channel().exit_code, 0);
  const auto refused = try_channel();
  EXPECT_EQ(refused.exit_code, 15);
  EXPECT_LT(refused.err.size(), 2000U);
}

TEST_F(NotificationsTest, ASilentWebhookIsGivenUpAfterItsTime) {
  ScriptedServer server({{.bytes = "", .then = ScriptedAnswer::Then::stay_silent}});
  configure(
      replace_all(hook_channel(server.origin()), "timeout_seconds: 20", "timeout_seconds: 1"));
  const auto result = try_channel();
  EXPECT_EQ(result.exit_code, 20) << result.text();
  EXPECT_THAT(result.err, HasSubstr("it took longer than 1 s"));
}

TEST_F(NotificationsTest, AWebhookOverTlsMustBeTrusted) {
  HttpsServer server;
  configure(hook_channel(server.origin() + "/x"));
  const auto result = try_channel();
  EXPECT_EQ(result.exit_code, 15) << result.text();
  EXPECT_THAT(result.err, HasSubstr("certificate"));
  EXPECT_THAT(server.requests(), IsEmpty());

  configure(hook_channel(server.origin() + "/x", ", ca_file: " + server.ca_file()));
  const auto trusted = try_channel();
  EXPECT_EQ(trusted.exit_code, 0) << trusted.text();
  ASSERT_THAT(server.requests(), SizeIs(1));
  EXPECT_EQ(server.requests()[0].at("path").as_string(), "/x");
}

TEST_F(NotificationsTest, EachSecretOfAWebhookIsRefusedAtItsOwnPlace) {
  configure(
      "  ops:\n    type: webhook\n    url: {environment: HOOK}\n"
      "    authorization: {environment: TOKEN}\n");
  const std::string config = read_text_file(dir_.file("pipeline.yaml"));
  const auto place_of = [&](const std::string& key) {
    return fmt::format("pipeline.yaml:{}", line_at(config, config.find(key)));
  };
  const std::string url = place_of("url: ");
  const std::string token = place_of("authorization: ");
  const auto bad_token = try_channel(
      {{"HOOK", "https://hooks.invalid/canary-path"}, {"TOKEN", "canary\r\nX-Canary: a"}});
  EXPECT_EQ(bad_token.exit_code, 10) << bad_token.text();
  EXPECT_THAT(bad_token.err, AllOf(HasSubstr(token), HasSubstr("line break"), Not(HasSubstr(url))));
  const auto bad_url =
      try_channel({{"HOOK", "http://hooks.invalid/canary-path"}, {"TOKEN", "canary-token"}});
  EXPECT_EQ(bad_url.exit_code, 10) << bad_url.text();
  EXPECT_THAT(bad_url.err, AllOf(HasSubstr(url), HasSubstr("clear text"), Not(HasSubstr(token))));
  EXPECT_THAT(bad_token.err + bad_url.err, Not(HasSubstr("canary")));
}

TEST_F(NotificationsTest, ASecretUrlMustNotLeadIntoClearText) {
  configure("  ops: {type: slack, url: {environment: HOOK}}\n");
  const auto result = try_channel({{"HOOK", "http://example.com/canary-path"}});
  EXPECT_EQ(result.exit_code, 10) << result.text();
  EXPECT_THAT(result.err, AllOf(HasSubstr("pipeline.yaml:"), HasSubstr("clear text")));
  EXPECT_THAT(result.out + result.err, Not(HasSubstr("canary")));
  EXPECT_EQ(try_channel().exit_code, 15) << "the variable is not set";
}

}  // namespace
}  // namespace pipeline::test
