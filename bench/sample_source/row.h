// One row of a table of the sample source on its way to text.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bench/sample_source/literals.h"
#include "bench/sample_source/table_spec.h"
#include "bench/sample_source/world.h"

namespace pipeline::source {

/// The cells of the FromStory columns of one row, as literals.
class ToldCells {
 public:
  explicit ToldCells(const TableSpec& table);
  /// All NULL again.
  void clear();
  /// The cell of a column; an unknown column ends the program.
  std::string& operator[](std::string_view column);
  const std::string& at(std::size_t column) const { return cells_[column]; }

 private:
  std::unordered_map<std::string_view, std::size_t> index_;
  std::vector<std::string> cells_;
};

/// What the cells of a row are made from.
struct Row {
  Id id = 0;
  int day = 1;            // on which the row was added
  std::uint64_t key = 0;  // the row's own random numbers
  int change = 0;         // another number after each update that redraws cells; 0 before
  Moment created{};
  Moment updated{};
  /// The last day of which the row can tell facts.
  Date known_until{};
  Id parent = 0;  // in the table that a Reference of kind `along` names
  // Whom it is about, as far as the table says.
  Id tenant = 0;
  Id moving = 0;
  Id room = 0;
  Id apartment = 0;
  std::int64_t monthly_rent = 0;
};

/// Some time between 9:00 and 19:00, always the same for the same key and day.
Moment office_hour(std::uint64_t key, Date day);

}  // namespace pipeline::source
