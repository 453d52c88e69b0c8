#include "common/http/said.h"

#include "common/base/secret.h"
#include "common/base/text.h"

namespace pipeline::http {

std::string said_in_one_line(std::string_view bytes, std::size_t bytes_max) {
  std::string line = redact(trim(bytes));
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto byte = static_cast<unsigned char>(line[i]);
    // U+0080 to U+009F, of which some begin a sequence as ESC [ does.
    const auto next = i + 1 < line.size() ? static_cast<unsigned char>(line[i + 1]) : 0U;
    if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {
      line[i] = ' ';
      line[++i] = ' ';
    } else if (byte < 0x20 || byte == 0x7f) {
      line[i] = ' ';
    }
  }
  return head(line, bytes_max);
}

}  // namespace pipeline::http
