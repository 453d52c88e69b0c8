#include "stages/staging/dump/dump_window.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace pipeline::dump {
namespace {

std::uint64_t count_lines(std::string_view text) {
  std::uint64_t lines = 0;
  // Lines of a dump are long: memchr passes over them many bytes at a time.
  for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
    ++lines;
  return lines;
}

}  // namespace

DumpWindow::DumpWindow(ByteSource& bytes, std::size_t buffer_bytes)
    : bytes_(bytes), buffer_(std::max<std::size_t>(buffer_bytes, 1)) {}

bool DumpWindow::extend() {
  if (at_end_) return false;
  if (end_ == buffer_.size()) {
    // Moving pays only when it frees at least half of the buffer; otherwise long rows would be
    // moved again and again.
    if (begin_ > 0 && begin_ >= buffer_.size() / 2) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    } else {
      buffer_.resize(buffer_.size() * 2);
    }
  }
  const std::size_t count = bytes_.read(std::span(buffer_).subspan(end_));
  end_ += count;
  at_end_ = count == 0;
  return count > 0;
}

void DumpWindow::consume(std::size_t count) {
  place_ = place(count);
  begin_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

Place DumpWindow::place(std::size_t offset) const {
  return {.byte = place_.byte + offset,
          .line = place_.line + count_lines(text().substr(0, offset))};
}

}  // namespace pipeline::dump
