// The error names a definition may sensibly ask for; what looks like a slip of the pen.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pipeline::asl {

/// Every name of the language that begins with "States.".
std::span<const std::string_view> states_error_names();

/// What is doubtful about `name` in an ErrorEquals, with the name that was probably meant: an
/// unknown States.* or Pipeline.* name, State.* for States.*, and States.Runtime, which nothing
/// matches. nullopt for every other name: it is somebody's own.
std::optional<std::string> doubt_about(std::string_view name);

}  // namespace pipeline::asl
