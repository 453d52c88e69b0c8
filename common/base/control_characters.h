// Control characters, which move a cursor or end a line where text is shown or sent.
#pragma once

#include <string>
#include <string_view>

namespace pipeline {

/// A byte below 0x20, or 0x7f.
bool is_control(char byte);

/// `text` with blanks for control characters, U+0080 to U+009F too, of which some begin a sequence
/// as ESC [ does; those in `kept` stay. As long as before.
std::string blank_controls(std::string_view text, std::string_view kept = {});

}  // namespace pipeline
