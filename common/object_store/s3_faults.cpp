#include "common/object_store/s3_faults.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/clock.h"
#include "common/base/control_characters.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

struct CodeEntry {
  std::string_view code;
  ErrorKind kind;
  S3Remedy remedy;
  std::string_view hint;
};

constexpr std::size_t words_bytes_max = 300;

using enum ErrorKind;
using enum S3Remedy;

constexpr CodeEntry codes[] = {
    {"AccessDenied", access_denied, none,
     "the policy of the keys must allow s3:ListBucket on the bucket and s3:GetObject, "
     "s3:PutObject, "
     "s3:DeleteObject on its objects"},
    {"AllAccessDisabled", access_denied, none, ""},
    {"AccountProblem", access_denied, none, ""},
    {"InvalidAccessKeyId", access_denied, none, "the store does not know the access key id"},
    {"SignatureDoesNotMatch", access_denied, none,
     "the secret access key is not the one of the access key id"},
    {"ExpiredToken", access_denied, new_token, "the session token has expired; bring a new one"},
    {"TokenRefreshRequired", access_denied, new_token, "the session token must be renewed"},
    {"InvalidToken", access_denied, new_token, "the session token is not one of the access key"},
    {"RequestTimeTooSkewed", access_denied, none, "set the clock of this host"},
    {"NoSuchBucket", config_invalid, none, "source.store names a bucket that does not exist"},
    {"InvalidBucketName", config_invalid, none, "source.store names no bucket"},
    {"PermanentRedirect", config_invalid, none, "the bucket lies in another region"},
    {"TemporaryRedirect", unavailable, wait, ""},
    {"AuthorizationHeaderMalformed", config_invalid, none,
     "source.region is not the region of the bucket"},
    {"IllegalLocationConstraintException", config_invalid, none,
     "source.region is not the region of the bucket"},
    {"InvalidRegion", config_invalid, none, "source.region is not the region of the bucket"},
    {"NoSuchKey", unavailable, none, ""},
    {"NoSuchUpload", unavailable, none, ""},
    {"PreconditionFailed", unavailable, none, "the object was replaced meanwhile"},
    {"InvalidObjectState", unavailable, none,
     "the object lies in cold storage; restore it there first"},
    {"SlowDown", unavailable, wait, ""},
    {"ServiceUnavailable", unavailable, wait, ""},
    {"Throttling", unavailable, wait, ""},
    {"TooManyRequests", unavailable, wait, ""},
    {"InternalError", unavailable, wait, ""},
    {"OperationAborted", unavailable, wait, ""},
    {"ConcurrentModification", unavailable, wait, ""},
    {"RequestTimeout", unavailable, wait, ""},
    {"BadDigest", unavailable, wait, "the bytes were changed on their way"},
    {"XAmzContentSHA256Mismatch", unavailable, wait, "the bytes were changed on their way"},
    {"EntityTooLarge", resource_exhausted, none, ""},
    {"QuotaExceeded", resource_exhausted, none, ""},
};

struct StatusEntry {
  int first;
  int last;
  ErrorKind kind;
  S3Remedy remedy;
};

constexpr StatusEntry statuses[] = {
    {300, 399, config_invalid, none},  // the bucket lies elsewhere
    {401, 401, access_denied, none},  {403, 403, access_denied, none},
    {404, 404, unavailable, none},    {408, 408, unavailable, wait},
    {409, 409, unavailable, wait},    {412, 412, unavailable, none},
    {429, 429, unavailable, wait},    {507, 507, resource_exhausted, none},
    {500, 599, unavailable, wait},
};

/// One line of printable bytes.
std::string words(std::string_view text) {
  return blank_controls(head(text, words_bytes_max));
}

}  // namespace

S3Fault s3_fault(int http_status, S3ErrorText text) {
  S3Fault fault{.http_status = http_status, .text = std::move(text)};
  if (const auto* found = std::ranges::find(codes, fault.text.code, &CodeEntry::code);
      found != std::end(codes)) {
    fault.kind = found->kind;
    fault.remedy = found->remedy;
    fault.hint = found->hint;
    return fault;
  }
  for (const auto& entry : statuses) {
    if (http_status < entry.first || http_status > entry.last) continue;
    fault.kind = entry.kind;
    fault.remedy = entry.remedy;
    return fault;
  }
  return fault;
}

Error s3_error(const S3Fault& fault, std::string_view what, std::string_view bucket,
               std::string_view key, std::chrono::system_clock::time_point now) {
  std::string message =
      fmt::format("{} s3://{}{}{}: {} (HTTP {})", what, bucket, key.empty() ? "" : "/", key,
                  fault.text.code.empty() ? "refused" : words(fault.text.code), fault.http_status);
  if (!fault.text.message.empty()) message += ": " + words(fault.text.message);
  if (fault.text.code == "RequestTimeTooSkewed") {
    message += fmt::format(
        "; it is {} here and {} there", format_utc(now),
        fault.text.server_time.empty() ? "another time" : words(fault.text.server_time));
  }
  if (!fault.hint.empty()) message += fmt::format("; {}", fault.hint);
  return Error(fault.kind, std::move(message))
      .with("bucket", std::string(bucket))
      .with("key", std::string(key))
      .with("s3_code", words(fault.text.code))
      .with("request_id", words(fault.text.request_id))
      .with("http_status", std::to_string(fault.http_status));
}

}  // namespace pipeline
