// Copies the table that an incremental model goes on from into the shadow schema.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"

namespace pipeline::dbt {

/// Makes `candidate` anew as a copy of `base`: columns, keys, CHECKs, generated columns, rows and
/// the AUTO_INCREMENT counter. Foreign keys and triggers stay behind. Above some rows the secondary
/// keys are added after the rows, which halves the time. Nobody may write to `base` meanwhile.
/// Returns the number of rows; throws internal if the copy has another number than `base`.
std::uint64_t copy_candidate(Connection& session, const TableName& base,
                             const TableName& candidate);

/// The secondary keys in a SHOW CREATE TABLE text that can be taken off while rows are copied.
struct SecondaryKey {
  std::string name;
  std::string definition;  // "KEY `by_day` (`day`)"
};
/// Leaves out what the table cannot be without: the key of an AUTO_INCREMENT column, and unique
/// keys where there is no primary key (the server may store the rows in their order).
std::vector<SecondaryKey> removable_keys(const std::string& create_table);

/// The columns that a statement may write: all but generated ones, in the table's order.
std::vector<std::string> plain_columns(Connection& session, const TableName& table);

/// "`a`, `b`"
std::string column_list(const std::vector<std::string>& columns, std::string_view prefix = "");

}  // namespace pipeline::dbt
