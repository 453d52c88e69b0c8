#include "stages/staging/load/load_rights.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "stages/publish/marker.h"
#include "stages/publish/rights.h"

namespace pipeline {
namespace {

using publish::Right;

/// Where the server folds table names, "owned" and "not owned" could mean the same table.
void refuse_folded_names(Connection& session) {
  const auto folding = session.query_value("SELECT @@lower_case_table_names");
  if (folding == "0") return;
  throw Error(ErrorKind::wrong_database,
              fmt::format("the server runs with lower_case_table_names={}; the loader tells tables "
                          "apart by letter case and loads only where it is 0",
                          folding.value_or("?")));
}

void refuse_without_local_infile(Connection& session) {
  if (session.query_value("SELECT @@local_infile") == "1") return;
  throw Error(ErrorKind::wrong_database,
              "the server has local_infile off, and the loader sends rows by LOAD DATA LOCAL; set "
              "local_infile=ON in the server's configuration");
}

}  // namespace

void require_rights_to_publish(Connection& session, const std::string& schema,
                               const std::vector<std::string>& layers) {
  refuse_folded_names(session);
  publish::require_schemas(session, {schema, publish::shadow_schema(schema)});
  auto records = publish::records_of_a_publish();
  records.push_back(
      {.table = "loaded_dump", .rights = {Right::select, Right::update}, .column = "published_at"});
  const auto swap = publish::rights_of_a_swap();
  std::vector<publish::SchemaRights> schemas{{schema, swap},
                                             {publish::shadow_schema(schema), swap}};
  for (const auto& layer : layers) schemas.push_back({layer, {Right::select}});
  publish::require_rights(session, schemas, records);
  publish::require_readable_views(session, {schema});
}

void require_rights_to_load(Connection& session, const std::string& schema) {
  refuse_without_local_infile(session);
  publish::require_rights(
      session,
      {{schema, {Right::select}}, {publish::shadow_schema(schema), publish::rights_of_a_build()}},
      {{.table = "loaded_dump", .rights = {Right::select, Right::insert, Right::update}}});
}

}  // namespace pipeline
