#include "common/base/version.h"

namespace pipeline {

std::string_view program_version() {
  return PIPELINE_VERSION;
}

}  // namespace pipeline
