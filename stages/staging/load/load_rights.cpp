#include "stages/staging/load/load_rights.h"

#include <algorithm>
#include <array>
#include <string_view>

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

/// ER_NOT_ALLOWED_COMMAND, ER_CLIENT_LOCAL_FILES_DISABLED of MySQL, and
/// ER_LOAD_INFILE_CAPABILITY_DISABLED of MariaDB.
constexpr std::array<std::string_view, 3> local_infile_is_off{"1148", "3948", "4166"};

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
  publish::require_rights(
      session,
      {{schema, {Right::select}}, {publish::shadow_schema(schema), publish::rights_of_a_build()}},
      {{.table = "loaded_dump", .rights = {Right::select, Right::insert, Right::update}}});
}

RowsBy rows_by(Connection& session) {
  return session.query_value("SELECT @@local_infile") == "1" ? RowsBy::load_data : RowsBy::inserts;
}

bool refuses_local_infile(const Error& error) {
  return error.context_value("statement").starts_with("LOAD DATA") &&
         std::ranges::find(local_infile_is_off, error.context_value("errno")) !=
             local_infile_is_off.end();
}

}  // namespace pipeline
