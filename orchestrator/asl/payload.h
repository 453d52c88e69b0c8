// How results and errors go into the document that passes from state to state.
#pragma once

#include <optional>
#include <string_view>

#include "common/base/json.h"
#include "orchestrator/asl/state_machine.h"

namespace pipeline::asl {

/// The value at `path`, nullptr if the document has no such place.
const Json* find_value(const Json& document, const ReferencePath& path);

/// The state's output: `raw_input` with `result` at `path`. "$" replaces the input, Discard keeps
/// it, missing objects on the way are made. nullopt if the path leads through something that is
/// no object (the language calls it ResultPathMatchFailure).
std::optional<Json> place_result(const Json& raw_input, const ResultPath& path, Json result);

/// {"Error": error, "Cause": cause}
Json error_output(std::string_view error, std::string_view cause);

}  // namespace pipeline::asl
