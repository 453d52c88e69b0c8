// The one place that turns a URL into a store.
#include <fmt/core.h>

#include "common/base/error.h"
#include "common/object_store/directory_store.h"
#include "common/object_store/object_store.h"
#include "common/object_store/s3_store.h"

namespace pipeline {

bool is_s3_url(std::string_view url) {
  return url.starts_with("s3://");
}

std::unique_ptr<ObjectStore> open_store(const std::string& url) {
  constexpr std::string_view file_scheme = "file://";
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return std::make_unique<DirectoryStore>(url);
  if (url.starts_with(file_scheme) && url.size() > file_scheme.size() &&
      url[file_scheme.size()] == '/') {
    return std::make_unique<DirectoryStore>(url.substr(file_scheme.size()));
  }
  throw Error(ErrorKind::config_invalid,
              fmt::format("the store \"{}\" is neither a folder nor file:///folder", url));
}

std::unique_ptr<ObjectStore> open_store(const std::string& url, S3Options s3) {
  if (is_s3_url(url)) return std::make_unique<S3Store>(url, std::move(s3));
  return open_store(url);
}

}  // namespace pipeline
