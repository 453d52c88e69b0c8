#include "common/io/scratch_folder.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "common/io/file.h"

namespace pipeline {

ScratchFolder::ScratchFolder(const std::string& name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets variables here
  const char* named = std::getenv("TMPDIR");
  std::string pattern = std::string(named != nullptr ? named : "/tmp") + "/" + name + "-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw file_error(errno, "make a folder", pattern);
  path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace pipeline
