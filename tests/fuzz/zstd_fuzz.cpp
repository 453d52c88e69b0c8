// zstd: every damaged stream is refused, whole ones give the same bytes however they arrive.
#include <array>

#include "common/io/zstd.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/slow_source.h"

namespace pipeline {
namespace {

constexpr InflateLimits limits{
    .inflated_bytes_max = 1U << 20U, .ratio_max = 200, .ratio_counts_from_bytes = 1U << 16U};

std::string inflated(std::string_view compressed, std::size_t piece_bytes) {
  std::string text;
  std::array<char, 4096> buffer{};
  test::SlowSource pieces(compressed, piece_bytes);
  ZstdSource source(pieces, limits);
  while (const std::size_t count = source.read(buffer)) text.append(buffer.data(), count);
  return text;
}

}  // namespace
}  // namespace pipeline

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pipeline;
  const auto input = fuzz::text_of(data, size);
  std::string whole;
  std::string in_pieces;
  const std::string refusal = fuzz::refusal_of([&] { whole = inflated(input, size + 1); });
  const std::string refusal_in_pieces =
      fuzz::refusal_of([&] { in_pieces = inflated(input, fuzz::Chance(input).up_to(64)); });
  // Where a limit is noticed depends on the pieces; that it is noticed does not.
  require(fuzz::name_of(refusal) == fuzz::name_of(refusal_in_pieces),
          "the same refusal at any size of the pieces");
  require(whole == in_pieces, "the same bytes at any size of the pieces");
  return 0;
}
