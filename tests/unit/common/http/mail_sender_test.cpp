// What is refused before a mail server is even looked for; tests/integration has real ones.
#include "common/http/mail_sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline::http {
namespace {

using testing::HasSubstr;

std::string refusal(const MailServer& server, const Mail& mail) {
  try {
    send_mail(server, mail, {});
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
    return error.message();
  }
  return "nothing was thrown";
}

TEST(MailSender, SendsNothingInClearTextToAnotherHost) {
  EXPECT_THAT(refusal({.host = "mail.example.com", .security = MailServer::Security::plain},
                      {.from = "a@example.com", .to = {"b@example.com"}, .text = "x"}),
              HasSubstr("clear text"));
}

TEST(MailSender, LetsNoAddressBeACommand) {
  const MailServer server{.host = "localhost", .port = 1};
  for (const std::string bad :
       {"a@example.com>\r\nRCPT TO:<x@example.com", "", "a b@example.com"}) {
    EXPECT_THAT(refusal(server, {.from = bad, .to = {"b@example.com"}, .text = "x"}),
                HasSubstr("a mail address is empty or holds"))
        << bad;
    EXPECT_THAT(refusal(server, {.from = "b@example.com", .to = {bad}, .text = "x"}),
                HasSubstr("a mail address is empty or holds"))
        << bad;
  }
}

}  // namespace
}  // namespace pipeline::http
