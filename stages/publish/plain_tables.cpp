#include "stages/publish/plain_tables.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

struct Question {
  std::string_view sql;  // {} is "(schema, table) IN (...)" over the two columns that it names
  std::string_view columns;
};

// Each question gives one text a row. TRIGGERS shows only what the account holds TRIGGER for.
constexpr Question questions[] = {
    {"SELECT CONCAT(EVENT_OBJECT_SCHEMA, '.', EVENT_OBJECT_TABLE, ' has the trigger ', "
     "TRIGGER_NAME) "
     "FROM information_schema.TRIGGERS WHERE {}",
     "(EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE)"},
    {"SELECT CONCAT(CONSTRAINT_SCHEMA, '.', TABLE_NAME, ' has the foreign key ', CONSTRAINT_NAME) "
     "FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE {}",
     "(CONSTRAINT_SCHEMA, TABLE_NAME)"},
    {"SELECT CONCAT(UNIQUE_CONSTRAINT_SCHEMA, '.', REFERENCED_TABLE_NAME, ' is referenced by the "
     "foreign key ', CONSTRAINT_NAME, ' of ', CONSTRAINT_SCHEMA, '.', TABLE_NAME) "
     "FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE {}",
     "(UNIQUE_CONSTRAINT_SCHEMA, REFERENCED_TABLE_NAME)"},
    {"SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME, ' is partitioned') FROM "
     "information_schema.TABLES "
     "WHERE CREATE_OPTIONS LIKE '%partitioned%' AND {}",
     "(TABLE_SCHEMA, TABLE_NAME)"},
    {"SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME, ' is system-versioned') FROM "
     "information_schema.TABLES WHERE TABLE_TYPE = 'SYSTEM VERSIONED' AND {}",
     "(TABLE_SCHEMA, TABLE_NAME)"},
    {"SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME, ' uses the engine ', ENGINE) FROM "
     "information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'InnoDB' AND {}",
     "(TABLE_SCHEMA, TABLE_NAME)"},
};

}  // namespace

std::vector<Objection> objections_to(Connection& connection, const std::vector<TableName>& tables) {
  std::vector<Objection> objections;
  if (tables.empty()) return objections;
  std::vector<std::string> pairs;
  for (const auto& table : tables) {
    pairs.push_back(fmt::format("({}, {})", quote_text(table.schema), quote_text(table.table)));
  }
  const std::string list = join(pairs, ", ");
  for (const auto& question : questions) {
    const std::string among = fmt::format("{} IN ({})", question.columns, list);
    for (const auto& row : connection.query(replace_all(question.sql, "{}", among)).rows) {
      objections.push_back(row[0].value_or(""));
    }
  }
  return objections;
}

void require_plain_tables(Connection& connection, const std::vector<TableName>& tables) {
  const auto objections = objections_to(connection, tables);
  if (objections.empty()) return;
  throw Error(
      ErrorKind::guard_refused,
      fmt::format("only plain InnoDB tables can be published together: {}; take them off or "
                  "keep the table out of the pipeline",
                  join(objections, "; ")));
}

}  // namespace pipeline::publish
