// How old the newest row of a source table may be: what dbt's key `freshness` says.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/json.h"

namespace pipeline::dbt {

struct FreshnessThreshold {
  enum class Period { minute, hour, day };
  std::int64_t count = 0;
  Period period = Period::day;

  std::chrono::seconds age() const;
};

struct FreshnessRule {
  std::optional<FreshnessThreshold> warn_after;
  std::optional<FreshnessThreshold> error_after;
  std::string filter;  // SQL behind WHERE; empty: none

  /// Whether there is anything to look at.
  bool asks() const { return warn_after || error_after; }
};

/// The value under one `freshness`, and where it stands ("models/a.yml:3").
struct FreshnessStep {
  Json given;
  std::string place;
};

/// What several places say together, the outermost first, as dbt inherits it: a threshold is laid
/// over the outer one key by key; null takes away a threshold, or everything. nullopt: the last
/// word was null. Throws config_invalid with the place for unknown keys and wrong values, and for a
/// threshold that has a count or a period alone when all is said.
std::optional<FreshnessRule> settle_freshness(const std::vector<FreshnessStep>& steps);

/// As manifest.json and sources.json show it: a threshold that is not set has nulls; null for
/// nullopt.
Json to_json(const std::optional<FreshnessRule>& rule);

}  // namespace pipeline::dbt
