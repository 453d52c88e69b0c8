// The form that SNS gets, and subjects as it takes them.
#include "common/aws/sns.h"

#include <gtest/gtest.h>

namespace pipeline::aws {
namespace {

TEST(SnsForm, HoldsEveryValueEncoded) {
  EXPECT_EQ(publish_form({.topic_arn = "arn:aws:sns:ap-northeast-1:111122223333:night",
                          .subject = "Silver failed & stopped",
                          .message = "a=b\n夜"}),
            "Action=Publish&Message=a%3Db%0A%E5%A4%9C&Subject=Silver%20failed%20%26%20stopped&"
            "TopicArn=arn%3Aaws%3Asns%3Aap-northeast-1%3A111122223333%3Anight&Version=2010-03-31");
}

TEST(SnsForm, LeavesAnEmptySubjectOut) {
  EXPECT_EQ(publish_form({.topic_arn = "t", .subject = "", .message = "m"}),
            "Action=Publish&Message=m&TopicArn=t&Version=2010-03-31");
}

TEST(SnsSubject, HasLessThanAHundredPrintableCharacters) {
  EXPECT_EQ(sns_subject(std::string(300, 'a')), std::string(99, 'a'));
  EXPECT_EQ(sns_subject("Silver: 夜間の失敗"), "Silver: ?????");
  EXPECT_EQ(sns_subject("  a\r\nBcc: b\x7f"
                        "c\t "),
            "a  Bcc: b c");
  EXPECT_EQ(sns_subject("\xF0\x9F\x98\x80!"), "?!") << "one mark for one character of four bytes";
  EXPECT_EQ(sns_subject(" \n "), "");
}

}  // namespace
}  // namespace pipeline::aws
