// Whole URLs: what is taken as an endpoint, and that a refusal shows nothing of a secret.
#include "common/http/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline::http {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string refusal(std::string_view url) {
  try {
    endpoint_of(url);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::config_invalid);
    return error.what();
  }
  return "nothing was thrown";
}

TEST(EndpointOfAUrl, IsItsSchemeHostAndPort) {
  EXPECT_EQ(endpoint_of("https://hooks.example.com/services/T0/B0").origin(),
            "https://hooks.example.com");
  EXPECT_EQ(endpoint_of("https://h:8443?a=b").origin(), "https://h:8443");
  EXPECT_EQ(endpoint_of("http://127.0.0.1:9/x#y").origin(), "http://127.0.0.1:9");
}

TEST(EndpointOfAUrl, RefusesWhatWouldTravelInClearTextOrIsNoUrl) {
  EXPECT_THAT(refusal("http://example.com/x"), HasSubstr("clear text"));
  EXPECT_THAT(refusal("ftp://example.com/x"), HasSubstr("https://"));
  EXPECT_THAT(refusal("example.com/x"), HasSubstr("does not begin with https://"));
  EXPECT_THAT(refusal("https:///x"), HasSubstr("is not https://host"));
  EXPECT_THAT(refusal("https://h/a b"), HasSubstr("blank"));
  EXPECT_THAT(refusal("https://h/a\r\nHost: x"), HasSubstr("line break"));
}

TEST(EndpointOfAUrl, ShowsNeitherPathNorLogin) {
  EXPECT_THAT(refusal("http://example.com/canary"), Not(HasSubstr("canary")));
  EXPECT_THAT(refusal("https://me:canary@example.com/x"),
              AllOf(HasSubstr("authorization"), Not(HasSubstr("canary"))));
}

}  // namespace
}  // namespace pipeline::http
