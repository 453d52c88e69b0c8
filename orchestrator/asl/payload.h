// How results and errors go into the document that passes from state to state.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "common/base/json.h"
#include "orchestrator/asl/state_machine.h"

namespace pipeline::asl {

/// The service's bound for what passes from state to state, as JSON text in UTF-8.
constexpr std::size_t payload_bytes_max = 256U << 10U;

/// Ours: what the history holds must be readable again, and Json::parse() bounds depth at 200.
constexpr int payload_depth_max = 100;

/// What is wrong with the document's size: past one of these bounds; nullopt if nothing is. Takes a
/// document of any depth.
enum class Excess { bytes, depth };
std::optional<Excess> excess_of(const Json& document);

/// The state's output: `raw_input` with `result` at `path`. "$" replaces the input, Discard keeps
/// it, missing objects on the way are made. nullopt if the path leads through something that is
/// no object, or to an element that is not there (the language calls it ResultPathMatchFailure).
std::optional<Json> place_result(const Json& raw_input, const ResultPath& path, Json result);

/// What InputPath or OutputPath takes of the document. Throws as evaluate() of a path.
Json select(const Selection& selection, const PathRoots& roots);

/// {"Error": error, "Cause": cause}
Json error_output(std::string_view error, std::string_view cause);

}  // namespace pipeline::asl
