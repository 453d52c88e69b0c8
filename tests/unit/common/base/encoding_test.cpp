// Base64 and digests against the examples of their standards.
#include "common/base/encoding.h"

#include <gtest/gtest.h>

namespace pipeline {
namespace {

TEST(Encoding, ReadsBase64AndNothingElse) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decode_base64("+/+/"), std::string("\xfb\xff\xbf"));
  for (const auto* text : {"Zg", "Zg=", "Z===", "Zm9v\n", "Zm 9", "=m9v"}) {
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  }
}

TEST(Encoding, DigestsAreThoseOfTheStandards) {
  // RFC 1321, appendix A.5; FIPS 180-2, appendices A.1, B.1 and beginning of C.1 and D.1.
  EXPECT_EQ(digest_hex(Digest::md5, "abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(digest_hex(Digest::sha1, "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(digest_hex(Digest::sha256, "abc").substr(0, 16), "ba7816bf8f01cfea");
  EXPECT_EQ(digest_hex(Digest::sha512, "abc").substr(0, 16), "ddaf35a193617aba");
  EXPECT_EQ(digest_hex(Digest::sha384, "abc").substr(0, 16), "cb00753f45a35e8b");
}

}  // namespace
}  // namespace pipeline
