// One object of a bucket as a stream that survives cuts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/http/http_client.h"
#include "common/io/byte_stream.h"
#include "common/object_store/object_store.h"
#include "common/object_store/s3_client.h"

namespace pipeline {

/// The bytes of `object` (its whole key, size and etag) from `offset`. read() throws unavailable
/// if the object is replaced before the end, or if the stream is cut more often than the bounds
/// allow: attempts_max times without a byte between, 100 times in all.
class S3ObjectSource : public ByteSource {
 public:
  S3ObjectSource(std::shared_ptr<S3Client> client, ObjectInfo object, std::uint64_t offset);
  std::size_t read(std::span<char> buffer) override;

 private:
  enum class Opened { yes, other_bytes };
  Opened open();
  void note_cut(const Error& cut);
  void require_still_there();

  std::shared_ptr<S3Client> client_;
  ObjectInfo object_;
  std::uint64_t at_;
  std::unique_ptr<http::Answer> answer_;
  int cuts_ = 0;
  int cuts_in_a_row_ = 0;
  enum class Ended { no, yes } ended_ = Ended::no;
};

/// HEAD of a whole key; nullopt if there is no such object. The key of the answer is `full_key`.
std::optional<ObjectInfo> s3_head(S3Client& client, const std::string& full_key);

}  // namespace pipeline
