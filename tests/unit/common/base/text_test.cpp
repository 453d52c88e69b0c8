// Small string helpers at their edges.
#include "common/base/text.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pipeline {
namespace {

using testing::ElementsAre;

TEST(Text, SplitsAndJoins) {
  EXPECT_THAT(split("a,,b", ','), ElementsAre("a", "", "b"));
  EXPECT_TRUE(split("", ',').empty());
  EXPECT_EQ(join(split("a,b", ','), "+"), "a+b");
}

TEST(Text, ReplacesWithoutLookingAtItsOwnOutput) {
  EXPECT_EQ(replace_all("aaa", "a", "aa"), "aaaaaa");
  EXPECT_EQ(replace_all("abc", "", "x"), "abc");
}

TEST(Text, SuggestsOnlyWhatIsNear) {
  constexpr std::array<std::string_view, 2> known{"source", "warehouse"};
  EXPECT_EQ(nearest("sorce", known), "source");
  EXPECT_EQ(nearest("zzzzzz", known), "");
}

TEST(Text, CutsAtCharacterBoundaries) {
  EXPECT_EQ(head("日本語", 7), "日本...");
  EXPECT_EQ(head("abc", 3), "abc");
}

TEST(Text, WritesBase64AsItsStandardDoes) {
  // RFC 4648, section 10.
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xFB\xFF\xFE"), "+//+");
}

TEST(Text, FindsTheFirstByteThatIsNoText) {
  EXPECT_EQ(find_no_text(""), std::nullopt);
  EXPECT_EQ(find_no_text("caf\xC3\xA9 \xE6\x97\xA5 \xF0\x9F\x98\x80\n"), std::nullopt);
  EXPECT_EQ(find_no_text("caf\xE9"), 3U);
  EXPECT_EQ(find_no_text("ab\x93\xFA"), 2U) << "Shift JIS";
  EXPECT_EQ(find_no_text("\xE6\x97"), 0U) << "cut in the middle";
  EXPECT_EQ(find_no_text("a\xC3(b"), 1U);
  EXPECT_EQ(find_no_text(std::string_view("a\0b", 3)), 1U);
}

TEST(Text, CountsLinesFromOne) {
  EXPECT_EQ(line_at("a\nb\nc", 0), 1);
  EXPECT_EQ(line_at("a\nb\nc", 1), 1);
  EXPECT_EQ(line_at("a\nb\nc", 4), 3);
}

TEST(Text, HashesAsTheStandardSays) {
  // FIPS 180-2, appendix B.1.
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 pieces;
  pieces.update("a");
  pieces.update("bc");
  EXPECT_EQ(pieces.finish(), sha256_hex("abc"));
}

TEST(Text, ShowsSizesForPeople) {
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(945'000'000), "945.0 MB");
}

}  // namespace
}  // namespace pipeline
