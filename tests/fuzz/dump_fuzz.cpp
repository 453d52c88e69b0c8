// A dump gives the same events, or the same refusal at the same place, however its bytes arrive.
#include <algorithm>

#include "common/base/text.h"
#include "stages/staging/dump/sql_lexer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/golden/dump/dump_events.h"
#include "tests/support/slow_source.h"

namespace pipeline::dump {
namespace {

constexpr std::size_t piece_bytes_max = 64;

/// Hands out a text in pieces of changing size.
class Pieces : public ByteSource {
 public:
  explicit Pieces(std::string_view bytes) : rest_(bytes), chance_(bytes) {}
  std::size_t read(std::span<char> buffer) override {
    const std::size_t count =
        std::min({buffer.size(), chance_.up_to(piece_bytes_max), rest_.size()});
    std::copy_n(rest_.data(), count, buffer.data());
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view rest_;
  fuzz::Chance chance_;
};

void read(std::string_view dump, Dialect dialect) {
  test::SlowSource whole(dump, dump.size() + 1);
  test::SlowSource again(dump, dump.size() + 1);
  const std::string expected =
      events_of(whole, {.dialect = dialect, .buffer_bytes = dump.size() + 1}, &again);
  Pieces pieces(dump);
  const std::size_t buffer_bytes = fuzz::Chance(dump).up_to(piece_bytes_max);
  Pieces pieces_again(dump);
  const std::string in_pieces =
      events_of(pieces, {.dialect = dialect, .buffer_bytes = buffer_bytes}, &pieces_again);
  require(in_pieces == expected, "the same events at any size of the pieces");
}

/// The end of a statement is found at the same place, wherever the text is cut before it.
void scan(std::string_view text) {
  StatementScanner whole;
  const auto found = whole.find_end(text, ";", More::none);
  StatementScanner in_pieces;
  fuzz::Chance chance(text);
  std::size_t end = 0;
  auto found_in_pieces = StatementScanner::Found::need_more;
  while (found_in_pieces == StatementScanner::Found::need_more) {
    end = std::min(text.size(), end + chance.up_to(piece_bytes_max));
    const More more = end == text.size() ? More::none : More::may_follow;
    found_in_pieces = in_pieces.find_end(text.substr(0, end), ";", more);
    if (more == More::none) break;
  }
  require(found_in_pieces == found, "the scanner finds the same");
  require(found == StatementScanner::Found::need_more || whole.offset() == in_pieces.offset(),
          "the scanner finds it at the same place");
}

void tokens(std::string_view text) {
  std::size_t end = 0;
  for (const Token& token : tokenize(text)) {
    require(token.offset >= end && token.end_offset() <= text.size(), "tokens follow each other");
    require(!token.text.empty(), "a token has text");
    end = token.end_offset();
  }
}

}  // namespace
}  // namespace pipeline::dump

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pipeline;
  const auto text = fuzz::text_of(data, size);
  dump::read(text, {dump::Dialect::Family::mariadb, 101119});
  dump::read(text, {dump::Dialect::Family::mysql, 80036});
  dump::scan(text);
  fuzz::refusal_of([&] { dump::tokens(text); });
  return 0;
}
