// Alerts by every channel out of a run that failed: what arrives, what a dead channel changes, what
// a signal ends, and where no secret stands.
#include <signal.h>

#include <filesystem>
#include <future>
#include <map>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "tests/integration/notifications_house.h"
#include "tests/support/aws_services.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/run_program.h"
#include "tests/support/scripted_server.h"
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
  auto env = aws_keys();
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

TEST_F(NotificationsTest, WhatACommandGetsFromTheEnvironmentLeavesByNoChannel) {
  ScriptedServer web({whole_answer("200 OK", "ok")});
  dir_.write("alert", "cat >" + dir_.file("told") + "\n");
  configure(
      fmt::format("  ops: {{type: command, command: [/bin/sh, {}, "
                  "'Authorization: ${{HOOK_TOKEN}}']}}\n"
                  "  chat: {{type: slack, url: {}}}\n",
                  dir_.file("alert"), web.origin()));
  const std::string config = read_text_file(dir_.file("pipeline.yaml"));
  dir_.write("pipeline.yaml", replace_all(config, "state_dir: state", "state_dir: ${NIGHT_DIR}"));
  machine_that_tells({"ops", "chat"});
  const auto result =
      orchestrator({"run", "--date", "2026-02-01"},
                   {{"HOOK_TOKEN", "canary-of-a-command"}, {"NIGHT_DIR", dir_.file("state")}});
  EXPECT_EQ(result.exit_code, 1) << result.text();
  ASSERT_THAT(web.requests(), SizeIs(1));
  for (const std::string& message : {read_text_file(dir_.file("told")), web.requests()[0]}) {
    EXPECT_THAT(message, AllOf(HasSubstr("HOOK_TOKEN=... NIGHT_DIR=" + dir_.file("state") + " "),
                               Not(HasSubstr("canary"))));
  }
}

TEST_F(StopTest, ASignalEndsAServiceOfAwsThatIsSilent) {
  ScriptedServer server({{.bytes = "", .then = ScriptedAnswer::Then::stay_silent}});
  configure(fmt::format("  ops: {{type: sns, topic_arn: '{}', timeout_seconds: 600}}\n", topic));
  auto env = aws_keys();
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
  EXPECT_EQ(orchestrator({"alert", "test", "ops", "--subject", "x"}).exit_code, 10);
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

TEST_F(NotificationsTest, SendsTheTextOnItsInputByAChannelCleanedAndRedacted) {
  ScriptedServer web({whole_answer("200 OK", "")});
  dir_.write("token", "canary-token\n");
  configure(hook_channel(web.origin(), ", authorization: {file: token}") +
            "  program: {type: command, command: [/bin/sh, -c, 'cat >" + dir_.file("told") +
            "']}\n");
  const auto send = [&](std::vector<std::string> arguments, const std::string& text) {
    arguments.insert(arguments.begin(), {PIPELINE_BIN_DIR "/orchestrator", "--config",
                                         dir_.file("pipeline.yaml"), "alert", "send"});
    return run_program({.argv = arguments, .standard_input = text});
  };
  const auto hook = send({"ops", "--subject", "night\r\nof\x1b[1m"},
                         "a unit failed\nwith canary-token \x1b[2J\n");
  EXPECT_EQ(hook.exit_code, 0) << hook.text();
  ASSERT_THAT(web.requests(), SizeIs(1));
  const std::string request = web.requests()[0];
  const Json body = Json::parse(request.substr(request.find("\r\n\r\n") + 4));
  EXPECT_EQ(body.at("text").as_string(), "a unit failed\nwith ***  [2J\n");
  EXPECT_THAT(body.at("subject").as_string(), AllOf(StartsWith("night"), Not(HasSubstr("\n"))));
  EXPECT_EQ(body.at("run_id").as_string(), "");

  const auto program = send({"program"}, "\n the first line\n" + std::string(400'000, 'x'));
  EXPECT_EQ(program.exit_code, 0) << program.text();
  const Json given = Json::parse(read_text_file(dir_.file("told")));
  EXPECT_EQ(given.at("subject").as_string(), "the first line");
  EXPECT_EQ(given.at("text").as_string().size(),
            (256U << 10U) + std::string_view("\n[what follows was not read]\n").size());

  const auto nothing = send({"program"}, " \n");
  EXPECT_EQ(nothing.exit_code, 10);
  EXPECT_THAT(nothing.err, HasSubstr("standard input"));
  EXPECT_EQ(send({"nobody"}, "text").exit_code, 10);
}

TEST_F(NotificationsTest, TryingAChannelMakesNoStateFolderForAnotherUser) {
  configure("  ops: {type: command, command: [/bin/cat]}\n");
  std::filesystem::create_directories(dir_.file("tmp"));
  const auto result = try_channel({{"TMPDIR", dir_.file("tmp")}});
  EXPECT_EQ(result.exit_code, 0) << result.text();
  EXPECT_FALSE(std::filesystem::exists(dir_.file("state")));
  EXPECT_TRUE(std::filesystem::is_empty(dir_.file("tmp"))) << "a log was left there";
}

}  // namespace
}  // namespace pipeline::test
