// How far the last lease of a tenant has gone, by the tenant's status.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "bench/sample_source/world.h"

namespace pipeline::source {

/// None for those who only look for a room. `status` is 0 to 17.
inline std::optional<LeaseStage> stage_of(int status) {
  using enum LeaseStage;
  constexpr std::array<std::optional<LeaseStage>, tenant_statuses> stages{
      std::nullopt, ended,   std::nullopt, std::nullopt, promised, promised,
      promised,     running, cancelled,    running,      running,  running,
      promised,     running, notice_given, notice_given, ended,    ended};
  return stages[static_cast<std::size_t>(status)];
}

}  // namespace pipeline::source
