// An object store: keys, whole objects, no directories.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/io/byte_stream.h"

namespace pipeline {

struct ObjectInfo {
  std::string key;
  std::uint64_t size_bytes = 0;
  std::string etag;  // changes when the bytes change; opaque
  std::chrono::system_clock::time_point modified;
};

/// Every implementation passes tests/conformance/object_store_suite.h. Thread-safe. Errors by kind:
/// unavailable, access_denied, resource_exhausted. Keys are UTF-8 without leading slash, empty
/// segments, "." or ".." segments or control characters; others throw config_invalid.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  /// All objects whose key starts with `prefix`, by key. An absent prefix gives an empty list.
  virtual std::vector<ObjectInfo> list(std::string_view prefix) = 0;
  /// nullopt if the key does not exist.
  virtual std::optional<ObjectInfo> stat(std::string_view key) = 0;
  /// The object's bytes from `offset`. Throws unavailable if the object is absent, or is replaced
  /// while it is read.
  virtual std::unique_ptr<ByteSource> get(std::string_view key, std::uint64_t offset = 0) = 0;
  /// Whole or not at all: a reader sees the old object or the new one.
  virtual ObjectInfo put(std::string_view key, ByteSource& bytes) = 0;
  /// A copy inside the store, whole or not at all.
  virtual ObjectInfo copy(std::string_view from_key, std::string_view to_key) = 0;
  /// Removing an absent key is no error.
  virtual void remove(std::string_view key) = 0;
  /// Removes the object only if it still has this etag; false if another one stands there (a new
  /// delivery must not be removed unread). An absent key gives true.
  virtual bool remove_if(std::string_view key, std::string_view etag) = 0;
  /// "file:///srv/store" or "s3://bucket": for messages.
  virtual std::string url() const = 0;
};

struct S3Options;  // common/object_store/s3_store.h

/// Whether open_store() needs S3Options for it: "s3://...".
bool is_s3_url(std::string_view url);

/// `url` is a folder: "file:///srv/store" or a path. Throws config_invalid for another scheme and
/// unavailable for a folder that is not there.
std::unique_ptr<ObjectStore> open_store(const std::string& url);
/// The same, or "s3://bucket/prefix", reached as `s3` says. Sends nothing yet.
std::unique_ptr<ObjectStore> open_store(const std::string& url, S3Options s3);

}  // namespace pipeline
