#include "stages/transform/project/freshness.h"

#include <array>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::dbt {
namespace {

using Period = FreshnessThreshold::Period;

struct PeriodWord {
  std::string_view word;
  Period period;
  std::chrono::seconds seconds;
};

constexpr std::array<PeriodWord, 3> periods = {{
    {"minute", Period::minute, std::chrono::minutes(1)},
    {"hour", Period::hour, std::chrono::hours(1)},
    {"day", Period::day, std::chrono::hours(24)},
}};

constexpr std::array<std::string_view, 2> thresholds = {"warn_after", "error_after"};
// Three thousand years; what is above is a slip of the pen, and would not fit the arithmetic.
constexpr std::int64_t count_max = 1'000'000'000;

[[noreturn]] void refuse(const std::string& place, const std::string& what) {
  throw Error(ErrorKind::config_invalid, fmt::format("{}: freshness: {}", place, what));
}

const PeriodWord* find_period(const Json& value) {
  if (!value.is_string()) return nullptr;
  for (const auto& one : periods) {
    if (one.word == value.as_string()) return &one;
  }
  return nullptr;
}

void check_threshold(std::string_view name, const Json& value, const std::string& place) {
  if (value.is_null()) return;
  if (!value.is_object()) refuse(place, fmt::format("{} must have a count and a period", name));
  for (const auto& [key, field] : value.as_object()) {
    if (key == "count") {
      if (field.is_null()) continue;
      if (field.is_int() && field.as_int() >= 0 && field.as_int() <= count_max) continue;
      refuse(place, fmt::format("count of {} must be a whole number from 0 to {}, not {}", name,
                                count_max, field.dump()));
    }
    if (key == "period") {
      if (field.is_null() || find_period(field) != nullptr) continue;
      refuse(place,
             fmt::format("period of {} must be minute, hour or day, not {}", name, field.dump()));
    }
    refuse(place, fmt::format("{} has a count and a period, but no \"{}\"", name, key));
  }
}

void check_step(const FreshnessStep& step) {
  if (step.given.is_null()) return;
  if (!step.given.is_object()) refuse(step.place, "expected warn_after, error_after and filter");
  for (const auto& [key, value] : step.given.as_object()) {
    if (key == "filter") {
      if (!value.is_null() && !value.is_string()) refuse(step.place, "filter must be a text");
    } else if (key == thresholds[0] || key == thresholds[1]) {
      check_threshold(key, value, step.place);
    } else {
      constexpr std::array<std::string_view, 3> known = {"warn_after", "error_after", "filter"};
      const auto meant = nearest(key, known);
      refuse(step.place,
             fmt::format("unknown key \"{}\"{}", key,
                         meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant)));
    }
  }
}

/// Lays the fields of `over` that say something over those of `base`.
void overlay(Json& base, const Json& over) {
  for (const auto& [key, value] : over.as_object()) {
    if (!value.is_null()) base.set(key, value);
  }
}

void merge_step(Json& base, const Json& over) {
  if (over.is_null() || base.is_null()) {
    base = over;
    return;
  }
  for (const auto& [key, value] : over.as_object()) {
    Json* present = base.find(key);
    const bool both = present != nullptr && present->is_object() && value.is_object();
    if (both) {
      overlay(*present, value);
    } else if (key != "filter" || !value.is_null()) {
      base.set(key, value);
    }
  }
}

std::optional<FreshnessThreshold> threshold_in(const Json& merged, std::string_view name,
                                               const std::string& place) {
  const Json* given = merged.find(name);
  if (given == nullptr || given->is_null()) return std::nullopt;
  const Json* count = given->find("count");
  const Json* period = given->find("period");
  const bool has_count = count != nullptr && !count->is_null();
  const bool has_period = period != nullptr && !period->is_null();
  if (!has_count && !has_period) return std::nullopt;
  if (!has_count) refuse(place, fmt::format("{} has a period but no count", name));
  if (!has_period) refuse(place, fmt::format("{} has a count but no period", name));
  return FreshnessThreshold{.count = count->as_int(), .period = find_period(*period)->period};
}

Json threshold_json(const std::optional<FreshnessThreshold>& threshold) {
  Json json = Json::object();
  json.set("count", threshold ? Json(threshold->count) : Json());
  json.set("period", Json());
  if (!threshold) return json;
  for (const auto& one : periods) {
    if (one.period == threshold->period) json.set("period", one.word);
  }
  return json;
}

}  // namespace

std::chrono::seconds FreshnessThreshold::age() const {
  for (const auto& one : periods) {
    if (one.period == period) return one.seconds * count;
  }
  return {};
}

std::optional<FreshnessRule> settle_freshness(const std::vector<FreshnessStep>& steps) {
  Json merged = Json::object();
  std::string place;
  for (const auto& step : steps) {
    check_step(step);
    merge_step(merged, step.given);
    place = step.place;
  }
  if (merged.is_null()) return std::nullopt;
  FreshnessRule rule;
  rule.warn_after = threshold_in(merged, "warn_after", place);
  rule.error_after = threshold_in(merged, "error_after", place);
  const Json* filter = merged.find("filter");
  if (filter != nullptr && filter->is_string()) rule.filter = filter->as_string();
  return rule;
}

Json to_json(const std::optional<FreshnessRule>& rule) {
  if (!rule) return {};
  Json json = Json::object();
  json.set("warn_after", threshold_json(rule->warn_after));
  json.set("error_after", threshold_json(rule->error_after));
  json.set("filter", rule->filter.empty() ? Json() : Json(rule->filter));
  return json;
}

}  // namespace pipeline::dbt
