// How many rows a table of the sample source has, from day to day.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench/sample_source/options.h"
#include "bench/sample_source/table_spec.h"

namespace pipeline::source {

/// The real volume times the scale, but at least so many.
std::size_t volume(double real_rows, double scale, std::size_t at_least);

/// The rows of a table on day 1.
std::size_t first_day_rows(const TableSpec& table, double scale);

/// The ids that a table has had, from day to day. They are given out without gaps.
class Ids {
 public:
  /// So many a day, spread evenly over the days.
  Ids(const TableSpec& table, const SourceOptions& options);
  /// The last id on day 1, 2 ... as a story tells.
  explicit Ids(std::vector<std::int64_t> last_by_day) : last_by_day_(std::move(last_by_day)) {}

  std::int64_t last(int day) const;
  /// The day on which an id was given out.
  int day_of(std::int64_t id) const;

 private:
  std::vector<std::int64_t> last_by_day_;
};

/// Such ids may be deleted from any table, and no row of another table names one of them.
constexpr bool is_volatile(std::int64_t id) {
  return id % 16 == 7;
}

/// What has happened to the rows of a table that has no story, until a day.
class RowFates {
 public:
  RowFates(const TableSpec& table, const Ids& ids, const SourceOptions& options);
  bool deleted(std::int64_t id) const { return fates_[index(id)] == gone; }
  /// The last day that changed the row; 0 if none has.
  int changed_on(std::int64_t id) const { return fates_[index(id)]; }

 private:
  static constexpr std::uint16_t gone = 0xFFFF;
  static std::size_t index(std::int64_t id) { return static_cast<std::size_t>(id) - 1; }
  std::vector<std::uint16_t> fates_;  // two bytes a row: all that is kept of it
};

}  // namespace pipeline::source
