// The 81 tables of the sample source and the tables of other systems in staging.
#pragma once

#include <vector>

#include "bench/sample_source/table_spec.h"

namespace pipeline::source {

/// All tables of the source, parents before children.
const std::vector<TableSpec>& source_tables();

/// The table of that name; it must exist.
const TableSpec& source_table(std::string_view name);

/// These stand in `staging` and do not come from the dump.
const std::vector<TableSpec>& staging_extra_tables();

// The parts that source_tables is put together from.

/// What the models read; their rows are told by the story (story.h).
TableSpec apartments_table();
TableSpec rooms_table();
TableSpec nationalities_table();
TableSpec tenants_table();
TableSpec movings_table();
TableSpec inquiries_table();
std::vector<TableSpec> money_tables();
std::vector<TableSpec> property_tables();
std::vector<TableSpec> people_tables();
std::vector<TableSpec> master_tables();
/// Tables that are there and have no rows.
std::vector<TableSpec> empty_tables();

}  // namespace pipeline::source
