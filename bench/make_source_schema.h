// The tables of the sample source database and of the foreign tables in staging, as definitions.
#pragma once

#include "bench/make_source_table.h"

namespace pipeline::source {

TableDefinition apartments_definition();
TableDefinition rooms_definition();
TableDefinition nationalities_definition();
TableDefinition tenants_definition();
TableDefinition movings_definition();
TableDefinition inquiries_definition();
TableDefinition payments_definition();
TableDefinition orders_definition();

// These stand in `staging` and do not come from the dump.
TableDefinition tenant_daily_snapshots_definition();
TableDefinition llm_enrichment_cache_definition();
TableDefinition property_geo_latlon_backup_definition();

}  // namespace pipeline::source
