// A bucket of an S3 service as an object store.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/aws/credentials.h"
#include "common/base/clock.h"
#include "common/http/retry_delay.h"
#include "common/object_store/object_store.h"
#include "common/object_store/s3_address.h"

namespace pipeline {

class S3Client;

struct S3Options {
  std::string endpoint;  // empty: AWS
  std::string region;
  S3Addressing addressing = S3Addressing::by_endpoint;
  std::string ca_file;  // empty: the system's certificate authorities
  std::shared_ptr<aws::CredentialsSource> credentials;
  /// Throws to end the work; called often while a request or a pause between two is waited for.
  std::function<void()> check_cancelled = [] {};
  std::chrono::milliseconds silence_limit{60'000};
  RetryLimits retry;
  /// Objects above this are written and copied in parts of this size, which a put holds in memory.
  std::uint64_t put_part_bytes = 16U << 20U;  // S3 takes no part below 5 MiB but the last
  std::uint64_t copy_part_bytes = std::uint64_t{1} << 30U;  // and no copy above 5 GiB at once
};

/// Keys are those of the bucket below the URL's prefix. get() is one stream that is taken up again
/// where it was cut, of the same object (If-Match) or not at all; it ends only after as many bytes
/// as the object has, and after a last look whether it still stands there. Every answer's length is
/// checked. remove_if() looks first and asks the service to compare too; where the service cannot,
/// one round trip lies between look and removal. Errors besides those of ObjectStore:
/// config_invalid for a bucket that is not there or lies in another region.
class S3Store : public ObjectStore {
 public:
  /// Sends nothing yet. Throws config_invalid for what s3_address() refuses.
  S3Store(const std::string& url, S3Options options, Clock& clock = system_clock());
  ~S3Store() override;

  std::vector<ObjectInfo> list(std::string_view prefix) override;
  std::optional<ObjectInfo> stat(std::string_view key) override;
  std::unique_ptr<ByteSource> get(std::string_view key, std::uint64_t offset) override;
  ObjectInfo put(std::string_view key, ByteSource& bytes) override;
  ObjectInfo copy(std::string_view from_key, std::string_view to_key) override;
  void remove(std::string_view key) override;
  bool remove_if(std::string_view key, std::string_view etag) override;
  std::string url() const override { return url_; }

 private:
  std::string full_key(std::string_view key) const;
  ObjectInfo require_stat(std::string_view key, std::string_view what);
  ObjectInfo require_size(std::string_view key, std::uint64_t bytes);
  ObjectInfo put_in_parts(std::string_view key, std::string first, ByteSource& bytes);
  void copy_at_once(const ObjectInfo& from, const std::string& to);
  void copy_in_parts(const ObjectInfo& from, const std::string& to);

  std::string url_;
  S3Options options_;
  std::shared_ptr<S3Client> client_;  // streams keep it alive
};

}  // namespace pipeline
