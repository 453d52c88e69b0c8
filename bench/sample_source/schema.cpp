#include "bench/sample_source/schema.h"

#include <algorithm>
#include <iterator>

#include "bench/sample_source/columns.h"
#include "common/base/error.h"

namespace pipeline::source {
namespace {

void append(std::vector<TableSpec>& all, std::vector<TableSpec> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

std::vector<TableSpec> all_tables() {
  std::vector<TableSpec> all = master_tables();
  all.push_back(nationalities_table());
  all.push_back(apartments_table());
  all.push_back(rooms_table());
  all.push_back(tenants_table());
  all.push_back(movings_table());
  all.push_back(inquiries_table());
  append(all, money_tables());
  append(all, property_tables());
  append(all, people_tables());
  append(all, empty_tables());
  return all;
}

}  // namespace

const std::vector<TableSpec>& source_tables() {
  static const std::vector<TableSpec> tables = all_tables();
  return tables;
}

const TableSpec& source_table(std::string_view name) {
  const auto& tables = source_tables();
  const auto found = std::find_if(tables.begin(), tables.end(),
                                  [&](const TableSpec& table) { return table.name == name; });
  require(found != tables.end(), "the table exists");
  return *found;
}

const std::vector<TableSpec>& staging_extra_tables() {
  static const std::vector<TableSpec> tables{
      {.name = "tenant_daily_snapshots",
       .comment = "入居者の日次状態",
       .columns = {big_id(), told("tenant_id", "int unsigned").required(),
                   told("status", "tinyint"), told("contract_type", "tinyint"),
                   told("full_name", "varchar(255)"), told("snapshot_date", "date").required()},
       .unique = {{"tenant_id", "snapshot_date"}},
       .indexed = {"snapshot_date"}},
      {.name = "llm_enrichment_cache",
       .comment = "国籍の推定",
       .columns = {big_id(), told("tenant_id", "int unsigned").required(),
                   told("full_name", "varchar(255)"), told("full_name_hash", "char(64)").required(),
                   told("llm_nationality", "varchar(100)"), told("llm_confidence", "decimal(4,3)"),
                   told("enriched_at", "datetime").required(),
                   told("model_version", "varchar(60)")},
       .indexed = {"tenant_id"}},
      {.name = "property_geo_latlon_backup",
       .comment = "物件の座標の控え",
       .columns = {big_id(), told("apartment_id", "int unsigned").required(),
                   told("asset_id_hj", "varchar(32)"), told("apartment_name", "varchar(255)"),
                   told("full_address", "varchar(512)"), told("prefecture", "varchar(20)"),
                   told("municipality", "varchar(60)"), told("latitude", "decimal(10,7)"),
                   told("longitude", "decimal(10,7)"), told("source_updated_at", "datetime")},
       .indexed = {"apartment_id"}}};
  return tables;
}

}  // namespace pipeline::source
