// A private S3 service with a bucket for each test that wants one.
#pragma once

#include <memory>
#include <string>

#include "common/object_store/s3_store.h"
#include "tests/support/radosgw.h"

namespace pipeline::test {

/// Keys that a test knows; what fetch() gives can be changed under way.
class FixedCredentials : public aws::CredentialsSource {
 public:
  FixedCredentials(const std::string& access_key, const std::string& secret)
      : credentials_{.access_key_id = Secret(access_key), .secret_access_key = Secret(secret)} {}
  aws::Credentials fetch() override {
    ++fetched;
    return credentials_;
  }
  std::string text() const override { return "the test"; }

  int fetched = 0;

 private:
  aws::Credentials credentials_;
};

/// One gateway for the program: started with the first house, ended by TearDown of S3Gateway.
class S3House {
 public:
  S3House();

  static Radosgw& gateway();
  /// Ends the gateway; to be called once the program's tests are done.
  static void end_gateway();

  /// As the buckets' owner, in clear text, with short waits between attempts.
  static S3Options options();
  /// The name of a bucket that did not exist before.
  static std::string make_bucket();

  const std::string& bucket() const { return bucket_; }
  std::string url() const { return "s3://" + bucket_; }
  std::unique_ptr<S3Store> open() const { return open(options()); }
  std::unique_ptr<S3Store> open(S3Options options) const {
    return std::make_unique<S3Store>(url(), std::move(options));
  }

 private:
  std::string bucket_;
};

}  // namespace pipeline::test
