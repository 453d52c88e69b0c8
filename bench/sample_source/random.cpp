#include "bench/sample_source/random.h"

#include <algorithm>

namespace pipeline::source {
namespace {

constexpr std::uint64_t golden_step = 0x9E3779B97F4A7C15U;

/// Prefers the end: the cube of a uniform number in [0, 1), in thousandths, counted from there.
std::size_t towards_the_end(Random& random, std::size_t count) {
  const std::size_t u = random.below(1'000);
  const std::size_t low = u * u * u / 1'000'000 * count / 1'000;
  const std::size_t high = (u + 1) * (u + 1) * (u + 1) / 1'000'000 * count / 1'000;
  return count - 1 - std::min(count - 1, low + random.below(high - low + 1));
}

}  // namespace

std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

std::uint64_t seed_of(std::uint64_t seed, std::string_view name) {
  std::uint64_t hash = 0xCBF29CE484222325U;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return mixed(hash + mixed(seed + golden_step));
}

std::uint64_t Random::next() {
  state_ += golden_step;
  return mixed(state_);
}

std::size_t Random::below(std::size_t bound) {
  return bound == 0 ? 0 : next() % bound;
}

std::int64_t Random::between(std::int64_t first, std::int64_t last) {
  return first + static_cast<std::int64_t>(below(static_cast<std::size_t>(last - first) + 1));
}

std::size_t pick(Random& random, std::size_t count, Changes changes) {
  constexpr std::size_t newest_permille = 30;
  constexpr std::size_t newest_at_least = 16;
  if (count == 0) return 0;
  switch (changes) {
    case Changes::mixed:
      return towards_the_end(random, count);
    case Changes::random:
      return random.below(count);
    case Changes::newest:
      if (random.one_in(20)) return towards_the_end(random, count);
      return count - 1 -
             random.below(
                 std::min(count, std::max(newest_at_least, count * newest_permille / 1'000)));
  }
  return 0;
}

}  // namespace pipeline::source
