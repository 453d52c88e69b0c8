// A folder as an object store: what a developer's machine, a demo and an NFS mount have.
#pragma once

#include <atomic>
#include <string>

#include "common/base/unique_fd.h"
#include "common/object_store/object_store.h"

namespace pipeline {

/// The key "dumps/a.gz" is the file dumps/a.gz below the root. No path is ever followed through a
/// symbolic link below the root, and links and special files are not objects. put() and copy()
/// write a hidden file beside the target, sync it, rename it and sync the folder. The etag is made
/// of inode, modification time and size. A folder that became empty stays; it is no object.
class DirectoryStore : public ObjectStore {
 public:
  /// Throws unavailable or access_denied if `root` is not a folder that can be opened.
  explicit DirectoryStore(const std::string& root);

  std::vector<ObjectInfo> list(std::string_view prefix) override;
  std::optional<ObjectInfo> stat(std::string_view key) override;
  std::unique_ptr<ByteSource> get(std::string_view key, std::uint64_t offset) override;
  ObjectInfo put(std::string_view key, ByteSource& bytes) override;
  ObjectInfo copy(std::string_view from_key, std::string_view to_key) override;
  void remove(std::string_view key) override;
  /// A folder has no conditional removal: between the look and the removal lie microseconds.
  bool remove_if(std::string_view key, std::string_view etag) override;
  std::string url() const override { return "file://" + root_path_; }

 private:
  std::string path_of(std::string_view key) const;
  std::string temporary_name();

  std::string root_path_;
  UniqueFd root_;
  std::atomic<unsigned> serial_{0};
};

}  // namespace pipeline
