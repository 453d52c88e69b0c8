// The LOAD DATA statement for a table's rows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stages/staging/dump/dump_reader.h"
#include "stages/staging/load/row_encoder.h"

namespace pipeline {

struct RowPlan {
  std::string statement;                // LOAD DATA LOCAL INFILE ... into `schema`.`table`
  std::vector<ColumnCarrier> carriers;  // one a value of a row
};

/// Bytes go into columns of the dump's own character set as they are; values of other text columns
/// are converted from the dump's character set, as an INSERT would. Generated columns are read and
/// thrown away. Throws dump_refused, with the place of the INSERT, if it leaves the AUTO_INCREMENT
/// column to the server: LOAD DATA numbers rows in other steps than INSERT.
RowPlan plan_rows(const dump::TableDefinition& table, const dump::RowsBegin& rows,
                  std::string_view schema);

}  // namespace pipeline
