// Signed requests to one bucket, sent again while that can help.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "common/aws/cached_credentials.h"
#include "common/aws/credentials.h"
#include "common/aws/sigv4.h"
#include "common/base/clock.h"
#include "common/http/http_client.h"
#include "common/http/retry_delay.h"
#include "common/object_store/s3_address.h"
#include "common/object_store/s3_faults.h"

namespace pipeline {

struct S3ClientOptions {
  S3Address address;
  std::string region;
  std::shared_ptr<aws::CredentialsSource> credentials;
  http::ClientOptions http;
  RetryLimits retry;
  Clock* clock = nullptr;
};

struct S3Call {
  http::Method method = http::Method::get;
  std::string key;  // whole, plain; empty: the bucket
  aws::Parameters query;
  http::Headers headers;  // x-amz-* and conditions
  std::string body;
  std::vector<int> answers;  // statuses besides 2xx that the caller takes as an answer
};

struct S3Reply {
  int status = 0;
  std::string body;
  std::string etag;  // of the header, without quotes
};

/// Thread-safe. Retries with growing, drawn delays: lost connections, answers cut short, 429, 5xx,
/// and a 200 whose body is an error of that kind; asks the credentials' source once when a token
/// has expired. Throws the kinds of the table in s3_faults.cpp, with bucket, key and request id.
class S3Client {
 public:
  explicit S3Client(S3ClientOptions options);

  /// The whole answer, which is small.
  S3Reply call(const S3Call& call);
  /// The head of the answer; its body is the caller's. A cut in it is the caller's too.
  std::unique_ptr<http::Answer> open(const S3Call& call);

  /// Waits as between two attempts; a signal ends it.
  void wait_before_retry(int attempt, std::optional<std::chrono::seconds> server_asks);

  /// "s3://bucket/key"
  std::string name_of(std::string_view key) const;
  const S3Address& address() const { return options_.address; }
  const RetryLimits& retry() const { return options_.retry; }

 private:
  enum class Body { read_here, left_to_the_caller };
  struct Result {
    std::unique_ptr<http::Answer> answer;
    std::string body;
  };
  Result exchange(const S3Call& call, Body body);
  std::unique_ptr<http::Answer> send(const S3Call& call, const aws::Credentials& credentials);
  S3Fault fault_of(const S3Call& call, http::Answer& answer, std::string_view body,
                   const aws::Credentials& credentials);

  S3ClientOptions options_;
  http::Client http_;
  aws::CachedCredentials credentials_;
  std::mutex mutex_;  // of random_
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace pipeline
