// The signer against requests that were signed by another program and by AWS itself.
#include "common/aws/sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/io/file.h"

namespace pipeline::aws {
namespace {

/// One case of sigv4_cases.json; sigv4_cases.py says where it comes from.
class SigV4 : public testing::TestWithParam<Json> {
 protected:
  std::string text(const char* name) const { return GetParam().at(name).as_string(); }
  Parameters pairs(const char* name) const {
    Parameters found;
    for (const auto& pair : GetParam().at(name).as_array()) {
      found.emplace_back(pair.as_array().at(0).as_string(), pair.as_array().at(1).as_string());
    }
    return found;
  }
  SignableRequest request() const {
    return {.method = text("method"),
            .path = encode_path(text("key")),
            .query = pairs("query"),
            .headers = pairs("headers"),
            .payload_hash = text("payload_hash")};
  }
  SigningScope scope() const { return {.region = text("region"), .service = text("service")}; }
  Instant instant() const {
    const std::string date = text("date");  // 20130524T000000Z
    return *parse_utc(date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 2) + "T" +
                      date.substr(9, 2) + ":" + date.substr(11, 2) + ":" + date.substr(13, 2) +
                      ".000Z");
  }
};

TEST_P(SigV4, ComesToTheSameTextsAndSignature) {
  EXPECT_EQ(encode_path(text("key")), text("path"));
  EXPECT_EQ(amz_date(instant()), text("date"));
  const std::string canonical = canonical_request(request());
  EXPECT_EQ(canonical, text("canonical_request"));
  const std::string to_sign = string_to_sign(canonical, instant(), scope());
  EXPECT_EQ(to_sign, text("string_to_sign"));
  EXPECT_EQ(signature(Secret(text("secret")), to_sign, instant(), scope()), text("signature"));
}

TEST_P(SigV4, SignsTheHeadersThatItSends) {
  SignableRequest bare = request();
  Secret token;
  std::erase_if(bare.headers, [&](const auto& header) {
    if (header.first == "x-amz-security-token") token = Secret(header.second);
    return header.first.starts_with("x-amz-content") || header.first.starts_with("x-amz-sec") ||
           header.first == "x-amz-date" || header.first == "X-Amz-Date";
  });
  const Credentials credentials{.access_key_id = Secret(text("access_key")),
                                .secret_access_key = Secret(text("secret")),
                                .session_token = token};
  const Parameters sent = signed_headers(bare, credentials, instant(), scope());
  ASSERT_EQ(sent.back().first, "Authorization");
  if (text("service") == "s3") {
    EXPECT_THAT(sent.back().second, testing::EndsWith("Signature=" + text("signature")));
    EXPECT_THAT(sent.back().second,
                testing::StartsWith("AWS4-HMAC-SHA256 Credential=" + text("access_key") + "/" +
                                    text("date").substr(0, 8) +
                                    "/us-east-1/s3/aws4_request, SignedHeaders="));
  }
  for (const auto& [name, value] : sent) EXPECT_NE(value, text("secret")) << name;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, SigV4,
    testing::ValuesIn(Json::parse(read_file(PIPELINE_SOURCE_DIR
                                            "/tests/unit/common/aws/sigv4_cases.json"))
                          .as_array()),
    [](const auto& one) { return one.param.at("name").as_string(); });

TEST(SigV4Encoding, LeavesOnlyUnreservedBytes) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a/b c+d%e"), "a%2Fb%20c%2Bd%25e");
  EXPECT_EQ(encode_path("/a b/東"), "/a%20b/%E6%9D%B1");
  EXPECT_EQ(encode_query({{"uploads", ""}, {"a", "="}}), "a=%3D&uploads=");
  EXPECT_EQ(encode_query({}), "");
}

}  // namespace
}  // namespace pipeline::aws
