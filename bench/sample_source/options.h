// Which state of the sample source is wanted.
#pragma once

#include <cstdint>

#include "bench/sample_source/literals.h"
#include "bench/sample_source/random.h"

namespace pipeline::source {

/// Same options, same bytes.
struct SourceOptions {
  int day = 1;          // day 1 is the first state; each later day changes about 1 % of the rows
  double scale = 0.01;  // of the volumes of the real database
  std::uint64_t seed = 1;
  Date date{};  // of `day`; day 1 is day-1 days earlier
  Changes changes = Changes::mixed;

  Date date_of(int other_day) const { return date + std::chrono::days(other_day - day); }
};

/// How long the company exists on day 1.
inline constexpr std::chrono::days company_age{3'600};

}  // namespace pipeline::source
