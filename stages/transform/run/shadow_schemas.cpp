#include "stages/transform/run/shadow_schemas.h"

#include <fmt/core.h>

#include "common/base/log.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/marker.h"
#include "stages/publish/sql.h"

namespace pipeline::dbt {
namespace {

void make_if_absent(Connection& session, const std::string& schema, const std::string& charset) {
  if (schema_exists(session, schema)) return;
  session.execute(fmt::format("CREATE DATABASE IF NOT EXISTS {} {}", quote_name(schema), charset));
  log::warn("the schema {} was not there; it was made", schema);
}

std::string collation_of(Connection& session, const std::string& schema) {
  const auto look =
      session.query(fmt::format("SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM "
                                "information_schema.SCHEMATA WHERE SCHEMA_NAME = {}",
                                quote_text(schema)));
  const bool utf8mb4 = !look.rows.empty() && look.rows.front()[0] == "utf8mb4";
  return utf8mb4 ? look.rows.front()[1].value_or("") : "";
}

}  // namespace

bool schema_exists(Connection& session, const std::string& schema) {
  const auto count = session.query_value(
      fmt::format("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {}",
                  quote_text(schema)));
  return publish::to_number(count) != 0;
}

std::map<std::string, SchemaLook> prepare_schemas(Connection& publisher, Connection& builder,
                                                  const std::vector<std::string>& schemas) {
  std::map<std::string, SchemaLook> looks;
  for (const auto& schema : schemas) {
    make_if_absent(publisher, schema, "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci");
    SchemaLook look;
    look.collation = collation_of(publisher, schema);
    std::string charset = "CHARACTER SET utf8mb4";
    if (!look.collation.empty()) charset += " COLLATE " + look.collation;
    look.table_options = "ENGINE=InnoDB DEFAULT " + charset;
    make_if_absent(builder, publish::shadow_schema(schema), charset);
    looks.emplace(schema, std::move(look));
  }
  return looks;
}

std::vector<ShadowRelation> relations_in_shadows(Connection& builder,
                                                 const std::vector<std::string>& schemas) {
  using publish::RelationKind;
  std::vector<ShadowRelation> relations;
  for (const auto& schema : schemas) {
    const std::string shadow = publish::shadow_schema(schema);
    const auto found = builder.query(
        fmt::format("SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE "
                    "TABLE_SCHEMA = {}",
                    quote_text(shadow)));
    for (const auto& row : found.rows) {
      relations.push_back({.name = {shadow, row[0].value_or("")},
                           .kind = row[1] == "VIEW" ? RelationKind::view : RelationKind::table});
    }
  }
  return relations;
}

void sweep_shadows(Connection& builder, const std::vector<std::string>& schemas) {
  for (const auto& [name, kind] : relations_in_shadows(builder, schemas)) {
    const bool view = kind == publish::RelationKind::view;
    builder.execute(fmt::format("DROP {} IF EXISTS {}", view ? "VIEW" : "TABLE", name.quoted()));
  }
}

}  // namespace pipeline::dbt
