// The XML of S3 services: what they write, and what they should never write.
#include "common/object_store/s3_answers.h"

#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/base/error.h"

namespace pipeline {
namespace {

std::string list(const std::string& inner) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
         "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>" +
         inner + "</ListBucketResult>";
}

std::string object(const std::string& key) {
  return "<Contents><Key>" + key +
         "</Key><LastModified>2026-01-31T22:00:00.000Z</LastModified>"
         "<ETag>&quot;abc-2&quot;</ETag><Size>12345678901</Size></Contents>";
}

ErrorKind kind_of_list(const std::string& xml) {
  try {
    parse_s3_list(xml);
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::internal;
}

TEST(S3Answers, ReadsAPageOfAList) {
  const auto page =
      parse_s3_list(list("<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
                         "<NextContinuationToken>1/x+y==</NextContinuationToken>" +
                         object("dumps/a%2Bb+c%20%E6%9D%B1") + object("z")));
  ASSERT_EQ(page.objects.size(), 2U);
  EXPECT_EQ(page.objects[0].key, "dumps/a+b c 東");
  EXPECT_EQ(page.objects[0].size_bytes, 12345678901U);
  EXPECT_EQ(page.objects[0].etag, "abc-2");
  EXPECT_EQ(format_utc(page.objects[0].modified), "2026-01-31T22:00:00.000Z");
  EXPECT_EQ(page.next_token, "1/x+y==");
}

TEST(S3Answers, KeysAreTakenAsTheyStandWhereTheServerDidNotEncodeThem) {
  const auto page = parse_s3_list(list("<IsTruncated>false</IsTruncated>" + object("a+b%20&amp;")));
  EXPECT_EQ(page.objects.at(0).key, "a+b%20&");
  EXPECT_EQ(page.next_token, "");
}

TEST(S3Answers, RefusesListsThatAreNone) {
  const std::string whole = list(object("a"));
  EXPECT_EQ(kind_of_list(whole.substr(0, whole.size() - 5)), ErrorKind::unavailable);
  EXPECT_EQ(kind_of_list("<html/>"), ErrorKind::unavailable);
  EXPECT_EQ(kind_of_list(""), ErrorKind::unavailable);
  EXPECT_EQ(kind_of_list(list("<IsTruncated>true</IsTruncated>")), ErrorKind::unavailable);
  EXPECT_EQ(kind_of_list(list("<Contents><Key>a</Key></Contents>")), ErrorKind::unavailable);
  EXPECT_EQ(kind_of_list(list("<Contents><Key></Key><Size>1</Size></Contents>")),
            ErrorKind::unavailable);
  EXPECT_EQ(kind_of_list(list("<EncodingType>url</EncodingType>" + object("a%zz"))),
            ErrorKind::unavailable);
}

TEST(S3Answers, ReadsErrorsAndTakesNothingElseForOne) {
  const auto error = parse_s3_error(
      "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message>less</Message>"
      "<RequestId>r1</RequestId></Error>");
  EXPECT_EQ(error.code, "SlowDown");
  EXPECT_EQ(error.message, "less");
  EXPECT_EQ(error.request_id, "r1");
  EXPECT_EQ(parse_s3_error("<CopyObjectResult><Code>x</Code></CopyObjectResult>").code, "");
  EXPECT_EQ(parse_s3_error("no XML").code, "");
}

TEST(S3Answers, EntitiesOfADocumentsOwnAreNotExpanded) {
  const std::string bomb =
      "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;\">]>"
      "<Error><Code>&b;</Code></Error>";
  EXPECT_EQ(parse_s3_error(bomb).code, "&b;");
}

TEST(S3Answers, AResultMustBeTheOneThatWasAskedFor) {
  const std::string xml = "<CopyObjectResult><ETag>&quot;x&quot;</ETag></CopyObjectResult>";
  EXPECT_EQ(plain_etag(s3_result_value(xml, "CopyObjectResult", "ETag")), "x");
  EXPECT_THROW(s3_result_value(xml, "CopyPartResult", "ETag"), Error);
  EXPECT_THROW(s3_result_value(xml, "CopyObjectResult", "Key"), Error);
  EXPECT_THROW(s3_result_value("<Error/>", "CopyObjectResult", "ETag"), Error);
}

}  // namespace
}  // namespace pipeline
