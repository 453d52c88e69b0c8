#include "stages/transform/run/artifacts.h"

#include <filesystem>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/io/file.h"

namespace pipeline::dbt {

void Artifacts::write(const std::string& path, std::string_view text) {
  if (given_up_) return;
  try {
    const std::filesystem::path file = absolute(path);
    std::filesystem::create_directories(file.parent_path());
    FileSink(file.string()).write(text);
  } catch (const std::exception& error) {
    if (given_up_.exchange(true)) return;
    log::warn(
        "compiled SQL is not written: {}; set transform.target_path to a folder that is "
        "writable",
        error.what());
  }
}

}  // namespace pipeline::dbt
