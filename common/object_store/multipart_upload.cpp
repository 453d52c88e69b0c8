#include "common/object_store/multipart_upload.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/object_store/s3_answers.h"

namespace pipeline {
namespace {

constexpr std::size_t parts_max = 10'000;  // as S3 has it

std::string xml_text(std::string_view text) {
  return replace_all(replace_all(replace_all(text, "&", "&amp;"), "<", "&lt;"), "\"", "&quot;");
}

}  // namespace

std::string s3_copy_source(const S3Client& client, std::string_view full_key) {
  return fmt::format("/{}/{}", client.address().bucket, aws::encode_path(full_key));
}

MultipartUpload::MultipartUpload(S3Client& client, std::string full_key)
    : client_(client), key_(std::move(full_key)) {
  const S3Reply reply =
      client_.call({.method = http::Method::post, .key = key_, .query = {{"uploads", ""}}});
  upload_id_ = s3_result_value(reply.body, "InitiateMultipartUploadResult", "UploadId");
}

MultipartUpload::~MultipartUpload() {
  if (state_ == State::completed) return;
  try {
    client_.call({.method = http::Method::remove,
                  .key = key_,
                  .query = {{"uploadId", upload_id_}},
                  .answers = {404}});
  } catch (const std::exception& error) {
    log::warn("the parts of an upload to {} were left behind: {}", client_.name_of(key_),
              error.what());
  }
}

aws::Parameters MultipartUpload::next_part() const {
  if (etags_.size() >= parts_max) {
    throw Error(ErrorKind::resource_exhausted,
                fmt::format("{} needs more than {} parts", client_.name_of(key_), parts_max));
  }
  return {{"partNumber", std::to_string(etags_.size() + 1)}, {"uploadId", upload_id_}};
}

void MultipartUpload::add(std::string bytes) {
  const S3Reply reply = client_.call(
      {.method = http::Method::put, .key = key_, .query = next_part(), .body = std::move(bytes)});
  etags_.push_back(reply.etag);
}

void MultipartUpload::add_copy(const std::string& from_key, std::string_view from_etag,
                               std::uint64_t first, std::uint64_t last) {
  const S3Reply reply = client_.call(
      {.method = http::Method::put,
       .key = key_,
       .query = next_part(),
       .headers = {{"x-amz-copy-source", s3_copy_source(client_, from_key)},
                   {"x-amz-copy-source-if-match", fmt::format("\"{}\"", from_etag)},
                   {"x-amz-copy-source-range", fmt::format("bytes={}-{}", first, last)}}});
  etags_.push_back(plain_etag(s3_result_value(reply.body, "CopyPartResult", "ETag")));
}

void MultipartUpload::complete() {
  std::string list = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < etags_.size(); ++i) {
    list += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>&quot;{}&quot;</ETag></Part>",
                        i + 1, xml_text(etags_[i]));
  }
  const S3Reply reply = client_.call({.method = http::Method::post,
                                      .key = key_,
                                      .query = {{"uploadId", upload_id_}},
                                      .headers = {{"Content-Type", "application/xml"}},
                                      .body = list + "</CompleteMultipartUpload>"});
  // Anything else in a 200 is no completion. Its ETag is not used: some services leave it empty.
  static_cast<void>(s3_result_value(reply.body, "CompleteMultipartUploadResult", "Key"));
  state_ = State::completed;
}

}  // namespace pipeline
