#include "common/io/gzip.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/core.h>
#include <isa-l/igzip_lib.h>
#include <zlib.h>

#include "common/base/error.h"

namespace pipeline {
namespace {

constexpr std::size_t buffer_bytes = 256U << 10U;
// zlib's manual, inflateInit2: windowBits + 16 reads and writes gzip, and nothing else.
constexpr int gzip_window_bits = MAX_WBITS + 16;
constexpr std::uint8_t gzip_first_byte = 0x1F;      // RFC 1952, 2.3.1; ISA-L asks for ten more
constexpr std::uint32_t reserved_flags = 0xE0;      // RFC 1952, 2.3.1: must be zero
constexpr int memory_level = 8;                     // zlib's default
constexpr std::size_t piece_bytes_max = 1U << 30U;  // both libraries count in 32 bits

}  // namespace

// What the stream may hold next.
enum class Expecting { first_member, header, inside_member, member_or_padding, padding, end };

// ISA-L inflates more than twice as fast as zlib (bench/micro), and compares check sum and length
// of a member itself. The header is read by a call of its own, which keeps its place in `header`:
// what isal_inflate() does about headers holds only where the whole one is in one piece of input
// (github.com/intel/isa-l, issue 224), and dumps come in pieces.
struct GzipSource::State {
  State(ByteSource& source, const InflateLimits& given) : compressed(source), limits(given) {
    ::isal_inflate_init(&stream);
    begin_member();
  }

  void begin_member() {
    ::isal_inflate_reset(&stream);
    stream.crc_flag = ISAL_GZIP_NO_HDR_VER;
    header = {};  // its texts have nowhere to go, and are passed over
    ::isal_gzip_header_init(&header);
  }

  std::uint64_t offset() const { return compressed_bytes - stream.avail_in; }

  [[noreturn]] void corrupt(std::string_view what) const {
    throw Error(ErrorKind::dump_corrupt, fmt::format("{} at compressed byte {}", what, offset()));
  }

  /// False at the end of the compressed stream.
  bool fill() {
    const std::size_t count = compressed.read(buffer);
    stream.next_in = reinterpret_cast<std::uint8_t*>(buffer.data());
    stream.avail_in = static_cast<std::uint32_t>(count);
    compressed_bytes += count;
    return count > 0;
  }

  void at_input_end() {
    switch (expecting) {
      case Expecting::first_member:
        corrupt("the object is empty, not gzip");
      case Expecting::header:
      case Expecting::inside_member:
        corrupt("gzip ends early");
      case Expecting::member_or_padding:
      case Expecting::padding:
      case Expecting::end:
        expecting = Expecting::end;
    }
  }

  // Between members: zeros end the stream, anything else must be the next member.
  void between_members() {
    if (*stream.next_in != 0 && expecting == Expecting::member_or_padding) {
      if (*stream.next_in != gzip_first_byte) corrupt("junk after the end of the gzip data");
      begin_member();
      expecting = Expecting::header;
      in_later_member = true;
      return;
    }
    expecting = Expecting::padding;
    for (; stream.avail_in > 0; ++stream.next_in, --stream.avail_in) {
      if (*stream.next_in != 0) corrupt("junk after the end of the gzip data");
    }
  }

  void read_some_header() {
    const int result = ::isal_read_gzip_header(&stream, &header);
    if (result == ISAL_END_INPUT) return;
    if (result != ISAL_DECOMP_OK) corrupt(damage(result));
    if ((header.flags & reserved_flags) != 0) corrupt("gzip is damaged (unknown header flags)");
    expecting = Expecting::inside_member;
  }

  void inflate_some() {
    const std::uint32_t room = stream.avail_out;
    const int result = ::isal_inflate(&stream);
    inflated_bytes += room - stream.avail_out;
    require_no_bomb(limits, "gzip", compressed_bytes, inflated_bytes);
    // Out of input or room is no error; what is not one of these two is damage.
    if (result != ISAL_DECOMP_OK && result != ISAL_END_INPUT) corrupt(damage(result));
    if (stream.block_state == ISAL_BLOCK_FINISH) expecting = Expecting::member_or_padding;
  }

  std::string damage(int result) const {
    switch (result) {
      case ISAL_INVALID_WRAPPER:
      case ISAL_UNSUPPORTED_METHOD:
        return in_later_member ? "junk after the end of the gzip data" : "the object is not gzip";
      case ISAL_INCORRECT_CHECKSUM:
        return "gzip is damaged (incorrect data check)";
      case ISAL_INVALID_BLOCK:
        return "gzip is damaged (invalid block)";
      case ISAL_INVALID_SYMBOL:
        return "gzip is damaged (invalid symbol)";
      case ISAL_INVALID_LOOKBACK:
        return "gzip is damaged (invalid distance)";
      default:
        return fmt::format("gzip is damaged (ISA-L {})", result);
    }
  }

  ByteSource& compressed;
  InflateLimits limits;
  inflate_state stream{};
  isal_gzip_header header{};
  std::array<char, buffer_bytes> buffer{};
  Expecting expecting = Expecting::first_member;
  bool in_later_member = false;
  std::uint64_t compressed_bytes = 0;
  std::uint64_t inflated_bytes = 0;
};

GzipSource::GzipSource(ByteSource& compressed, const InflateLimits& limits)
    : state_(std::make_unique<State>(compressed, limits)) {}

GzipSource::~GzipSource() = default;

std::size_t GzipSource::read(std::span<char> buffer) {
  State& state = *state_;
  const std::size_t wanted = std::min(buffer.size(), piece_bytes_max);
  state.stream.next_out = reinterpret_cast<std::uint8_t*>(buffer.data());
  state.stream.avail_out = static_cast<std::uint32_t>(wanted);
  while (state.stream.avail_out == wanted && state.expecting != Expecting::end && wanted > 0) {
    if (state.stream.avail_in == 0 && !state.fill()) {
      state.at_input_end();
      continue;
    }
    switch (state.expecting) {
      case Expecting::first_member:
        if (*state.stream.next_in != gzip_first_byte) state.corrupt("the object is not gzip");
        state.expecting = Expecting::header;
        [[fallthrough]];
      case Expecting::header:
        state.read_some_header();
        break;
      case Expecting::inside_member:
        state.inflate_some();
        break;
      case Expecting::member_or_padding:
      case Expecting::padding:
        state.between_members();
        break;
      case Expecting::end:
        break;
    }
  }
  return wanted - state.stream.avail_out;
}

struct GzipSink::State {
  explicit State(ByteSink& sink) : compressed(sink) {}
  ~State() { ::deflateEnd(&stream); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  ByteSink& compressed;
  z_stream stream{};
  std::array<char, buffer_bytes> buffer{};
};

GzipSink::GzipSink(ByteSink& compressed, int level) : state_(std::make_unique<State>(compressed)) {
  if (::deflateInit2(&state_->stream, level, Z_DEFLATED, gzip_window_bits, memory_level,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
    throw Error(ErrorKind::resource_exhausted, "no memory for deflating");
  }
}

GzipSink::~GzipSink() = default;

void GzipSink::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, piece_bytes_max);
    deflate_all(piece, Z_NO_FLUSH);
    bytes.remove_prefix(piece.size());
  }
}

void GzipSink::finish() {
  deflate_all({}, Z_FINISH);
}

void GzipSink::deflate_all(std::string_view bytes, int flush) {
  State& state = *state_;
  // zlib does not write through next_in; its declaration predates const.
  state.stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  state.stream.avail_in = static_cast<uInt>(bytes.size());
  do {
    state.stream.next_out = reinterpret_cast<Bytef*>(state.buffer.data());
    state.stream.avail_out = static_cast<uInt>(state.buffer.size());
    ::deflate(&state.stream, flush);
    state.compressed.write({state.buffer.data(), state.buffer.size() - state.stream.avail_out});
  } while (state.stream.avail_out == 0);
}

}  // namespace pipeline
