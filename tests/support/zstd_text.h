// Texts compressed by zstd, in the forms that dumps come in.
#pragma once

#include <string>
#include <string_view>

namespace pipeline::test {

struct ZstdForm {
  int level = 3;
  bool checksum = true;  // as the zstd command does, and the library by default does not
  int window_log = 0;    // 0: as the level has it
};

/// One frame.
std::string zstd_compressed(std::string_view text, const ZstdForm& form = {});

}  // namespace pipeline::test
