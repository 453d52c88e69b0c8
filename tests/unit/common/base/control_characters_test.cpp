// What moves a cursor becomes a blank, and nothing else does.
#include "common/base/control_characters.h"

#include <gtest/gtest.h>

namespace pipeline {
namespace {

TEST(BlankControls, TakesThoseOfAsciiAndThoseBehind) {
  EXPECT_EQ(blank_controls("a\x1b[2Jb\x7f\r\n"), "a [2Jb   ");
  EXPECT_EQ(blank_controls(std::string_view("a\0b", 3)), "a b");
  EXPECT_EQ(blank_controls("a\xc2\x9b"
                           "2Jb\xc2\x80"),
            "a  2Jb  ")
      << "U+009B is ESC [ too";
}

TEST(BlankControls, LeavesOtherBytesAndWhatIsKept) {
  const std::string text = "caf\xc3\xa9 \xc2\xa0\xe5\xa4\x9c\xc2";
  EXPECT_EQ(blank_controls(text), text) << "U+00A0, letters, and a text that is cut";
  EXPECT_EQ(blank_controls("a\tb\nc\r", "\n\t"), "a\tb\nc ");
}

TEST(IsControl, AreBytesBelowTheBlankAndDelete) {
  EXPECT_TRUE(is_control('\0'));
  EXPECT_TRUE(is_control('\x1f'));
  EXPECT_TRUE(is_control('\x7f'));
  EXPECT_FALSE(is_control(' '));
  EXPECT_FALSE(is_control('~'));
  EXPECT_FALSE(is_control('\x9b')) << "in UTF-8 a part of some letter";
}

}  // namespace
}  // namespace pipeline
