// What the fields of a state come to for one input: pure functions. All throw config_invalid, which
// the interpreter reports as States.Runtime.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/json.h"
#include "orchestrator/asl/state_machine.h"

namespace pipeline {

/// When a Wait that was entered at `entered` ends; may lie in the past.
std::chrono::system_clock::time_point end_of(const asl::Wait& wait,
                                             std::chrono::system_clock::time_point entered,
                                             const asl::PathRoots& roots);

/// The whole number that the path leads to, from `least` to the language's largest, 99999999.
std::int64_t whole_number_at(std::string_view field, const asl::JsonPath& path,
                             const asl::PathRoots& roots, std::int64_t least);

/// The list that a Map goes through.
Json items_of(const asl::Map& map, const asl::PathRoots& roots);

/// Error or Cause of a Fail; empty if the state has none.
std::string text_of(const asl::FailText& text, const asl::Evaluation& with);

}  // namespace pipeline
