#include "orchestrator/engine/state_values.h"

#include <variant>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "orchestrator/asl/timestamp.h"

namespace pipeline {
namespace {

using Instant = std::chrono::system_clock::time_point;

constexpr std::size_t shown_bytes = 2'000;  // of a value in a cause

}  // namespace

Instant end_of(const asl::Wait& wait, Instant entered, const asl::PathRoots& roots) {
  if (const auto* seconds = std::get_if<std::chrono::seconds>(&wait.until)) {
    return entered + *seconds;
  }
  if (const auto* instant = std::get_if<Instant>(&wait.until)) return *instant;
  if (const auto* at = std::get_if<asl::Wait::SecondsAt>(&wait.until)) {
    return entered + std::chrono::seconds(whole_number_at("SecondsPath", at->path, roots, 0));
  }
  const auto& path = std::get<asl::Wait::TimestampAt>(wait.until).path;
  const Json value = asl::evaluate(path, roots);
  if (value.is_string()) {
    if (const auto instant = asl::parse_timestamp(value.as_string())) return *instant;
  }
  throw Error(ErrorKind::config_invalid,
              fmt::format("The TimestampPath parameter does not reference a valid ISO-8601 "
                          "extended offset date-time format string: {} == {}",
                          path.text(), value.dump()));
}

std::int64_t whole_number_at(std::string_view field, const asl::JsonPath& path,
                             const asl::PathRoots& roots, std::int64_t least) {
  constexpr std::int64_t most = 99'999'999;
  const Json value = asl::evaluate(path, roots);
  if (value.is_int() && value.as_int() >= least && value.as_int() <= most) return value.as_int();
  throw Error(ErrorKind::config_invalid,
              fmt::format("The {} parameter must lead to a whole number from {} to {}: {} == {}",
                          field, least, most, path.text(), value.dump()));
}

Json items_of(const asl::Map& map, const asl::PathRoots& roots) {
  if (map.max_concurrency_path) {
    whole_number_at("MaxConcurrencyPath", *map.max_concurrency_path, roots, 0);
  }
  Json items = asl::evaluate(map.items_path, roots);
  if (items.is_array()) return items;
  throw Error(ErrorKind::config_invalid,
              fmt::format("a Map needs a list; {} leads to {}", map.items_path.text(),
                          head(items.dump(), shown_bytes)));
}

std::string text_of(const asl::FailText& text, const asl::Evaluation& with) {
  if (const auto* literal = std::get_if<std::string>(&text)) return *literal;
  const auto* expression = std::get_if<asl::Expression>(&text);
  if (expression == nullptr) return {};
  const Json value = asl::evaluate(*expression, with);
  if (value.is_string()) return value.as_string();
  throw Error(ErrorKind::config_invalid, "ErrorPath or CausePath leads to no text in the input");
}

}  // namespace pipeline
