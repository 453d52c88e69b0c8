// An object that is written in parts and stands there only once all of them are complete.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/object_store/s3_client.h"

namespace pipeline {

/// Until complete() nothing is seen at the key; without it the parts are thrown away. One thread
/// at a time.
class MultipartUpload {
 public:
  MultipartUpload(S3Client& client, std::string full_key);
  /// Aborts what was not completed; if even that fails, the parts stay until the bucket's rule for
  /// incomplete uploads removes them.
  ~MultipartUpload();
  MultipartUpload(const MultipartUpload&) = delete;
  MultipartUpload& operator=(const MultipartUpload&) = delete;

  void add(std::string bytes);
  /// Bytes `first` to `last`, both included, of another object that must still have this etag.
  void add_copy(const std::string& from_key, std::string_view from_etag, std::uint64_t first,
                std::uint64_t last);
  /// The object stands at the key when this returns.
  void complete();

 private:
  aws::Parameters next_part() const;

  S3Client& client_;
  std::string key_;
  std::string upload_id_;
  std::vector<std::string> etags_;
  enum class State { open, completed } state_ = State::open;
};

/// The value of x-amz-copy-source.
std::string s3_copy_source(const S3Client& client, std::string_view full_key);

}  // namespace pipeline
