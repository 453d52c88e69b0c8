#include "stages/publish/plain_tables.h"

#include <algorithm>

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

// Each question gives one text a row and the statement that takes the thing off. TRIGGERS shows
// only what the account holds TRIGGER for.
constexpr Question questions[] = {
    {"SELECT CONCAT(EVENT_OBJECT_SCHEMA, '.', EVENT_OBJECT_TABLE, ' has the trigger ', "
     "TRIGGER_NAME), CONCAT('DROP TRIGGER `', TRIGGER_SCHEMA, '`.`', TRIGGER_NAME, '`') "
     "FROM information_schema.TRIGGERS WHERE {}",
     "(EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE)"},
    {"SELECT CONCAT(CONSTRAINT_SCHEMA, '.', TABLE_NAME, ' has the foreign key ', CONSTRAINT_NAME), "
     "CONCAT('ALTER TABLE `', CONSTRAINT_SCHEMA, '`.`', TABLE_NAME, '` DROP FOREIGN KEY `', "
     "CONSTRAINT_NAME, '`') "
     "FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE {}",
     "(CONSTRAINT_SCHEMA, TABLE_NAME)"},
    {"SELECT CONCAT(UNIQUE_CONSTRAINT_SCHEMA, '.', REFERENCED_TABLE_NAME, ' is referenced by the "
     "foreign key ', CONSTRAINT_NAME, ' of ', CONSTRAINT_SCHEMA, '.', TABLE_NAME), "
     "CONCAT('ALTER TABLE `', CONSTRAINT_SCHEMA, '`.`', TABLE_NAME, '` DROP FOREIGN KEY `', "
     "CONSTRAINT_NAME, '`') "
     "FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE {}",
     "(UNIQUE_CONSTRAINT_SCHEMA, REFERENCED_TABLE_NAME)"},
    {"SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME, ' is partitioned'), "
     "CONCAT('ALTER TABLE `', TABLE_SCHEMA, '`.`', TABLE_NAME, '` REMOVE PARTITIONING') FROM "
     "information_schema.TABLES "
     "WHERE CREATE_OPTIONS LIKE '%partitioned%' AND {}",
     "(TABLE_SCHEMA, TABLE_NAME)"},
    {"SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME, ' is system-versioned'), "
     "CONCAT('ALTER TABLE `', TABLE_SCHEMA, '`.`', TABLE_NAME, '` DROP SYSTEM VERSIONING') FROM "
     "information_schema.TABLES WHERE TABLE_TYPE = 'SYSTEM VERSIONED' AND {}",
     "(TABLE_SCHEMA, TABLE_NAME)"},
    {"SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME, ' uses the engine ', ENGINE), "
     "CONCAT('ALTER TABLE `', TABLE_SCHEMA, '`.`', TABLE_NAME, '` ENGINE=InnoDB') FROM "
     "information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'InnoDB' AND {}",
     "(TABLE_SCHEMA, TABLE_NAME)"},
};

/// One column of all answers.
std::vector<std::string> answers(Connection& connection, const std::vector<TableName>& tables,
                                 std::size_t column) {
  std::vector<std::string> texts;
  if (tables.empty()) return texts;
  std::vector<std::string> pairs;
  for (const auto& table : tables) {
    pairs.push_back(fmt::format("({}, {})", quote_text(table.schema), quote_text(table.table)));
  }
  const std::string list = join(pairs, ", ");
  for (const auto& question : questions) {
    const std::string among = fmt::format("{} IN ({})", question.columns, list);
    for (const auto& row : connection.query(replace_all(question.sql, "{}", among)).rows) {
      texts.push_back(row[column].value_or(""));
    }
  }
  return texts;
}

}  // namespace

std::vector<Objection> objections_to(Connection& connection, const std::vector<TableName>& tables) {
  return answers(connection, tables, 0);
}

std::vector<std::string> statements_to_make_plain(Connection& connection,
                                                  const std::vector<TableName>& tables) {
  auto statements = answers(connection, tables, 1);
  // A foreign key between two of them is found from both ends.
  std::ranges::sort(statements);
  statements.erase(std::unique(statements.begin(), statements.end()), statements.end());
  return statements;
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
