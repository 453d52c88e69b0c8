#include "common/io/zstd.h"

#include <array>
#include <new>

#include <fmt/core.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "common/base/error.h"

namespace pipeline {
namespace {

constexpr std::size_t buffer_bytes = 256U << 10U;
// What every decoder should take (RFC 8878, 3.1.1.1.2: at least 8 MiB) and the zstd command takes
// by default, its levels --ultra -22 and --long included.
constexpr int window_log_max = 27;

}  // namespace

struct ZstdSource::State {
  State(ByteSource& source, const InflateLimits& given) : compressed(source), limits(given) {
    if (!context) throw std::bad_alloc();
    ::ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, window_log_max);
  }

  std::uint64_t offset() const { return compressed_bytes - (input.size - input.pos); }

  [[noreturn]] void corrupt(std::string_view what) const {
    throw Error(ErrorKind::dump_corrupt, fmt::format("{} at compressed byte {}", what, offset()));
  }

  [[noreturn]] void refuse(std::string_view what) const {
    throw Error(ErrorKind::dump_refused,
                fmt::format("{} at compressed byte {}; compress it anew", what, offset()));
  }

  /// False at the end of the compressed stream.
  bool fill() {
    const std::size_t count = compressed.read(buffer);
    input = {.src = buffer.data(), .size = count, .pos = 0};
    compressed_bytes += count;
    return count > 0;
  }

  void at_input_end() {
    if (compressed_bytes == 0) corrupt("the object is empty, not zstd");
    if (inside_frame) corrupt("zstd ends early");
    ended = true;
  }

  void inflate_some(ZSTD_outBuffer& output) {
    const std::size_t before = output.pos;
    const std::size_t result = ::ZSTD_decompressStream(context.get(), &output, &input);
    inflated_bytes += output.pos - before;
    require_no_bomb(limits, "zstd", compressed_bytes, inflated_bytes);
    if (::ZSTD_isError(result) != 0) damaged(result);
    // 0: a frame is over and all of it was handed out.
    inside_frame = result != 0;
    if (!inside_frame) in_later_frame = true;
  }

  [[noreturn]] void damaged(std::size_t result) const {
    switch (::ZSTD_getErrorCode(result)) {
      case ZSTD_error_prefix_unknown:
        corrupt(in_later_frame ? "junk after the end of the zstd data" : "the object is not zstd");
      case ZSTD_error_checksum_wrong:
        corrupt("zstd is damaged (incorrect check sum)");
      case ZSTD_error_frameParameter_windowTooLarge:
        refuse("zstd with a window of more than 128 MiB");
      case ZSTD_error_dictionary_wrong:
        refuse("zstd with a dictionary");
      default:
        corrupt(fmt::format("zstd is damaged ({})", ::ZSTD_getErrorName(result)));
    }
  }

  struct Free {
    void operator()(ZSTD_DCtx* freed) const { ::ZSTD_freeDCtx(freed); }
  };

  ByteSource& compressed;
  InflateLimits limits;
  std::unique_ptr<ZSTD_DCtx, Free> context{::ZSTD_createDCtx()};
  std::array<char, buffer_bytes> buffer{};
  ZSTD_inBuffer input{};
  bool inside_frame = false;
  bool room_was_short = false;  // so zstd may hold back bytes that need no more input
  bool in_later_frame = false;
  bool ended = false;
  std::uint64_t compressed_bytes = 0;
  std::uint64_t inflated_bytes = 0;
};

ZstdSource::ZstdSource(ByteSource& compressed, const InflateLimits& limits)
    : state_(std::make_unique<State>(compressed, limits)) {}

ZstdSource::~ZstdSource() = default;

std::size_t ZstdSource::read(std::span<char> buffer) {
  State& state = *state_;
  ZSTD_outBuffer output{.dst = buffer.data(), .size = buffer.size(), .pos = 0};
  while (output.pos == 0 && !state.ended && !buffer.empty()) {
    const bool may_hold_back = state.inside_frame && state.room_was_short;
    if (state.input.pos == state.input.size && !may_hold_back && !state.fill()) {
      state.at_input_end();
    } else {
      state.inflate_some(output);
      state.room_was_short = output.pos == output.size;
    }
  }
  return output.pos;
}

}  // namespace pipeline
