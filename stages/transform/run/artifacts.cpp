#include "stages/transform/run/artifacts.h"

#include <filesystem>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/io/file.h"

namespace pipeline::dbt {

void Artifacts::write(const std::string& path, std::string_view text) {
  if (given_up_) return;
  const std::filesystem::path file = absolute(path);
  try {
    std::error_code failed;
    std::filesystem::create_directories(file.parent_path(), failed);
    if (failed) throw file_error(failed.value(), "make the folder", file.parent_path().string());
    FileSink(file.string()).write(text);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::resource_exhausted) {
      throw Error(error.kind(), fmt::format("compiled SQL cannot be written: {}; make room there, "
                                            "or set transform.target_path to another disk",
                                            error.message()));
    }
    if (given_up_.exchange(true)) return;
    log::warn(
        "compiled SQL is not written: {}; set transform.target_path to a folder that is "
        "writable",
        error.message());
  }
}

}  // namespace pipeline::dbt
