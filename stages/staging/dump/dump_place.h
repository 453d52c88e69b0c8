// Where in the dump's text something stands, and the errors that name the place.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/error.h"

namespace pipeline::dump {

struct Place {
  std::uint64_t byte = 0;  // offset in the uncompressed text
  std::uint64_t line = 1;
};

/// dump_corrupt: "line 12, byte 345: the dump ..."; the place also stands in the context (line,
/// byte).
Error corrupt_at(Place place, std::string_view what);
/// dump_refused, likewise.
Error refused_at(Place place, std::string_view what);

}  // namespace pipeline::dump
