// Hashes of a dump's rows, and of all that is in a table.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace pipeline::delta {

/// XXH3 of 128 bits. Not against somebody who makes collisions: whoever writes the dump decides
/// what is in staging anyway.
struct RowHash {
  std::uint64_t low = 0;  // what is kept beside the row's key
  std::uint64_t high = 0;
  bool operator==(const RowHash&) const = default;
};

/// Of a row as it stands in the dump.
RowHash hash_of(std::string_view row_text);

/// Of rows in their order and of what else decides which values they become.
class ContentHash {
 public:
  ContentHash();
  ~ContentHash();
  ContentHash(ContentHash&&) noexcept;
  ContentHash& operator=(ContentHash&&) noexcept;

  void add(RowHash row);
  void add(std::string_view text);
  /// 32 lower-case hex digits of all that was added so far.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The same of one text.
std::string hex_hash(std::string_view text);

}  // namespace pipeline::delta
