#include "common/object_store/s3_store.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/object_store/multipart_upload.h"
#include "common/object_store/object_key.h"
#include "common/object_store/s3_answers.h"
#include "common/object_store/s3_client.h"
#include "common/object_store/s3_object_source.h"

namespace pipeline {
namespace {

constexpr std::size_t keys_max = 1'000'000;
constexpr int not_found = 404;
constexpr int precondition_failed = 412;
constexpr int not_implemented = 501;

/// The next `bytes_max` bytes, fewer at the end.
std::string read_part(ByteSource& source, std::uint64_t bytes_max) {
  std::string part;
  std::vector<char> buffer(256U << 10U);
  while (part.size() < bytes_max) {
    const auto wanted = std::min<std::uint64_t>(buffer.size(), bytes_max - part.size());
    const std::size_t count =
        source.read(std::span(buffer).first(static_cast<std::size_t>(wanted)));
    if (count == 0) break;
    part.append(buffer.data(), count);
  }
  return part;
}

S3ClientOptions client_options(const std::string& url, const S3Options& options, Clock& clock) {
  require(options.credentials != nullptr, "a store has a source of credentials");
  return {.address = s3_address(url, options.endpoint, options.region, options.addressing),
          .region = options.region,
          .credentials = options.credentials,
          .http = {.ca_file = options.ca_file,
                   .silence_limit = options.silence_limit,
                   .check_cancelled = options.check_cancelled},
          .retry = options.retry,
          .clock = &clock};
}

}  // namespace

S3Store::S3Store(const std::string& url, S3Options options, Clock& clock)
    : url_(url),
      options_(std::move(options)),
      client_(std::make_shared<S3Client>(client_options(url, options_, clock))) {
  while (url_.ends_with('/')) url_.pop_back();
}

S3Store::~S3Store() = default;

std::string S3Store::full_key(std::string_view key) const {
  require_object_key(key);
  std::string full = client_->address().prefix + std::string(key);
  require_object_key(full);
  return full;
}

std::vector<ObjectInfo> S3Store::list(std::string_view prefix) {
  const std::string& own = client_->address().prefix;
  std::vector<ObjectInfo> found;
  std::set<std::string> tokens;
  std::string token;
  do {
    S3Call call{.query = {{"list-type", "2"},
                          {"encoding-type", "url"},
                          {"prefix", own + std::string(prefix)}}};
    if (!token.empty()) call.query.emplace_back("continuation-token", token);
    S3ListPage page = parse_s3_list(client_->call(call).body);
    for (auto& object : page.objects) {
      if (!object.key.starts_with(own)) continue;
      object.key.erase(0, own.size());
      // What this interface cannot name, such as the "folder/" of a web console, is no object.
      if (object.key.starts_with(prefix) && is_object_key(object.key)) {
        found.push_back(std::move(object));
      }
    }
    token = std::move(page.next_token);
    if (found.size() > keys_max) {
      throw Error(
          ErrorKind::resource_exhausted,
          fmt::format("{} holds more than {} objects under \"{}\"", url_, keys_max, prefix));
    }
    if (!token.empty() && !tokens.insert(token).second) {
      throw Error(ErrorKind::unavailable,
                  fmt::format("{} gives the same page of its list again and again", url_));
    }
  } while (!token.empty());
  std::ranges::sort(found, {}, &ObjectInfo::key);
  return found;
}

std::optional<ObjectInfo> S3Store::stat(std::string_view key) {
  auto found = s3_head(*client_, full_key(key));
  if (found) found->key = key;
  return found;
}

/// The info of an object that must be there, with its whole key.
ObjectInfo S3Store::require_stat(std::string_view key, std::string_view what) {
  const std::string full = full_key(key);
  auto found = s3_head(*client_, full);
  if (!found) {
    throw Error(ErrorKind::unavailable,
                fmt::format("cannot {} {}: there is no such object", what, client_->name_of(full)));
  }
  return *std::move(found);
}

std::unique_ptr<ByteSource> S3Store::get(std::string_view key, std::uint64_t offset) {
  return std::make_unique<S3ObjectSource>(client_, require_stat(key, "read"), offset);
}

ObjectInfo S3Store::put(std::string_view key, ByteSource& bytes) {
  const std::string full = full_key(key);
  std::string body = read_part(bytes, options_.put_part_bytes);
  if (body.size() == options_.put_part_bytes) return put_in_parts(key, std::move(body), bytes);
  const std::uint64_t size = body.size();
  const S3Reply reply =
      client_->call({.method = http::Method::put, .key = full, .body = std::move(body)});
  return {.key = std::string(key),
          .size_bytes = size,
          .etag = reply.etag,
          .modified = std::chrono::system_clock::now()};
}

ObjectInfo S3Store::put_in_parts(std::string_view key, std::string first, ByteSource& bytes) {
  MultipartUpload upload(*client_, full_key(key));
  std::uint64_t size = 0;
  for (std::string part = std::move(first); !part.empty();
       part = read_part(bytes, options_.put_part_bytes)) {
    size += part.size();
    upload.add(std::move(part));
  }
  upload.complete();
  return require_size(key, size);
}

ObjectInfo S3Store::copy(std::string_view from_key, std::string_view to_key) {
  const std::string to = full_key(to_key);
  const ObjectInfo from = require_stat(from_key, "copy");
  if (from.size_bytes > options_.copy_part_bytes) {
    copy_in_parts(from, to);
  } else {
    copy_at_once(from, to);
  }
  return require_size(to_key, from.size_bytes);
}

/// The info of an object that was just written in full.
ObjectInfo S3Store::require_size(std::string_view key, std::uint64_t bytes) {
  ObjectInfo written = require_stat(key, "find");
  if (written.size_bytes != bytes) {
    throw Error(ErrorKind::unavailable,
                fmt::format("{} has {} bytes, {} were written", client_->name_of(written.key),
                            written.size_bytes, bytes));
  }
  written.key = key;
  return written;
}

void S3Store::copy_at_once(const ObjectInfo& from, const std::string& to) {
  const S3Reply reply = client_->call(
      {.method = http::Method::put,
       .key = to,
       .headers = {{"x-amz-copy-source", s3_copy_source(*client_, from.key)},
                   {"x-amz-copy-source-if-match", fmt::format("\"{}\"", from.etag)}}});
  // Anything else in a 200 is no copy.
  static_cast<void>(s3_result_value(reply.body, "CopyObjectResult", "ETag"));
}

void S3Store::copy_in_parts(const ObjectInfo& from, const std::string& to) {
  MultipartUpload upload(*client_, to);
  for (std::uint64_t first = 0; first < from.size_bytes; first += options_.copy_part_bytes) {
    const auto last = std::min(first + options_.copy_part_bytes, from.size_bytes) - 1;
    upload.add_copy(from.key, from.etag, first, last);
  }
  upload.complete();
}

void S3Store::remove(std::string_view key) {
  client_->call({.method = http::Method::remove, .key = full_key(key), .answers = {not_found}});
}

bool S3Store::remove_if(std::string_view key, std::string_view etag) {
  const std::string full = full_key(key);
  const auto there = s3_head(*client_, full);
  if (!there) return true;
  if (there->etag != etag) return false;
  const S3Reply reply =
      client_->call({.method = http::Method::remove,
                     .key = full,
                     .headers = {{"If-Match", fmt::format("\"{}\"", etag)}},
                     .answers = {not_found, precondition_failed, not_implemented}});
  if (reply.status == not_implemented) {
    remove(key);
    return true;
  }
  return reply.status != precondition_failed;
}

}  // namespace pipeline
