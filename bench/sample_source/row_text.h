// Writes the rows of one table of the sample source as SQL literals.
#pragma once

#include <string>
#include <vector>

#include "bench/sample_source/source.h"

namespace pipeline::source {

/// For whom the text is: a server that makes the source, or the dump of it. A dump has timestamps
/// in UTC and, as mariadb-dump writes it, the values of computed columns.
enum class TextFor { server, dump };

class RowText {
 public:
  /// Both must outlive it.
  RowText(const Source& source, const TableSpec& table, TextFor purpose);

  /// The columns that stand in an INSERT, in their order.
  const std::vector<std::string_view>& columns() const { return names_; }

  /// Appends "(1,'a',NULL)". Ends the program if a required column would be NULL: a server that is
  /// not strict would make something else of it without a word.
  void append(const Row& row, const ToldCells& cells, std::string& out) const;

 private:
  struct Stored {
    const Column* column;
    std::size_t index;    // in the table
    const Ids* referred;  // of the table that a Reference names
  };
  std::vector<Stored> stored_;
  std::vector<std::string_view> names_;
  Id rows_on_day_1_;
  TimestampZone zone_;
};

}  // namespace pipeline::source
