#include "stages/staging/dump/dump_place.h"

#include <fmt/core.h>

namespace pipeline::dump {
namespace {

Error error_at(ErrorKind kind, Place place, std::string_view what) {
  return Error(kind, fmt::format("line {}, byte {}: the dump {}", place.line, place.byte, what))
      .with("line", std::to_string(place.line))
      .with("byte", std::to_string(place.byte));
}

}  // namespace

Error corrupt_at(Place place, std::string_view what) {
  return error_at(ErrorKind::dump_corrupt, place, what);
}

Error refused_at(Place place, std::string_view what) {
  return error_at(ErrorKind::dump_refused, place, what);
}

}  // namespace pipeline::dump
