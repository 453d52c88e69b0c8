// Alerts by every channel, sent by the orchestrator binary: to a mail server over TLS, to web
// servers, and to SNS behind a server that verifies signatures by an implementation of its own.
#include <signal.h>

#include <filesystem>
#include <future>
#include <map>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "tests/support/aws_services.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/run_program.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tls_servers.h"

namespace pipeline::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

constexpr std::string_view config_text = R"yaml(
source: {store: store}
warehouse:
  server: managed
  socket: mariadbd.sock
  accounts:
    load: {user: l, password: {file: p}}
    build: {user: b, password: {file: p}}
    publish: {user: p, password: {file: p}}
    janitor: {user: j, password: {file: p}}
transform:
  project: dbt
  layers: {silver: {select: "path:silver"}, gold: {select: "path:gold"}}
orchestrator:
  state_machine: machine.yaml
  state_dir: state
  stages:
    staging_loader: [/bin/sh, DIR/stage]
)yaml";

/// A loader that always fails, with the result file that the test wrote.
constexpr std::string_view stage_script = R"sh(#!/bin/sh
[ "$1" = check ] && exit 16
while [ $# -gt 0 ]; do
  case $1 in
    --result-file) cp "$(dirname "$0")/result.json" "$2"; shift 2 ;;
    *) shift ;;
  esac
done
env >"$(dirname "$0")/stage.env"
exit 1
)sh";

constexpr std::string_view topic = "arn:aws:sns:ap-northeast-1:111122223333:night";

const std::map<std::string, std::string> aws_keys{{"AWS_ACCESS_KEY_ID", "AKNIGHT"},
                                                  {"AWS_SECRET_ACCESS_KEY", "canary-aws-secret"},
                                                  {"AWS_EC2_METADATA_DISABLED", "true"}};

constexpr std::string_view aws_state = R"({"keys": {
    "AKNIGHT": {"secret": "canary-aws-secret", "account": "111122223333",
                "arn": "arn:aws:iam::111122223333:user/night"},
    "AKOTHER": {"secret": "canary-other-secret", "account": "444455556666",
                "arn": "arn:aws:iam::444455556666:user/other"}},
  "topics": {"arn:aws:sns:ap-northeast-1:111122223333:night": {"publishers": ["AKNIGHT"]}}})";

class NotificationsTest : public testing::Test {
 protected:
  NotificationsTest() {
    dir_.write("stage", stage_script);
    dir_.write("password", "canary-mail-password\n");
    fails_with("Pipeline.SqlRejected", "the server says no");
  }

  void fails_with(const std::string& error, const std::string& cause) {
    Json failure = Json::object();
    failure.set("name", error);
    failure.set("cause", cause);
    failure.set("retryable", false);
    failure.set("context", Json::object());
    Json result = Json::object();
    result.set("schema", 1);
    result.set("status", "failed");
    result.set("error", failure);
    result.set("output", Json::object());
    dir_.write("result.json", result.dump());
  }

  /// `channels` are lines of the section alerts; `more` are other sections.
  void configure(const std::string& channels, const std::string& more = "") {
    dir_.write("pipeline.yaml",
               replace_all(config_text, "DIR", dir_.path()) + more + "alerts:\n" + channels);
  }

  /// Load fails, and then each channel in turn is told, whether or not the one before it was.
  void machine_that_tells(const std::vector<std::string>& channels) {
    std::string machine = R"yaml(StartAt: Load
States:
  Load:
    Type: Task
    Resource: stage:staging_loader
    Catch: [{ErrorEquals: [States.ALL], ResultPath: $.error, Next: Tell0}]
    End: true
)yaml";
    for (std::size_t i = 0; i < channels.size(); ++i) {
      const std::string next = i + 1 < channels.size() ? fmt::format("Tell{}", i + 1) : "Failed";
      machine += fmt::format(
          "  Tell{0}: {{Type: Task, Resource: 'notify:{1}', ResultPath: $.told, Next: {2}, "
          "Catch: [{{ErrorEquals: [States.ALL], ResultPath: $.untold, Next: {2}}}]}}\n",
          i, channels[i], next);
    }
    machine += "  Failed: {Type: Fail, ErrorPath: $.error.Error, CausePath: $.error.Cause}\n";
    dir_.write("machine.yaml", machine);
  }

  ProgramResult orchestrator(const std::vector<std::string>& arguments,
                             const std::map<std::string, std::string>& env = {}) const {
    std::vector<std::string> argv{PIPELINE_BIN_DIR "/orchestrator", "--config",
                                  dir_.file("pipeline.yaml")};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return run_program({.argv = argv, .env = env});
  }

  ProgramResult try_channel(const std::map<std::string, std::string>& env = {}) const {
    return orchestrator({"alert", "test", "ops"}, env);
  }

  /// The attempts at telling in the last run, "notify:ops SUCCEEDED " or with the error.
  std::vector<std::string> told() const {
    const auto shown = orchestrator({"show", "last", "--json"});
    EXPECT_TRUE(shown.ok()) << shown.text();
    const Json run = Json::parse(shown.out);
    std::vector<std::string> found;
    for (const auto& attempt : run.at("attempts").as_array()) {
      if (!attempt.at("resource").as_string().starts_with("notify:")) continue;
      found.push_back(fmt::format("{} {} {}", attempt.at("resource").as_string(),
                                  attempt.at("status").as_string(),
                                  attempt.at("error").as_string()));
    }
    return found;
  }

  static std::string mail_channel(const MailServer& server, const std::string& more = "") {
    return fmt::format(
        "  ops: {{type: smtp, host: localhost, port: {}, ca_file: {}, username: night, "
        "password: {{file: password}}, from: 夜間 <night@example.com>, "
        "to: [ops@example.com, 'Doe, Jane <jane@example.com>'], timeout_seconds: 20{}}}\n",
        server.port(), server.ca_file(), more);
  }

  static std::string hook_channel(const std::string& url, const std::string& more = "") {
    return fmt::format("  ops: {{type: webhook, url: '{}', timeout_seconds: 20{}}}\n", url, more);
  }

  TempDir dir_;
};

const std::string mail_users = R"({"users": {"night": "canary-mail-password"}})";

// ---- mail ------------------------------------------------------------------------------------

TEST_F(NotificationsTest, AMailArrivesAsItWasMeant) {
  MailServer server(mail_users);
  configure(mail_channel(server));
  const auto result = try_channel();
  ASSERT_EQ(result.exit_code, 0) << result.text();
  EXPECT_THAT(result.out, HasSubstr("sent by ops (smtp): localhost:"));
  const auto mails = server.mails();
  ASSERT_THAT(mails, SizeIs(1));
  const Json& mail = mails[0];
  EXPECT_EQ(mail.at("subject").as_string(), "Nightly pipeline: test of the channel ops");
  EXPECT_EQ(mail.at("from").dump(), R"([{"name":"夜間","address":"night@example.com"}])");
  EXPECT_EQ(
      mail.at("to").dump(),
      R"([{"name":"","address":"ops@example.com"},{"name":"Doe, Jane","address":"jane@example.com"}])");
  EXPECT_EQ(mail.at("mail_from").as_string(), "night@example.com");
  EXPECT_EQ(mail.at("rcpt_tos").dump(), R"(["ops@example.com","jane@example.com"])");
  EXPECT_EQ(mail.at("login").as_string(), "night");
  EXPECT_EQ(mail.at("tls"), Json(true));
  EXPECT_EQ(mail.at("type").as_string(), "text/plain");
  EXPECT_EQ(mail.at("defects").dump(), "[]");
  EXPECT_THAT(mail.at("id").as_string(), testing::EndsWith("@example.com>"));
  EXPECT_THAT(mail.at("date").as_string(), testing::EndsWith("+09:00"));
  EXPECT_THAT(mail.at("text").as_string(),
              AllOf(StartsWith("This is a test, sent at "), HasSubstr("Nothing has failed.\n")));
}

TEST_F(NotificationsTest, AMailServerMayHaveOneWayToLogInAndTlsFromTheStart) {
  for (const auto* without : {"PLAIN", "LOGIN"}) {
    SCOPED_TRACE(without);
    MailServer server(fmt::format(
        R"({{"tls": "implicit", "users": {{"night": "canary-mail-password"}}, "without": ["{}"]}})",
        without));
    configure(mail_channel(server, ", tls: implicit"));
    const auto result = try_channel();
    EXPECT_EQ(result.exit_code, 0) << result.text() << server.said();
    EXPECT_THAT(server.mails(), SizeIs(1));
  }
}

TEST_F(NotificationsTest, ABadPasswordIsNamedAndNotShown) {
  MailServer server(R"({"users": {"night": "another"}})");
  configure(mail_channel(server));
  const auto result = try_channel();
  EXPECT_EQ(result.exit_code, 15) << result.text();
  EXPECT_THAT(result.err, HasSubstr("refuses the login of night (535 5.7.8 bad login *** ***)"));
  EXPECT_THAT(server.said(), HasSubstr("AUTH"));
  EXPECT_THAT(result.out, HasSubstr("not sent by ops (smtp): Pipeline.AccessDenied"));
  EXPECT_THAT(result.out + result.err, Not(HasSubstr("canary")));
  EXPECT_THAT(server.mails(), IsEmpty());
}

TEST_F(NotificationsTest, AServerThatIsNotTrustedGetsNeitherPasswordNorMail) {
  for (const std::string tls : {"starttls", "implicit"}) {
    SCOPED_TRACE(tls);
    MailServer server(
        fmt::format(R"({{"tls": "{}", "users": {{"night": "canary-mail-password"}}}})", tls));
    configure(replace_all(mail_channel(server, ", tls: " + tls), "ca_file: " + server.ca_file(),
                          "ca_file: /etc/ssl/certs/ca-certificates.crt"));
    const auto result = try_channel();
    EXPECT_EQ(result.exit_code, 15) << result.text();
    EXPECT_THAT(result.err, HasSubstr("certificate"));
    EXPECT_THAT(server.said(), AllOf(Not(HasSubstr("AUTH")), Not(HasSubstr("MAIL"))));
    EXPECT_THAT(server.mails(), IsEmpty());
  }
}

TEST_F(NotificationsTest, AServerWithoutStarttlsGetsNeitherPasswordNorMail) {
  MailServer server(R"({"tls": "none", "users": {"night": "canary-mail-password"}})");
  configure(mail_channel(server));
  const auto result = try_channel();
  EXPECT_EQ(result.exit_code, 15) << result.text();
  EXPECT_THAT(result.err, HasSubstr("offers no STARTTLS; neither login nor mail was sent"));
  EXPECT_THAT(server.said(), HasSubstr("EHLO"));
  EXPECT_THAT(server.said(), AllOf(Not(HasSubstr("AUTH")), Not(HasSubstr("MAIL"))));

  configure(mail_channel(server, ", tls: insecure_plaintext"));
  EXPECT_EQ(try_channel().exit_code, 0) << "only on demand, and only on this host";
  EXPECT_THAT(server.mails(), SizeIs(1));
}

TEST_F(NotificationsTest, AMailThatIsPutOffIsSentAgainAndArrivesOnce) {
  MailServer server(mail_users);
  server.set("busy", 2);
  configure(mail_channel(server));
  const auto result = try_channel();
  EXPECT_EQ(result.exit_code, 0) << result.text();
  EXPECT_THAT(result.out, HasSubstr("451 4.3.2 busy, come again"));
  EXPECT_THAT(server.mails(), SizeIs(1));
}

TEST_F(NotificationsTest, ARecipientThatIsGoneKeepsNoOtherFromTheMail) {
  MailServer server(mail_users);
  server.set("unknown", Json(Json::Array{Json("ops@example.com")}));
  configure(mail_channel(server));
  const auto result = try_channel();
  EXPECT_EQ(result.exit_code, 0) << result.text();
  EXPECT_THAT(result.out, HasSubstr("refused in part: 550 5.1.1 no such user here"));
  ASSERT_THAT(server.mails(), SizeIs(1));
  EXPECT_EQ(server.mails()[0].at("rcpt_tos").dump(), R"(["jane@example.com"])");

  server.set("unknown", Json(Json::Array{Json("ops@example.com"), Json("jane@example.com")}));
  const auto nobody = try_channel();
  EXPECT_EQ(nobody.exit_code, 15) << nobody.text();
  EXPECT_THAT(nobody.err, HasSubstr("550 5.1.1 no such user here"));
}

TEST_F(NotificationsTest, AMailServerThatIsAwayIsTriedUntilTheTimeIsOver) {
  MailServer server(mail_users);
  configure(replace_all(replace_all(mail_channel(server), fmt::format("port: {}", server.port()),
                                    fmt::format("port: {}", free_tcp_port())),
                        "timeout_seconds: 20", "timeout_seconds: 1"));
  const auto result = try_channel();
  EXPECT_EQ(result.exit_code, 20) << result.text();
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("it took longer than 1 s; the last attempt: "), HasSubstr("onnect")));
}

TEST_F(NotificationsTest, WhatAStageSaysForgesNoHeaderOfAMail) {
  MailServer server(mail_users);
  configure(mail_channel(server));
  machine_that_tells({"ops"});
  fails_with("Pipeline.Sql\r\nBcc: victim@example.com\r\n\r\nHello",
             "夜間\r\n.\r\nMAIL FROM:<x@y.z>");
  const auto result = orchestrator({"run", "--date", "2026-02-01"});
  EXPECT_THAT(told(), ElementsAre("notify:ops SUCCEEDED ")) << result.text();
  ASSERT_THAT(server.mails(), SizeIs(1));
  const Json mail = server.mails()[0];
  EXPECT_EQ(
      mail.at("headers").dump(),
      R"(["Date","From","To","Subject","Message-ID","Auto-Submitted","MIME-Version","Content-Type","Content-Transfer-Encoding"])");
  EXPECT_EQ(mail.at("rcpt_tos").dump(), R"(["ops@example.com","jane@example.com"])");
  EXPECT_THAT(mail.at("subject").as_string(), HasSubstr("Bcc: victim@example.com"));
  EXPECT_THAT(mail.at("text").as_string(), HasSubstr("夜間\n.\nMAIL FROM:<x@y.z>"));
  EXPECT_THAT(server.mails(), SizeIs(1)) << "and no second mail after the dot";
}

// ---- webhooks --------------------------------------------------------------------------------

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

TEST_F(NotificationsTest, ASecretUrlMustNotLeadIntoClearText) {
  configure("  ops: {type: slack, url: {environment: HOOK}}\n");
  const auto result = try_channel({{"HOOK", "http://example.com/canary-path"}});
  EXPECT_EQ(result.exit_code, 10) << result.text();
  EXPECT_THAT(result.err, AllOf(HasSubstr("pipeline.yaml:"), HasSubstr("clear text")));
  EXPECT_THAT(result.out + result.err, Not(HasSubstr("canary")));
  EXPECT_EQ(try_channel().exit_code, 15) << "the variable is not set";
}

// ---- SNS -------------------------------------------------------------------------------------

class SnsTest : public NotificationsTest {
 protected:
  std::map<std::string, std::string> env() const {
    auto env = aws_keys;
    env["AWS_ENDPOINT_URL"] = services_.origin();
    return env;
  }
  void publish_to_topic(const std::string& more = "") {
    configure(fmt::format("  ops: {{type: sns, topic_arn: '{}', timeout_seconds: 20}}\n", topic),
              more);
  }

  AwsServices services_{aws_state};
};

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
  EXPECT_EQ(request.at("subject").as_string().size(), 100U);
  EXPECT_THAT(request.at("message").as_string(), HasSubstr("bytes are cut here; the whole stands"));
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

// ---- the run ---------------------------------------------------------------------------------

TEST_F(SnsTest, AFailedStateIsToldByEveryTypeOfChannel) {
  MailServer mail(mail_users);
  ScriptedServer web({whole_answer("200 OK", ""), whole_answer("200 OK", "ok")});
  dir_.write("alert", "cat >" + dir_.file("told") + "\n");
  configure(mail_channel(mail) +
            fmt::format("  program: {{type: command, command: [/bin/sh, {}]}}\n"
                        "  hook: {{type: webhook, url: '{}/hook'}}\n"
                        "  chat: {{type: slack, url: {{environment: CHAT_URL}}}}\n"
                        "  topic: {{type: sns, topic_arn: '{}'}}\n",
                        dir_.file("alert"), web.origin(), topic));
  machine_that_tells({"program", "hook", "chat", "ops", "topic"});
  fails_with("Pipeline.SqlRejected", "a < b & c: 夜の失敗");
  auto variables = env();
  variables["CHAT_URL"] = web.origin() + "/services/canary-path";
  const auto result = orchestrator({"run", "--date", "2026-02-01"}, variables);
  EXPECT_EQ(result.exit_code, 1) << result.text();
  EXPECT_THAT(told(), ElementsAre("notify:program SUCCEEDED ", "notify:hook SUCCEEDED ",
                                  "notify:chat SUCCEEDED ", "notify:ops SUCCEEDED ",
                                  "notify:topic SUCCEEDED "));
  const std::string subject = "Nightly pipeline 2026-02-01: Load failed with Pipeline.SqlRejected";
  const Json by_program = Json::parse(read_text_file(dir_.file("told")));
  EXPECT_EQ(by_program.at("subject").as_string(), subject);
  const std::string text = by_program.at("text").as_string();
  EXPECT_THAT(text, HasSubstr("Cause: a < b & c: 夜の失敗\n"));

  ASSERT_THAT(web.requests(), SizeIs(2));
  const auto body = [&](std::size_t i) {
    const std::string request = web.requests()[i];
    return Json::parse(request.substr(request.find("\r\n\r\n") + 4));
  };
  EXPECT_EQ(body(0), by_program) << "a webhook gets what a program gets";
  EXPECT_THAT(body(1).at("text").as_string(),
              AllOf(StartsWith(subject + "\n"), HasSubstr("a &lt; b &amp; c: 夜の失敗")));
  ASSERT_THAT(mail.mails(), SizeIs(1));
  EXPECT_EQ(mail.mails()[0].at("subject").as_string(), subject);
  EXPECT_EQ(mail.mails()[0].at("text").as_string(), text);
  const Json published = services_.requests().back();
  EXPECT_EQ(published.at("subject").as_string(), subject);
  EXPECT_EQ(published.at("message").as_string(), text);
}

TEST_F(NotificationsTest, DeadChannelsChangeNothingOfWhatTheRunReports) {
  const int closed = free_tcp_port();
  configure(
      fmt::format("  hook: {{type: webhook, url: 'http://127.0.0.1:{0}/', timeout_seconds: 1}}\n"
                  "  chat: {{type: slack, url: {{file: nowhere}}, timeout_seconds: 1}}\n"
                  "  mail: {{type: smtp, host: localhost, port: {0}, from: a@b.c, to: a@b.c, "
                  "timeout_seconds: 1}}\n"
                  "  topic: {{type: sns, topic_arn: '{1}', timeout_seconds: 1}}\n",
                  closed, topic));
  machine_that_tells({"hook", "chat", "mail", "topic"});
  auto env = aws_keys;
  env["AWS_ENDPOINT_URL"] = fmt::format("http://127.0.0.1:{}", closed);
  const auto result = orchestrator({"run", "--date", "2026-02-01"}, env);
  EXPECT_EQ(result.exit_code, 1) << result.text();
  EXPECT_THAT(told(),
              ElementsAre("notify:hook FAILED Alert.NotSent", "notify:chat FAILED Alert.NotSent",
                          "notify:mail FAILED Alert.NotSent", "notify:topic FAILED Alert.NotSent"));
  const Json run = Json::parse(orchestrator({"show", "last", "--json"}).out);
  EXPECT_EQ(run.at("error").as_string(), "Pipeline.SqlRejected");
  EXPECT_EQ(run.at("cause").as_string(), "the server says no");
  const auto logged = orchestrator({"logs", "last", "Tell0"});
  EXPECT_THAT(logged.out, AllOf(HasSubstr("trying again: "), HasSubstr("not sent: ")));
}

class StopTest : public NotificationsTest {
 protected:
  /// Sends SIGTERM once `hangs` says so; the channel itself would go on for ten minutes.
  template <typename Hangs>
  ProgramResult stopped_when(const Hangs& hangs,
                             const std::map<std::string, std::string>& env = {}) {
    const std::string pid_file = dir_.file("pid");
    auto running = std::async(std::launch::async, [&] {
      return run_program({.argv = {"/bin/sh", "-c", "echo $$ >" + pid_file + "; exec \"$@\"", "sh",
                                   PIPELINE_BIN_DIR "/orchestrator", "--config",
                                   dir_.file("pipeline.yaml"), "alert", "test", "ops"},
                          .env = env});
    });
    while (!hangs() &&
           running.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready) {
    }
    ::kill(std::stoi(read_text_file(pid_file)), SIGTERM);
    return running.get();
  }
};

TEST_F(StopTest, ASignalEndsASilentWebhook) {
  ScriptedServer server({{.bytes = "", .then = ScriptedAnswer::Then::stay_silent}});
  configure(
      replace_all(hook_channel(server.origin()), "timeout_seconds: 20", "timeout_seconds: 600"));
  const auto result = stopped_when([&] { return !server.requests().empty(); });
  EXPECT_EQ(result.exit_code, 130) << result.text();
}

TEST_F(StopTest, ASignalEndsASilentMailServerWhereverItHangs) {
  for (const std::string where : {"hello", "data"}) {
    SCOPED_TRACE(where);
    MailServer server(mail_users);
    server.set("hang", where);
    configure(replace_all(mail_channel(server), "timeout_seconds: 20", "timeout_seconds: 600"));
    const auto result = stopped_when([&] { return !server.hanging().empty(); });
    EXPECT_EQ(result.exit_code, 130) << result.text();
    EXPECT_THAT(server.mails(), IsEmpty());
  }
}

TEST_F(SnsTest, TheCommandsOfAnAlertShowNoKeys) {
  // With a password in Secrets Manager the stages get the variables of AWS, and so would a person.
  dir_.write("alert", "cat >" + dir_.file("told") + "\n");
  configure(fmt::format("  ops: {{type: command, command: [/bin/sh, {}]}}\n", dir_.file("alert")));
  const std::string config = read_text_file(dir_.file("pipeline.yaml"));
  dir_.write("pipeline.yaml", replace_all(config, "{user: l, password: {file: p}}",
                                          "{user: l, password: {secretsmanager: prod/load}}"));
  machine_that_tells({"ops"});
  auto variables = env();
  variables["AWS_REGION"] = "ap-northeast-1";
  variables["HTTPS_PROXY"] = "http://me:canary-proxy@proxy.example.com:8080";
  const auto result = orchestrator({"run", "--date", "2026-02-01"}, variables);
  EXPECT_THAT(told(), ElementsAre("notify:ops SUCCEEDED ")) << result.text();
  const std::string message = read_text_file(dir_.file("told"));
  EXPECT_THAT(message, AllOf(HasSubstr("AWS_REGION=ap-northeast-1 "), Not(HasSubstr("canary"))));
}

TEST_F(StopTest, ASignalEndsAServiceOfAwsThatIsSilent) {
  ScriptedServer server({{.bytes = "", .then = ScriptedAnswer::Then::stay_silent}});
  configure(fmt::format("  ops: {{type: sns, topic_arn: '{}', timeout_seconds: 600}}\n", topic));
  auto env = aws_keys;
  env["AWS_ENDPOINT_URL"] = server.origin();
  const auto result = stopped_when([&] { return !server.requests().empty(); }, env);
  EXPECT_EQ(result.exit_code, 130) << result.text();
}

TEST_F(StopTest, ASignalEndsACredentialProcessThatHangs) {
  dir_.write("keys", "touch " + dir_.file("asked") + "; exec sleep 600\n");
  dir_.write("aws.config", "[default]\ncredential_process = /bin/sh " + dir_.file("keys") + "\n");
  configure(fmt::format("  ops: {{type: sns, topic_arn: '{}', timeout_seconds: 600}}\n", topic));
  const auto result = stopped_when([&] { return std::filesystem::exists(dir_.file("asked")); },
                                   {{"AWS_CONFIG_FILE", dir_.file("aws.config")},
                                    {"AWS_SHARED_CREDENTIALS_FILE", dir_.file("none")},
                                    {"AWS_EC2_METADATA_DISABLED", "true"}});
  EXPECT_EQ(result.exit_code, 130) << result.text();
}

TEST_F(SnsTest, SecretsOfChannelsStandNowhere) {
  MailServer mail(R"({"users": {"night": "another"}})");
  const int closed = free_tcp_port();
  dir_.write("token", "Bearer canary-token");
  dir_.write("alert", fmt::format("cat >{0}/told; env >{0}/alert.env; "
                                  "tr '\\0' ' ' </proc/$PPID/cmdline >{0}/cmdline; exit 1\n",
                                  dir_.path()));
  configure(mail_channel(mail) +
            fmt::format("  program: {{type: command, command: [/bin/sh, {0}]}}\n"
                        "  hook: {{type: webhook, url: 'http://127.0.0.1:{1}/', "
                        "authorization: {{file: token}}, timeout_seconds: 1}}\n"
                        "  chat: {{type: slack, url: {{environment: CHAT_URL}}, "
                        "timeout_seconds: 1}}\n"
                        "  topic: {{type: sns, topic_arn: '{2}'}}\n",
                        dir_.file("alert"), closed, topic));
  services_.set({"topics", std::string(topic), "publishers"}, Json(Json::Array{}));
  machine_that_tells({"ops", "hook", "chat", "topic", "program"});
  auto variables = env();
  variables["CHAT_URL"] = fmt::format("http://127.0.0.1:{}/services/canary-path", closed);
  const auto result = orchestrator({"run", "--date", "2026-02-01"}, variables);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(told(), AllOf(SizeIs(5), Each(HasSubstr("Alert.NotSent"))));
  EXPECT_THAT(result.out + result.err, Not(HasSubstr("canary")));
  const auto logged =
      orchestrator({"show", "last"}).out + orchestrator({"show", "last", "--json"}).out;
  EXPECT_THAT(logged, Not(HasSubstr("canary")));
  std::vector<std::string> files{dir_.file("told"), dir_.file("alert.env"), dir_.file("cmdline"),
                                 dir_.file("stage.env")};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.file("state"))) {
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  }
  EXPECT_THAT(files, Contains(HasSubstr("history.sqlite")));
  for (const auto& file : files) {
    EXPECT_THAT(read_text_file(file), Not(HasSubstr("canary"))) << file;
  }
  EXPECT_THAT(read_text_file(dir_.file("cmdline")), HasSubstr("orchestrator"));
}

TEST_F(NotificationsTest, ListsTheChannelsAndNamesWhatItDoesNotKnow) {
  configure(
      "  ops: {type: command, command: [/bin/false]}\n"
      "  chat: {type: slack, url: {environment: HOOK}, timeout_seconds: 7}\n");
  const auto listed = orchestrator({"alert", "list"});
  EXPECT_EQ(listed.exit_code, 0);
  EXPECT_EQ(listed.out,
            "chat  slack  environment variable HOOK  within 7 s\n"
            "ops  command  /bin/false  within 30 s\n");
  const auto unknown = orchestrator({"alert", "test", "opps"});
  EXPECT_EQ(unknown.exit_code, 10);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \\\"ops\\\"?"));
  EXPECT_EQ(orchestrator({"alert", "try"}).exit_code, 10);
  EXPECT_EQ(orchestrator({"alert", "test"}).exit_code, 10);
}

TEST_F(NotificationsTest, TriesAProgramAndShowsWhatItSays) {
  configure(
      "  ops: {type: command, command: [/bin/sh, -c, 'cat >/dev/null; echo no route; exit 3']}\n");
  const auto result = try_channel();
  EXPECT_EQ(result.exit_code, 16) << result.text();
  EXPECT_THAT(result.out, StartsWith("no route\n"));
  EXPECT_THAT(result.err, HasSubstr("ended with exit code 3"));
  configure("  ops: {type: command, command: [/bin/cat]}\n");
  EXPECT_EQ(try_channel().exit_code, 0);
}

}  // namespace
}  // namespace pipeline::test
