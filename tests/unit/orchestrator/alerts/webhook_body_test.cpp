// The JSON of webhooks: escaped as Slack wants it, and never longer than the other side takes.
#include "orchestrator/alerts/webhook_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pipeline {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

std::string text_of(const std::string& body) {
  const Json json = Json::parse(body);
  EXPECT_EQ(json.as_object().size(), 2U);
  EXPECT_FALSE(json.at("mrkdwn").as_bool());
  return json.at("text").as_string();
}

std::size_t characters(const std::string& text) {
  std::size_t count = 0;
  for (const char byte : text) count += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

TEST(SlackBody, IsSubjectAndTextWithEntities) {
  EXPECT_EQ(text_of(slack_body({.subject = "S", .text = "a < b && c > d <!channel> \"夜\"\n"})),
            "S\na &lt; b &amp;&amp; c &gt; d &lt;!channel&gt; \"夜\"\n");
}

TEST(SlackBody, HasFortyThousandCharactersAtMost) {
  const std::string whole = text_of(slack_body({.subject = "S", .text = std::string(39'998, 'x')}));
  EXPECT_EQ(whole.size(), 40'000U);
  EXPECT_THAT(whole, Not(HasSubstr("cut")));
  for (const std::string piece : {"x", "&", "夜", "<夜>"}) {
    std::string text;
    while (text.size() < 200'000) text += piece;
    const std::string cut = text_of(slack_body({.subject = "S", .text = text, .run_id = "r1"}));
    EXPECT_LE(characters(cut), slack_characters_max);
    EXPECT_GE(characters(cut), slack_characters_max - 20) << "no more is cut than must be";
    EXPECT_THAT(cut, EndsWith("orchestrator show r1]\n"));
  }
}

TEST(WebhookBody, IsTheWholeMessageWhereItFits) {
  const AlertMessage message{.subject = "S", .text = "t", .run_id = "r1", .cause = "c"};
  EXPECT_EQ(Json::parse(webhook_body(message)), message.to_json());
}

TEST(WebhookBody, IsNeverLongerThanItsBound) {
  for (const char byte : {'x', '"', '\x01'}) {
    const AlertMessage message{.subject = "S",
                               .text = std::string(3'000'000, byte),
                               .run_id = "r1",
                               .cause = std::string(3'000'000, byte)};
    const std::string body = webhook_body(message);
    EXPECT_LE(body.size(), webhook_bytes_max);
    EXPECT_GE(body.size(), webhook_bytes_max / 4);
    const Json json = Json::parse(body);
    EXPECT_THAT(json.at("text").as_string(), EndsWith("orchestrator show r1]\n"));
    EXPECT_THAT(json.at("cause").as_string(), EndsWith("orchestrator show r1]\n"));
  }
}

}  // namespace
}  // namespace pipeline
