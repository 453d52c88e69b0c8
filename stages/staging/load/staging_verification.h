// Whether staging holds what the dump says that it shows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stages/publish/marker.h"

namespace pipeline {

struct StagingVerification {
  publish::Marker live;  // that was verified
  std::string object;    // the key of the dump that was read
  std::uint64_t tables_equal = 0;
  std::uint64_t rows = 0;  // of the dump
  struct Difference {
    std::string table;
    std::string what;  // "3 rows in staging, 4 in the dump"
  };
  std::vector<Difference> differences;  // by table
};

}  // namespace pipeline
