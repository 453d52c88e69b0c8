// The schemas of a layer and their shadows: made if absent, swept, and the look of new tables in
// them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/sql.h"

namespace pipeline::dbt {

struct SchemaLook {
  std::string collation;      // the live schema's default; empty if it is not utf8mb4
  std::string table_options;  // behind the name of a new table: "ENGINE=InnoDB DEFAULT CHARSET ..."
};

/// Makes the live schemas (as `publisher`) and their shadows (as `builder`) that are absent; those
/// that are there stay as they are. Returns how tables are to be made in each, by live schema: in
/// the live schema's own collation, so that they can be joined with what stands there.
std::map<std::string, SchemaLook> prepare_schemas(Connection& publisher, Connection& builder,
                                                  const std::vector<std::string>& schemas);

struct ShadowRelation {
  TableName name;
  publish::RelationKind kind = publish::RelationKind::table;
};
/// Everything in the shadows of these schemas.
std::vector<ShadowRelation> relations_in_shadows(Connection& builder,
                                                 const std::vector<std::string>& schemas);

/// Drops everything in the shadows of these schemas: it belongs to the pipeline, and a new build
/// has no use for it.
void sweep_shadows(Connection& builder, const std::vector<std::string>& schemas);

/// As far as the account may see.
bool schema_exists(Connection& session, const std::string& schema);

}  // namespace pipeline::dbt
