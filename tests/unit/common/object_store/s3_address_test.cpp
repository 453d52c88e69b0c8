// Which URLs and endpoints name a bucket, and what a request for its objects looks like.
#include "common/object_store/s3_address.h"

#include <gtest/gtest.h>

#include "common/base/error.h"

namespace pipeline {
namespace {

struct Given {
  std::string url;
  std::string endpoint;
  S3Addressing addressing = S3Addressing::by_endpoint;
  std::string region = "ap-northeast-1";
};

S3Address address(const Given& given) {
  return s3_address(given.url, given.endpoint, given.region, given.addressing);
}

std::string object_url(const Given& given) {
  const auto found = address(given);
  return found.origin + found.path_of(found.prefix + "a b");
}

TEST(S3Address, PathOrVirtualHost) {
  using enum S3Addressing;
  EXPECT_EQ(object_url({"s3://b-1/p/q/", ""}),
            "https://b-1.s3.ap-northeast-1.amazonaws.com/p/q/a%20b");
  EXPECT_EQ(object_url({"s3://b-1", "", path}),
            "https://s3.ap-northeast-1.amazonaws.com/b-1/a%20b");
  EXPECT_EQ(object_url({"s3://my.bucket", ""}),
            "https://s3.ap-northeast-1.amazonaws.com/my.bucket/a%20b");
  EXPECT_EQ(object_url({"s3://b-1", "https://ceph.example.org:8443"}),
            "https://ceph.example.org:8443/b-1/a%20b");
  EXPECT_EQ(object_url({"s3://b-1/", "https://ceph.example.org", virtual_host}),
            "https://b-1.ceph.example.org/a%20b");
  EXPECT_EQ(object_url({"s3://b-1", "http://127.0.0.1:7480/"}), "http://127.0.0.1:7480/b-1/a%20b");
}

TEST(S3Address, TheHostHasThePortOnlyWhereItIsNotTheSchemesOwn) {
  EXPECT_EQ(address({"s3://b-1", "https://h:443"}).host, "h");
  EXPECT_EQ(address({"s3://b-1", "https://h:80"}).host, "h:80");
  EXPECT_EQ(address({"s3://b-1", "http://localhost:80"}).host, "localhost");
}

TEST(S3Address, TheBucketItselfIsTheRoot) {
  EXPECT_EQ(address({"s3://b-1", "https://h"}).path_of(""), "/b-1");
  EXPECT_EQ(address({"s3://b-1", ""}).path_of(""), "/");
}

TEST(S3Address, RefusesWhatIsNone) {
  using enum S3Addressing;
  const std::vector<Given> refused{
      {"s3://", ""},
      {"s3:///key", ""},
      {"s3://UPPER", ""},
      {"s3://a_b", ""},
      {"s3://ab", ""},
      {"s3://b-1//x", ""},
      {"s3://b-1/../x", ""},
      {"https://b-1", ""},
      {"s3://b-1", "ceph.example.org"},
      {"s3://b-1", "http://ceph.example.org"},
      {"s3://b-1", "http://127.0.0.1.example.org"},
      {"s3://b-1", "https://user:pw@host"},
      {"s3://b-1", "https://host/path"},
      {"s3://b-1", "https://host:0"},
      {"s3://b-1", "https://host:99999"},
      {"s3://b-1", "https://"},
      {"s3://b-1", "https://h", path, ""},
      {"s3://b-1", "https://h", path, "eu west"},
      {"s3://my.bucket", "", virtual_host},
  };
  for (const auto& given : refused) {
    try {
      address(given);
      ADD_FAILURE() << given.url << " " << given.endpoint;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::config_invalid) << error.what();
    }
  }
}

}  // namespace
}  // namespace pipeline
