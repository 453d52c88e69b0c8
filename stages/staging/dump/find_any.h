// Finds the first of a few bytes in a text, eight bytes at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace pipeline::dump {

/// The first place in [at, end) that holds one of `wanted`, or `end`. Texts of a dump hold few of
/// them, so most steps pass over eight bytes. Measured by bench/micro (scan_rows, encode_rows).
template <std::size_t count>
const char* find_any(const char* at, const char* end, const std::array<char, count>& wanted) {
  // A byte of x - ones has its high bit set where x had none only if it was zero, or behind one
  // that was ("Bit Twiddling Hacks", determine if a word has a zero byte).
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t high_bits = 0x8080808080808080U;
  std::array<std::uint64_t, count> patterns;
  for (std::size_t i = 0; i < count; ++i) {
    patterns[i] = ones * static_cast<unsigned char>(wanted[i]);
  }
  while (static_cast<std::size_t>(end - at) >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    std::uint64_t found = 0;
    for (const std::uint64_t pattern : patterns) {
      const std::uint64_t differs = word ^ pattern;
      found |= (differs - ones) & ~differs & high_bits;
    }
    if (found != 0) break;
    at += sizeof word;
  }
  for (; at != end; ++at) {
    for (const char byte : wanted) {
      if (*at == byte) return at;
    }
  }
  return at;
}

}  // namespace pipeline::dump
