// Which columns of the sample source name rows of other tables.
#pragma once

#include <string_view>
#include <vector>

namespace pipeline::source {

/// Each value of the column that is not NULL is the id of a row of `target`, on every day and at
/// any scale; only m_nationalities is empty on some days.
struct ForeignColumn {
  std::string_view table;
  std::string_view column;
  std::string_view target;
};

/// All of them, in the order of the tables.
std::vector<ForeignColumn> foreign_columns();

}  // namespace pipeline::source
