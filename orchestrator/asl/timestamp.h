// Points in time as the language writes them: RFC 3339 with an offset.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace pipeline::asl {

/// "2016-03-14T01:59:00Z", "2016-03-14T01:59:00.250+09:00". nullopt for anything else: a time
/// without an offset, a date alone, a date that is in no calendar.
std::optional<std::chrono::system_clock::time_point> parse_timestamp(std::string_view text);

}  // namespace pipeline::asl
