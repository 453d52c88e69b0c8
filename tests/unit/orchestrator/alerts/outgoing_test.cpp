// What leaves the house is clean and of bounded length.
#include "orchestrator/alerts/outgoing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/secret.h"

namespace pipeline {
namespace {

using testing::EndsWith;
using testing::StartsWith;

TEST(Outgoing, HoldsNoSecretInAnyMember) {
  const Secret secret("open-sesame");
  const std::string dirty = "x open-sesame y";
  const AlertMessage clean = outgoing({.subject = dirty,
                                       .text = dirty,
                                       .run_id = dirty,
                                       .state = dirty,
                                       .error = dirty,
                                       .cause = dirty,
                                       .command = dirty,
                                       .log_path = dirty});
  for (const auto& text : {clean.subject, clean.text, clean.run_id, clean.state, clean.error,
                           clean.cause, clean.command, clean.log_path}) {
    EXPECT_EQ(text, "x *** y");
  }
}

TEST(Outgoing, TurnsControlCharactersIntoBlanksAndKeepsTheLinesOfTexts) {
  const std::string nul("a\0b", 3);
  const AlertMessage clean =
      outgoing({.subject = "a\r\nBcc: b@c.d\x1b[0m" + nul, .text = "1\r\n2\t3\x07" + nul});
  EXPECT_EQ(clean.subject, "a Bcc: b@c.d [0ma b");
  EXPECT_EQ(clean.text, "1\n2\t3 a b");
}

TEST(Outgoing, IsUtf8WhateverCame) {
  EXPECT_EQ(outgoing({.text = "caf\xE9 夜"}).text, "caf\xEF\xBF\xBD 夜");
}

TEST(Outgoing, BoundsTheSubject) {
  EXPECT_LE(outgoing({.subject = std::string(100'000, 's')}).subject.size(), 503U);
}

TEST(Shortened, SaysHowManyBytesAreCutAndWhereTheyStand) {
  EXPECT_EQ(shortened("short", 5, "r1"), "short");
  const std::string text(1000, 'x');
  const std::string cut = shortened(text, 300, "r1");
  EXPECT_LE(cut.size(), 300U);
  const auto kept = cut.find('\n');
  EXPECT_EQ(cut, std::string(kept, 'x') + "\n[" + std::to_string(1000 - kept) +
                     " bytes are cut here; the whole stands in the history: orchestrator show "
                     "r1]\n");
}

TEST(Shortened, CutsBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "夜";
  for (std::size_t bytes = 300; bytes < 306; ++bytes) {
    const std::string cut = shortened(text, bytes, "r1");
    EXPECT_LE(cut.size(), bytes);
    EXPECT_EQ(cut.find('\n') % 3, 0U) << bytes;
  }
}

TEST(Shortened, NamesTheLastRunWhereThereIsNone) {
  EXPECT_THAT(shortened(std::string(1000, 'x'), 300, ""),
              AllOf(StartsWith("xxx"), EndsWith("orchestrator show last]\n")));
}

}  // namespace
}  // namespace pipeline
