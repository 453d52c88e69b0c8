// Writes a typed seed into a new table.
#pragma once

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/transform/run/seed_types.h"

namespace pipeline::dbt {

/// Creates `table` (which must not exist) with `table_options` behind its columns and inserts all
/// rows in the order of the file. Throws the kinds of Connection::execute.
void load_seed(Connection& session, const TableName& table, const SeedTable& seed,
               std::string_view table_options);

/// "(1, 'x', NULL)"
std::string seed_row_sql(const SeedTable& seed, std::size_t row);

}  // namespace pipeline::dbt
