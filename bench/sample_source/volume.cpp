#include "bench/sample_source/volume.h"

#include <algorithm>
#include <cmath>

namespace pipeline::source {
namespace {

/// So many of `rate` a day fall on days 2 to `day` together. Tables begin at different points, so
/// that small ones do not all change on the same day.
std::int64_t until(double rate, int day, double phase) {
  return static_cast<std::int64_t>(std::floor(rate * (day - 1) + phase));
}

double phase_of(const TableSpec& table, const SourceOptions& options) {
  return static_cast<double>(seed_of(options.seed, table.name) % 1'000) / 1'000;
}

double rate_of(const TableSpec& table, const SourceOptions& options, double permille) {
  return static_cast<double>(first_day_rows(table, options.scale)) * permille / 1'000;
}

}  // namespace

std::size_t volume(double real_rows, double scale, std::size_t at_least) {
  return std::max(at_least, static_cast<std::size_t>(std::ceil(real_rows * scale - 1e-9)));
}

std::size_t first_day_rows(const TableSpec& table, double scale) {
  return volume(static_cast<double>(table.rows), table.size == TableSpec::Size::fixed ? 1 : scale,
                static_cast<std::size_t>(table.rows_at_least));
}

Ids::Ids(const TableSpec& table, const SourceOptions& options) {
  const auto first = static_cast<std::int64_t>(first_day_rows(table, options.scale));
  const double rate = rate_of(table, options, table.growth.new_permille);
  const double phase = phase_of(table, options);
  for (int day = 1; day <= options.day; ++day) {
    last_by_day_.push_back(first + until(rate, day, phase));
  }
}

std::int64_t Ids::last(int day) const {
  return last_by_day_[static_cast<std::size_t>(day) - 1];
}

int Ids::day_of(std::int64_t id) const {
  const auto found = std::lower_bound(last_by_day_.begin(), last_by_day_.end(), id);
  return static_cast<int>(found - last_by_day_.begin()) + 1;
}

RowFates::RowFates(const TableSpec& table, const Ids& ids, const SourceOptions& options)
    : fates_(static_cast<std::size_t>(ids.last(options.day))) {
  const double updates = rate_of(table, options, table.growth.update_permille);
  const double deletes = rate_of(table, options, table.growth.delete_permille);
  const double phase = phase_of(table, options);
  const std::uint64_t seed = seed_of(options.seed, table.name);
  for (int day = 2; day <= options.day; ++day) {
    Random random(mixed(seed + static_cast<std::uint64_t>(day)));
    const auto rows = static_cast<std::size_t>(ids.last(day - 1));
    const auto draw = [&] { return pick(random, rows, options.changes); };
    for (std::int64_t n = until(updates, day - 1, phase); n < until(updates, day, phase); ++n) {
      std::uint16_t& fate = fates_[draw()];
      if (fate != gone) fate = static_cast<std::uint16_t>(day);
    }
    for (std::int64_t n = until(deletes, day - 1, phase); n < until(deletes, day, phase); ++n) {
      // The volatile id nearest below, as far as there is one.
      std::size_t row = draw();
      while (row > 0 && !is_volatile(static_cast<std::int64_t>(row) + 1)) --row;
      if (row > 0) fates_[row] = gone;
    }
  }
}

}  // namespace pipeline::source
