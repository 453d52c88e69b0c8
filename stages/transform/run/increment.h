// What an increment of an incremental model must be before it is put into its table.
#pragma once

#include <string>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/transform/compile/node.h"
#include "stages/transform/run/node_sql.h"

namespace pipeline::dbt {

/// Columns of `table` that cannot stand in an index as a whole.
LongColumns long_columns(Connection& session, const TableName& table);

/// The columns of `table` that are inserted from `increment`, which must have them all; a column
/// that counts by itself may be missing. With on_schema_change: fail the two must agree in names
/// and types. Otherwise throws sql_rejected that names the differences.
std::vector<std::string> columns_to_insert(Connection& session, const Node& node,
                                           const TableName& table, const TableName& increment);

/// Gives the increment a key on the model's unique_key: without one the delete is one scan of it
/// for each row of the table. A key that the server does not take is logged.
void index_increment(Connection& session, const Node& node, const TableName& increment);

}  // namespace pipeline::dbt
