#include "bench/sample_source/row.h"

#include <algorithm>

#include "bench/sample_source/random.h"
#include "common/base/error.h"

namespace pipeline::source {

ToldCells::ToldCells(const TableSpec& table) : cells_(table.columns.size(), std::string(null)) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) index_[table.columns[i].name] = i;
}

void ToldCells::clear() {
  for (std::string& cell : cells_) cell = null;
}

std::string& ToldCells::operator[](std::string_view column) {
  const auto found = index_.find(column);
  require(found != index_.end(), "the column exists");
  return cells_[found->second];
}

Moment office_hour(std::uint64_t key, Date day) {
  constexpr std::chrono::seconds opens = std::chrono::hours(9);
  constexpr std::uint64_t open_for_seconds = 36'000;
  const auto number = static_cast<std::uint64_t>(day.time_since_epoch().count());
  return {.day = day, .time = opens + std::chrono::seconds(mixed(key ^ number) % open_for_seconds)};
}

}  // namespace pipeline::source
