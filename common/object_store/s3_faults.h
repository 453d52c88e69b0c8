// The one table of what an S3 service refuses with, and what each refusal means for us.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/object_store/s3_answers.h"

namespace pipeline {

enum class S3Remedy {
  none,       // the same request will be refused again
  wait,       // it may succeed later
  new_token,  // it may succeed with newer credentials
};

struct S3Fault {
  int http_status = 0;
  S3ErrorText text;  // code may be empty: HEAD has no body
  ErrorKind kind = ErrorKind::internal;
  S3Remedy remedy = S3Remedy::none;
  std::string_view hint;  // what a person can do; empty if the service's words say it
};

/// Judges by the service's code where the table knows it, by the HTTP status otherwise.
S3Fault s3_fault(int http_status, S3ErrorText text);

/// "s3://b/k: AccessDenied (HTTP 403): ...; hint" with bucket, key, s3_code, request_id and
/// http_status as context. `now` is named where the clocks differ. Words of the service are cut to
/// one line of bounded length.
Error s3_error(const S3Fault& fault, std::string_view what, std::string_view bucket,
               std::string_view key, std::chrono::system_clock::time_point now);

}  // namespace pipeline
