// Which version this is: one for all four programs, which are built together.
#pragma once

#include <string_view>

namespace pipeline {

/// "0.1.0"
std::string_view program_version();

}  // namespace pipeline
