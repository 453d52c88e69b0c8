// Tables of random columns with random values, as SQL that makes them: for differential tests.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace pipeline::test {

/// The numbers of one seed. Not of the standard's distributions, which differ between libraries.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : numbers_(seed) {}
  std::uint64_t number() { return numbers_(); }
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(numbers_() % bound); }
  /// True once in `times`.
  bool once_in(std::size_t times) { return below(times) == 0; }
  template <typename Container>
  const auto& one_of(const Container& values) {
    return values[below(values.size())];
  }

 private:
  std::mt19937_64 numbers_;
};

/// What names and values may be, so that the dump tool can be asked for more.
struct RandomTableOptions {
  enum class Names { plain, odd } names = Names::odd;  // plain: no quoting needed
  /// UUID and INET6: a dump in the character set binary has not what they hold.
  enum class OwnTypes { no, yes } own_types = OwnTypes::yes;
  std::size_t rows_max = 60;
};

struct RandomTable {
  std::string name;
  std::vector<std::string> statements;  // CREATE TABLE and INSERTs, without a schema
  /// Whether a dump shows every bit of the values: a FLOAT shows six digits.
  enum class Dumped { exactly, roundly } dumped = Dumped::exactly;
};

/// The statements are in ASCII but for names and comments in UTF-8; they want a session without
/// strict mode. A value that the server cannot store becomes one that it can (INSERT IGNORE).
/// `number` makes the name one of its own.
RandomTable random_table(Dice& dice, int number, const RandomTableOptions& options);

}  // namespace pipeline::test
