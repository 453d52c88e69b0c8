// What programs, metadata services and STS answer: taken whole, or refused without a value shown.
#include "common/aws/credential_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/base/error.h"

namespace pipeline::aws {
namespace {

using testing::HasSubstr;
using testing::Not;

const auto seven = *parse_utc("2026-02-01T07:00:00.000Z");

std::string refusal(const std::string& json, JsonAnswer kind) {
  try {
    parse_json_credentials(json, kind);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::access_denied);
    EXPECT_THAT(error.what(), Not(HasSubstr("canary"))) << "a value is told";
    return error.message();
  }
  return "nothing was thrown";
}

TEST(CredentialAnswers, ReadTimesAsServicesWriteThem) {
  EXPECT_EQ(parse_instant("2026-02-01T07:00:00Z"), seven);
  EXPECT_EQ(parse_instant("2026-02-01T07:00:00.123456Z"), seven);
  EXPECT_EQ(parse_instant("2026-02-01T16:00:00+09:00"), seven);
  EXPECT_EQ(parse_instant("2026-02-01 02:00:00-05:00"), seven);
  for (const auto* text : {"", "2026-02-01T07:00:00", "2026-02-30T07:00:00Z", "2026-02-01",
                           "2026-02-01T07:00:00.Z", "2026-02-01T07:00:00+9", "1769929200"}) {
    EXPECT_EQ(parse_instant(text), std::nullopt) << text;
  }
}

TEST(CredentialAnswers, OfAProcessMayLastForEver) {
  const auto keys = parse_json_credentials(
      R"({"Version": 1, "AccessKeyId": "AKID", "SecretAccessKey": "canary-s"})",
      JsonAnswer::process);
  EXPECT_EQ(keys.access_key_id.reveal(), "AKID");
  EXPECT_EQ(keys.secret_access_key.reveal(), "canary-s");
  EXPECT_TRUE(keys.session_token.empty());
  EXPECT_EQ(keys.expires_at, std::nullopt);
  const auto passing = parse_json_credentials(
      R"({"Version": 1, "AccessKeyId": "AKID", "SecretAccessKey": "canary-s",
          "SessionToken": "canary-t", "Expiration": "2026-02-01T07:00:00Z"})",
      JsonAnswer::process);
  EXPECT_EQ(passing.session_token.reveal(), "canary-t");
  EXPECT_EQ(passing.expires_at, seven);
}

TEST(CredentialAnswers, OfAProcessAreRefusedByWhatIsMissing) {
  using enum JsonAnswer;
  EXPECT_EQ(refusal("canary, no JSON", process), "what it answers is no JSON object");
  EXPECT_EQ(refusal("[\"canary\"]", process), "what it answers is no JSON object");
  EXPECT_EQ(refusal(R"({"AccessKeyId": "A", "SecretAccessKey": "canary"})", process),
            "Version is missing; it is to be 1");
  EXPECT_EQ(refusal(R"({"Version": 2, "SecretAccessKey": "canary"})", process), "Version is not 1");
  EXPECT_EQ(refusal(R"({"Version": 1, "SecretAccessKey": "canary"})", process),
            "AccessKeyId is missing");
  EXPECT_EQ(refusal(R"({"Version": 1, "AccessKeyId": "canary", "SecretAccessKey": ""})", process),
            "SecretAccessKey is empty");
  EXPECT_EQ(refusal(R"({"Version": 1, "AccessKeyId": ["canary"]})", process),
            "AccessKeyId is no text");
  EXPECT_EQ(refusal(R"({"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "canary",
                        "Expiration": "canary"})",
                    process),
            "Expiration is no time");
}

TEST(CredentialAnswers, OfMetadataAlwaysExpire) {
  using enum JsonAnswer;
  const std::string whole =
      R"({"AccessKeyId": "A", "SecretAccessKey": "canary", "Token": "canary-t",
                                "Expiration": "2026-02-01T07:00:00Z", "Code": "Success"})";
  for (const auto kind : {container, instance}) {
    const auto keys = parse_json_credentials(whole, kind);
    EXPECT_EQ(keys.session_token.reveal(), "canary-t");
    EXPECT_EQ(keys.expires_at, seven);
  }
  EXPECT_EQ(refusal(R"({"AccessKeyId": "A", "SecretAccessKey": "canary"})", container),
            "Token is missing");
  EXPECT_EQ(refusal(R"({"AccessKeyId": "A", "SecretAccessKey": "canary", "Token": "canary-t"})",
                    instance),
            "Expiration is missing");
  EXPECT_EQ(
      refusal(R"({"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot"})", instance),
      "it answers AssumeRoleUnauthorizedAccess: EC2 cannot");
}

TEST(CredentialAnswers, OfStsAreWholeOrRefused) {
  const std::string whole =
      "<AssumeRoleResponse xmlns='x'><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId>"
      "<SecretAccessKey>canary/&amp;</SecretAccessKey><SessionToken>canary-t</SessionToken>"
      "<Expiration>2026-02-01T07:00:00Z</Expiration></Credentials></AssumeRoleResult>"
      "</AssumeRoleResponse>";
  const auto keys = parse_sts_credentials(whole);
  EXPECT_EQ(keys.secret_access_key.reveal(), "canary/&");
  EXPECT_EQ(keys.expires_at, seven);
  for (const auto* missing : {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration",
                              "Credentials", "AssumeRoleResult"}) {
    std::string broken = whole;
    const std::string tag = std::string("<") + missing + ">";
    const std::string end = std::string("</") + missing + ">";
    broken.replace(broken.find(tag), tag.size(), "<Other>");
    broken.replace(broken.find(end), end.size(), "</Other>");
    try {
      parse_sts_credentials(broken);
      ADD_FAILURE() << missing << " is not missed";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable);
      EXPECT_THAT(error.what(), HasSubstr(missing));
      EXPECT_THAT(error.what(), Not(HasSubstr("canary")));
    }
  }
  EXPECT_THROW(parse_sts_credentials(whole.substr(0, 200)), Error);
  EXPECT_THROW(parse_sts_credentials("<html/>"), Error);
}

TEST(CredentialAnswers, WhoseKeysTheseAre) {
  const auto identity = parse_caller_identity(
      "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/u"
      "</Arn><Account>123456789012</Account></GetCallerIdentityResult></"
      "GetCallerIdentityResponse>");
  EXPECT_EQ(identity.account, "123456789012");
  EXPECT_EQ(identity.arn, "arn:aws:iam::123456789012:user/u");
  for (const auto* account : {"", "12345678901", "12345678901x"}) {
    EXPECT_THROW(parse_caller_identity(
                     std::string("<GetCallerIdentityResponse><GetCallerIdentityResult><Account>") +
                     account + "</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"),
                 Error)
        << account;
  }
}

TEST(CredentialAnswers, RefusalsInBothLanguages) {
  const auto xml = parse_refusal(
      "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message>"
      "</Error><RequestId>r-1</RequestId></ErrorResponse>");
  EXPECT_EQ(xml.code, "AccessDenied");
  EXPECT_EQ(xml.message, "no");
  EXPECT_EQ(xml.request_id, "r-1");
  const auto json =
      parse_refusal(R"({"__type": "com.amazonaws#ResourceNotFoundException", "Message": "gone"})");
  EXPECT_EQ(json.code, "ResourceNotFoundException");
  EXPECT_EQ(json.message, "gone");
  EXPECT_EQ(parse_refusal("Bad Gateway").code, "");
}

}  // namespace
}  // namespace pipeline::aws
