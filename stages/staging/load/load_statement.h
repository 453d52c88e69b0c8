// The statements that bring a table's rows to the server.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stages/staging/dump/dump_reader.h"
#include "stages/staging/load/row_encoder.h"

namespace pipeline {

/// How rows travel: encoded, in one LOAD DATA LOCAL a group, or as they stand in the dump, several
/// of them in an INSERT, where the server refuses LOCAL INFILE.
enum class RowsBy { load_data, inserts };

struct RowPlan {
  RowsBy by = RowsBy::load_data;
  /// LOAD DATA LOCAL INFILE ... into `schema`.`table`, or what stands before the rows of an INSERT.
  std::string statement;
  std::vector<ColumnCarrier> carriers;  // one a value of a row
};

/// By LOAD DATA bytes go into columns of the dump's own character set as they are; values of other
/// text columns are converted from the dump's character set, as an INSERT would. Generated columns
/// are read and thrown away. An INSERT wants a session in the dump's character sets. Throws
/// dump_refused, with the place of the INSERT, if it leaves the AUTO_INCREMENT column to the
/// server: rows are not cut into statements as in the dump, and get other numbers.
RowPlan plan_rows(const dump::TableDefinition& table, const dump::RowsBegin& rows,
                  std::string_view schema, RowsBy by = RowsBy::load_data);

}  // namespace pipeline
