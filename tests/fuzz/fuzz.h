// What the fuzz targets share: the input as text, and which errors an input may cause.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/error.h"

/// The entry of a target, called by libFuzzer or by replay_main.cpp with one input after the other.
/// Always gives 0. Ends the process where a promise is broken.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace pipeline::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return size == 0 ? std::string_view()
                   : std::string_view(reinterpret_cast<const char*>(data), size);
}

/// Runs `action`. Returns the error with which it refused its input, empty if it took it. Whatever
/// is no refusal is let through and ends the process: exceptions that are no Error, and an Error
/// that blames the program.
template <typename Action>
std::string refusal_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::internal) throw;
    return std::string(error.name()) + ": " + error.message();
  }
  return {};
}

/// "Pipeline.DumpCorrupt" of what refusal_of() gave.
inline std::string_view name_of(std::string_view refusal) {
  return refusal.substr(0, refusal.find(':'));
}

/// Numbers that look like chance and are the same for the same input.
class Chance {
 public:
  explicit Chance(std::string_view seed) {
    for (const char byte : seed) mix(static_cast<unsigned char>(byte));
  }
  /// From 1 to `most`.
  std::size_t up_to(std::size_t most) {
    mix(1);
    return static_cast<std::size_t>(state_ >> 33U) % most + 1;
  }

 private:
  void mix(std::uint64_t value) {
    state_ = (state_ ^ value) * 0x9E3779B97F4A7C15U;
    state_ ^= state_ >> 29U;
  }
  std::uint64_t state_ = 0xCBF29CE484222325U;
};

}  // namespace pipeline::fuzz
