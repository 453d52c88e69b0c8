// What the other side said, as it may stand in a log and on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pipeline::http {

/// The begin of it in one line of at most `bytes_max` bytes, and dots where something is cut: known
/// secrets are blotted out, control characters are blanks, so that nothing moves a cursor.
std::string said_in_one_line(std::string_view bytes, std::size_t bytes_max);

}  // namespace pipeline::http
