// Alerts as mails: to a mail server of aiosmtpd over TLS, read back by Python's email package.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "tests/integration/notifications_house.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/tls_servers.h"

namespace pipeline::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

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

TEST_F(NotificationsTest, AMailServerThatOffersNoLoginGetsNoMailOfNobody) {
  MailServer server(R"({"tls": "none", "hide_login": true, "users": {"night": "canary"}})");
  configure(mail_channel(server, ", tls: insecure_plaintext"));
  const auto result = try_channel();
  EXPECT_EQ(result.exit_code, 15) << result.text();
  EXPECT_THAT(result.err, HasSubstr("offers no login; neither login nor mail was sent"));
  EXPECT_THAT(server.said(), AllOf(HasSubstr("EHLO"), Not(HasSubstr("MAIL"))));
  EXPECT_THAT(server.mails(), IsEmpty());

  configure(replace_all(mail_channel(server, ", tls: insecure_plaintext"),
                        "username: night, password: {file: password}, ", ""));
  EXPECT_EQ(try_channel().exit_code, 0) << "who asks for no login needs none";
}

TEST_F(NotificationsTest, ALoginGoesInOneLineWhereTheServerTakesThat) {
  MailServer server(mail_users);
  server.set("without", Json(Json::Array{Json("LOGIN")}));
  configure(mail_channel(server));
  EXPECT_EQ(try_channel().exit_code, 0);
  EXPECT_THAT(server.said(), testing::ContainsRegex("AUTH PLAIN [^\\\\'\r\n]+"));
}

TEST_F(NotificationsTest, WhatAMailServerSaysMovesNoCursor) {
  MailServer server(mail_users);
  server.set("unknown", Json(Json::Array{Json("ops@example.com"), Json("jane@example.com")}));
  server.set("refusal", Json("550 no\x1b[2J\x07user"));
  configure(mail_channel(server));
  const auto result = try_channel();
  EXPECT_EQ(result.exit_code, 15) << result.text();
  EXPECT_THAT(result.err, HasSubstr("(550 no [2J user)"));
  EXPECT_EQ((result.out + result.err).find('\x1b'), std::string::npos);
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

}  // namespace
}  // namespace pipeline::test
