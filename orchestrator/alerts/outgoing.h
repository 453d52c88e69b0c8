// What may leave the house: text without secrets and control characters, of bounded length.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "orchestrator/alerts/message.h"

namespace pipeline {

/// The message as it may be sent: known secrets blotted out, everything valid UTF-8, control
/// characters as blanks (line breaks and tabs stay in `text` and `cause`), the subject one line of
/// at most 500 bytes.
AlertMessage outgoing(const AlertMessage& message);

/// `text`, if it has at most `bytes_max` bytes; otherwise its begin and a line that says how many
/// bytes are cut and where the whole stands, together no longer than that.
std::string shortened(std::string_view text, std::size_t bytes_max, std::string_view run_id);

/// The line: "[1234 bytes are cut here; the whole stands in the history: orchestrator show RUN]".
std::string cut_line(std::size_t bytes, std::string_view run_id);

/// The longest begin of at most `bytes_max` bytes that ends with a whole UTF-8 character.
std::string_view whole_characters(std::string_view text, std::size_t bytes_max);

}  // namespace pipeline
