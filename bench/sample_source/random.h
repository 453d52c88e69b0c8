// Pseudo-random numbers that are the same on every machine and can be drawn for any row alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pipeline::source {

/// A number that looks unrelated to the one it is made from (the finalizer of splitmix64).
std::uint64_t mixed(std::uint64_t value);

/// The seed of something that has a name.
std::uint64_t seed_of(std::uint64_t seed, std::string_view name);

/// A sequence of numbers (splitmix64). The distributions of the standard library differ between
/// libraries, so none is used.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// In [0, bound); 0 if the bound is 0.
  std::size_t below(std::size_t bound);
  /// In [first, last].
  std::int64_t between(std::int64_t first, std::int64_t last);
  bool one_in(std::size_t n) { return below(n) == 0; }
  bool permille(unsigned share) { return below(1'000) < share; }

 private:
  std::uint64_t state_;
};

/// Which rows a day changes.
enum class Changes {
  mixed,   // a third of them among the newest 4 %, the rest thinner and thinner towards the oldest
  random,  // anywhere
  newest,  // nineteen of twenty among the newest 3 %, the rest as in `mixed`
};

/// The index of a row to change, in [0, count); 0 if there is none.
std::size_t pick(Random& random, std::size_t count, Changes changes);

}  // namespace pipeline::source
