// A folder for temporary files that is gone at the end.
#pragma once

#include <string>

namespace pipeline {

/// Makes a folder in TMPDIR, or /tmp, that this user alone may enter; removes it with all it holds.
class ScratchFolder {
 public:
  /// `name` stands at the begin of the folder's own. Throws the kinds of file_error.
  explicit ScratchFolder(const std::string& name);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace pipeline
