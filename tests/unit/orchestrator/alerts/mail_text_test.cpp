// The mail, compared with tests/golden/alerts, and what it makes of texts that would forge one.
#include "orchestrator/alerts/mail_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "orchestrator/alerts/outgoing.h"
#include "tests/support/golden.h"

namespace pipeline {
namespace {

using testing::HasSubstr;
using testing::Not;

const MailHead plain_head{
    .from = {.name = "Night run", .address = "night@example.com"},
    .to = {{.name = "", .address = "ops@example.com"}},
    .date = BusinessDate::parse("2026-02-01")->instant_at(std::chrono::seconds(7 * 3600 + 12 * 60)),
    .id = "0123abc"};

/// The mail with plain line ends; every line must have had both characters.
std::string lines_of(const std::string& mail) {
  std::string joined = replace_all(mail, "\r\n", "\n");
  EXPECT_EQ(joined.find('\r'), std::string::npos);
  EXPECT_EQ(replace_all(joined, "\n", "\r\n"), mail);
  for (const auto& line : split(joined, '\n')) EXPECT_LE(line.size(), 78U) << line;
  return joined;
}

std::vector<std::string> header_names(const std::string& lines) {
  std::vector<std::string> names;
  for (const auto& line : split(lines.substr(0, lines.find("\n\n")), '\n')) {
    if (!line.starts_with(' ')) names.push_back(line.substr(0, line.find(':')));
  }
  return names;
}

void expect_golden(const MailHead& head, const AlertMessage& message, const std::string& name) {
  EXPECT_TRUE(test::equals_golden(lines_of(compose_mail(head, outgoing(message))),
                                  PIPELINE_SOURCE_DIR "/tests/golden/alerts/" + name + ".mail"));
}

TEST(MailText, IsPlainWhereEverythingIsAscii) {
  expect_golden(plain_head,
                {.subject = "Nightly pipeline 2026-02-01: Silver failed",
                 .text = "Run r1 for 2026-02-01: Silver failed.\n.\nA line with a dot alone.\n"},
                "plain");
}

TEST(MailText, PutsJapaneseIntoEncodedWordsThatFitTheirLines) {
  MailHead head = plain_head;
  head.from.name = "夜間パイプライン";
  head.to = {{.name = "運用チームの当番のひとたちと、その上の責任者のみなさん",
              .address = "ops@example.com"},
             {.name = "Doe, Jane", .address = "jane@example.com"},
             {.name = "", .address = "third@example.com"}};
  expect_golden(
      head,
      {.subject =
           "夜間パイプライン 2026-02-01: シルバー層の公開に失敗しました (Pipeline.SqlRejected)",
       .text = "テーブル「物件」の公開に失敗しました。\n"},
      "japanese");
}

TEST(MailText, FoldsALongSubject) {
  expect_golden(plain_head, {.subject = "S" + std::string(300, 'x') + " end", .text = "t"}, "long");
}

TEST(MailText, NoSubjectBeginsAHeader) {
  const std::string lines = lines_of(compose_mail(
      plain_head,
      outgoing({.subject = "a\r\nBcc: x@example.com\r\n\r\nbody" + std::string("\0z", 2),
                .text = "t"})));
  EXPECT_THAT(header_names(lines),
              testing::ElementsAre("Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted",
                                   "MIME-Version", "Content-Type", "Content-Transfer-Encoding"));
  EXPECT_THAT(lines, HasSubstr("\nSubject: a Bcc: x@example.com  body z\n"));
}

TEST(MailText, WhatLooksLikeAnEncodedWordIsOne) {
  const std::string lines =
      lines_of(compose_mail(plain_head, {.subject = "=?UTF-8?B?aGVsbG8=?=", .text = "t"}));
  EXPECT_THAT(lines, Not(HasSubstr("=?UTF-8?B?aGVsbG8=?=")));
  EXPECT_THAT(lines, HasSubstr("Subject: =?UTF-8?B?" + base64("=?UTF-8?B?aGVsbG8=?=") + "?=\n"));
}

TEST(MailText, CutsABodyThatIsTooLong) {
  const std::string mail =
      compose_mail(plain_head, {.subject = "s", .text = std::string(3'000'000, 'x')});
  EXPECT_LE(mail.size(), 1'000'000U);
}

}  // namespace
}  // namespace pipeline
