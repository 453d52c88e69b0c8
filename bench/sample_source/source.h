// The sample source on one day: its options, its world, and the rows of any table one by one.
#pragma once

#include <functional>
#include <map>
#include <string_view>

#include "bench/sample_source/options.h"
#include "bench/sample_source/row.h"
#include "bench/sample_source/volume.h"
#include "bench/sample_source/world.h"

namespace pipeline::source {

class Source {
 public:
  /// Makes the world of that day; the rows of all other tables are drawn when they are asked for.
  explicit Source(const SourceOptions& options);

  const SourceOptions& options() const { return options_; }
  const World& world() const { return world_; }
  /// The ids of a table; it must exist.
  const Ids& ids(std::string_view table) const;

  /// The id of the last row that is there; 0 if there is none.
  Id last_row(const TableSpec& table) const;

  /// Calls `each` for every row of the table in the order of ids. What it is given is valid during
  /// the call. Keeps two bytes a row, and nothing else.
  void for_each_row(const TableSpec& table,
                    const std::function<void(const Row&, const ToldCells&)>& each) const;

 private:
  SourceOptions options_;
  World world_;
  std::map<std::string_view, Ids> ids_;
};

/// A row with the random numbers that belong to its table and id, and nothing else yet.
Row keyed_row(const SourceOptions& options, std::string_view table, Id id);

/// The row of another table that a reference of this row names, by its relative place or anywhere;
/// never a volatile one. The table must have rows.
Id referred_row(const Ids& ids, const Row& row, std::uint64_t draw, Reference::How how,
                Id rows_of_own_table);

}  // namespace pipeline::source
