#include "stages/staging/delta/row_hash.h"

#include <array>
#include <cstring>
#include <new>

#include <fmt/core.h>
#include <xxhash.h>

namespace pipeline::delta {
namespace {

std::string hex_of(XXH128_hash_t hash) {
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace

RowHash hash_of(std::string_view row_text) {
  const XXH128_hash_t hash = XXH3_128bits(row_text.data(), row_text.size());
  return {.low = hash.low64, .high = hash.high64};
}

/// Rows are gathered, since each call of the library costs more than a row's hash does.
struct ContentHash::State {
  static constexpr std::size_t gathered_max = 256;
  XXH3_state_t* hash = XXH3_createState();
  std::array<RowHash, gathered_max> gathered;
  std::size_t count = 0;

  State() {
    if (hash == nullptr) throw std::bad_alloc();
    XXH3_128bits_reset(hash);
  }
  ~State() { XXH3_freeState(hash); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void flush() {
    static_assert(sizeof(RowHash) == 2 * sizeof(std::uint64_t));
    XXH3_128bits_update(hash, gathered.data(), count * sizeof(RowHash));
    count = 0;
  }
};

ContentHash::ContentHash() : state_(std::make_unique<State>()) {}
ContentHash::~ContentHash() = default;
ContentHash::ContentHash(ContentHash&&) noexcept = default;
ContentHash& ContentHash::operator=(ContentHash&&) noexcept = default;

void ContentHash::add(RowHash row) {
  state_->gathered[state_->count++] = row;
  if (state_->count == State::gathered_max) state_->flush();
}

void ContentHash::add(std::string_view text) {
  state_->flush();
  // Its length first, so that no two sequences of texts look alike.
  const std::uint64_t bytes = text.size();
  XXH3_128bits_update(state_->hash, &bytes, sizeof bytes);
  XXH3_128bits_update(state_->hash, text.data(), text.size());
}

std::string ContentHash::hex() {
  state_->flush();
  return hex_of(XXH3_128bits_digest(state_->hash));
}

std::string hex_hash(std::string_view text) {
  return hex_of(XXH3_128bits(text.data(), text.size()));
}

}  // namespace pipeline::delta
