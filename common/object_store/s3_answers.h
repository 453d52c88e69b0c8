// The XML that an S3 service answers with, as values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/object_store/object_store.h"

namespace pipeline {

struct S3ListPage {
  std::vector<ObjectInfo> objects;  // whole keys, percent-decoded
  std::string next_token;           // empty: the last page
};

/// What an <Error> says; all empty if the text is something else.
struct S3ErrorText {
  std::string code;
  std::string message;
  std::string request_id;
  std::string server_time;  // with RequestTimeTooSkewed
};

/// Nothing but one whole XML document.
bool is_whole_xml(std::string_view xml);
S3ErrorText parse_s3_error(std::string_view xml);
/// Throws unavailable if it is no ListBucketResult, or one that says "more" without a token.
S3ListPage parse_s3_list(std::string_view xml);
/// The text of the child `name` of the root; throws unavailable if the root is not called `root`
/// or has no such child. For CopyObjectResult, CopyPartResult, InitiateMultipartUploadResult,
/// CompleteMultipartUploadResult.
std::string s3_result_value(std::string_view xml, std::string_view root, std::string_view name);
/// An ETag without its quotes.
std::string plain_etag(std::string_view etag);

}  // namespace pipeline
