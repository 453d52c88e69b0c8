// Mailboxes: what is read, and that no value of one can begin a header.
#include "common/http/mailbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline::http {
namespace {

using testing::HasSubstr;

std::string refusal(std::string_view text) {
  try {
    parse_mailbox(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
    return error.message();
  }
  return "nothing was thrown";
}

TEST(Mailbox, IsAnAddressWithOrWithoutAName) {
  EXPECT_EQ(parse_mailbox("night+1@example.co.jp").address, "night+1@example.co.jp");
  EXPECT_EQ(parse_mailbox("night+1@example.co.jp").name, "");
  const Mailbox plain = parse_mailbox("Night run <night@example.com>");
  EXPECT_EQ(plain.name, "Night run");
  EXPECT_EQ(plain.address, "night@example.com");
  EXPECT_EQ(parse_mailbox("\"Doe, Jane\" <j@example.com>").name, "Doe, Jane");
  EXPECT_EQ(parse_mailbox("夜間 <night@example.com>").name, "夜間");
}

TEST(Mailbox, HoldsNoLineBreakAnywhere) {
  for (const std::string_view text :
       {std::string_view("a@example.com\r\nBcc: b@example.com"),
        std::string_view("a@exa\nmple.com"), std::string_view("N\rX: y <a@example.com>"),
        std::string_view("a@example.com\0b", 15)}) {
    EXPECT_THAT(refusal(text), HasSubstr("line break")) << text;
  }
}

TEST(Mailbox, IsNothingButAPlainAddress) {
  for (const auto* text :
       {"", "night", "@example.com", "a@", "a@@example.com", "a b@example.com", "a@example..com",
        "a@example.com, b@example.com", "<a@example.com>, <b@example.com>", "a@[127.0.0.1]",
        "あ@example.com", "a@例.jp", "a@example.com SIZE=1", "\"a b\"@example.com"}) {
    EXPECT_NE(refusal(text), "nothing was thrown") << text;
  }
  EXPECT_THAT(refusal("a <b> <c@example.com>"), HasSubstr("angle bracket"));
  EXPECT_THAT(refusal(std::string(250, 'a') + "@example.com"), HasSubstr("no mail address"));
}

}  // namespace
}  // namespace pipeline::http
