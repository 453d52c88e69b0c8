// The channels of pipeline.yaml: what each type takes, and that every slip is named with its place.
#include "common/stage/alert_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

AlertChannel channel(const std::string& text) {
  return read_alert_channel("ops", YamlNode::parse(text, "pipeline.yaml"), "/etc/np");
}

std::string refusal(const std::string& text) {
  try {
    channel(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
    return error.message();
  }
  return "nothing was refused";
}

const std::string mail = R"({type: smtp, host: mail.example.com, from: night@example.com,
 to: ops@example.com)";
const std::string topic = "arn:aws:sns:ap-northeast-1:111122223333:night";

TEST(AlertChannel, ReadsEveryType) {
  const auto command = channel("{type: command, command: [/bin/alert, -v], timeout_seconds: 5}");
  EXPECT_THAT(std::get<CommandAlert>(command.kind).argv, ElementsAre("/bin/alert", "-v"));
  EXPECT_EQ(command.timeout, std::chrono::seconds(5));
  EXPECT_EQ(command.type(), "command");

  const auto hook = channel(
      "{type: webhook, url: 'https://h.example.com/x', authorization: {file: token}, ca_file: ca}");
  EXPECT_EQ(std::get<WebhookAlert>(hook.kind).url, "https://h.example.com/x");
  EXPECT_EQ(std::get<WebhookAlert>(hook.kind).authorization.name, "/etc/np/token");
  EXPECT_EQ(std::get<WebhookAlert>(hook.kind).ca_file, "/etc/np/ca");
  EXPECT_EQ(hook.timeout, std::chrono::seconds(30));
  EXPECT_EQ(hook.target(), "https://h.example.com");

  const auto slack = channel("{type: slack, url: {environment: SLACK_URL}}");
  EXPECT_EQ(std::get<WebhookAlert>(slack.kind).body, WebhookAlert::Body::slack);
  EXPECT_EQ(slack.type(), "slack");
  EXPECT_EQ(slack.target(), "environment variable SLACK_URL");
  EXPECT_EQ(slack.secrets().size(), 1U);

  const auto sns = channel("{type: sns, topic_arn: '" + topic + "'}");
  EXPECT_EQ(std::get<SnsAlert>(sns.kind).region, "ap-northeast-1");
  EXPECT_EQ(sns.target(), topic);
}

TEST(AlertChannel, ReadsAMailServerWithItsPortByItsTls) {
  const auto read = [](const std::string& more) {
    return std::get<MailAlert>(channel(mail + more + "}").kind);
  };
  EXPECT_EQ(read("").port, 587);
  EXPECT_EQ(read("").tls, MailAlert::Tls::starttls);
  EXPECT_EQ(read(", tls: implicit").port, 465);
  EXPECT_EQ(read(", tls: implicit, port: 2465").port, 2465);
  const auto login = read(", username: u, password: {secretsmanager: prod/mail}");
  EXPECT_EQ(login.username, "u");
  EXPECT_EQ(login.password.source, SecretReference::Source::secretsmanager);
  const auto two = std::get<MailAlert>(
      channel("{type: smtp, host: m.example.com, from: 夜 <n@example.com>, to: [a@example.com, "
              "'B, C <b@example.com>']}")
          .kind);
  EXPECT_EQ(two.from.name, "夜");
  ASSERT_EQ(two.to.size(), 2U);
  EXPECT_EQ(two.to[1].name, "B, C");
  EXPECT_EQ(two.to[1].address, "b@example.com");
}

struct Slip {
  std::string text;
  std::string what;
};

TEST(AlertChannel, NamesEverySlipWithItsPlace) {
  const std::vector<Slip> slips{
      {"{type: pager}", "\"pager\" is no type of alert channel; there are command, webhook, slack"},
      {"{type: slack, command: x}", "\"command\" is a key of the type command; this channel is"},
      {"{type: command, command: x, url: y}", "\"url\" is a key of the type webhook, slack"},
      {"{type: slack, ulr: x}", "unknown key \"ulr\"; did you mean \"url\"?"},
      {"{type: slack}", "url"},
      {"{type: command, command: []}", "no program is given"},
      {"{type: slack, url: {file: x}, timeout_seconds: 0}", "expected 1 or more"},
      {"{type: slack, url: {file: x}, timeout_seconds: 99999}", "3600 seconds at most"},
      {"{type: webhook, url: 'http://example.com/x'}", "clear text"},
      {"{type: webhook, url: 'https://u:p@example.com/x'}", "authorization"},
      {"{type: webhook, url: 'https://example.com/${HOOK}'}", "url: {environment: NAME}"},
      {"{type: webhook, url: {my_cnf: x}}", "unknown key \"my_cnf\""},
      {"{type: webhook, url: 'https://h/x', authorization: Bearer x}", "never stands here"},
      {mail + ", tls: none}", "tls is starttls or implicit"},
      {mail + ", tls: insecure_plaintext}", "in clear text"},
      {mail + ", username: u}", "given together"},
      {mail + ", password: {file: p}}", "given together"},
      {mail + ", username: u, password: swordfish}", "a password never stands here"},
      {mail + ", username: \"u\\nx\", password: {file: p}}", "control character"},
      {mail + ", port: 70000}", "65535"},
      {"{type: smtp, host: 'h:25', from: a@b.c, to: a@b.c}", "a port stands in port"},
      {"{type: smtp, host: 'h/x', from: a@b.c, to: a@b.c}", "is not https://host"},
      {"{type: smtp, host: h/, from: a@b.c, to: a@b.c}", "\"h/\" is no host"},
      {"{type: smtp, host: h, from: a@b.c}", "to"},
      {"{type: smtp, host: h, from: a@b.c, to: []}", "nobody is to get the mail"},
      {"{type: smtp, host: h, from: \"a@b.c\\r\\nBcc: x@y.z\", to: a@b.c}", "line break"},
      {"{type: smtp, host: h, from: a@b.c, to: [x@y.z, \"a@b.c\\nX: y\"]}", "line break"},
      {"{type: smtp, host: h, from: \"N\\nX: y <a@b.c>\", to: a@b.c}", "line break"},
      {"{type: sns, topic_arn: 'arn:aws:sqs:ap-northeast-1:111122223333:q'}", "no topic's ARN"},
      {"{type: sns, topic_arn: '" + topic + ".fifo'}", "FIFO"},
      {"{type: sns, topic_arn: '" + topic + "', region: x}", "unknown key \"region\""},
  };
  for (const auto& slip : slips) {
    EXPECT_THAT(refusal(slip.text), AllOf(StartsWith("pipeline.yaml:"), HasSubstr(slip.what)))
        << slip.text;
  }
}

TEST(AlertChannel, ShowsNoLoginOfAUrl) {
  EXPECT_THAT(refusal("{type: slack, url: 'https://u:swordfish@example.com/x'}"),
              Not(HasSubstr("swordfish")));
}

TEST(AlertChannel, MayTalkInClearTextToThisHostAlone) {
  EXPECT_EQ(channel("{type: smtp, host: localhost, tls: insecure_plaintext, port: 25, "
                    "from: a@b.c, to: a@b.c}")
                .target(),
            "a@b.c by localhost:25");
  EXPECT_EQ(channel("{type: webhook, url: 'http://127.0.0.1:8080/x'}").target(),
            "http://127.0.0.1:8080");
}

}  // namespace
}  // namespace pipeline
