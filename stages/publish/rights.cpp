// Servers judge a statement's rights before they look for its tables. So a statement about a table
// of a random name is refused with 1142 where the right is missing, and with "no such table" where
// it is there. What SHOW GRANTS prints would have to be interpreted (roles, wildcards, partial
// revokes), and an interpretation that errs stops a sound load; the server's own answer does not.
#include "stages/publish/rights.h"

#include <algorithm>
#include <array>
#include <random>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

// https://mariadb.com/kb/en/mariadb-error-code-reference/
constexpr unsigned int unknown_database = 1049;
constexpr unsigned int no_such_table = 1146;
constexpr unsigned int no_such_column = 1054;

constexpr std::string_view records = "pipeline";

struct RecordColumns {
  std::string_view table;
  std::string_view columns;
};

/// As deploy/sql/pipeline.sql makes them. A column that an earlier version did not have would be
/// missed only when a publish is written down, after its RENAME.
constexpr std::array record_columns{
    RecordColumns{"target", "one, fingerprint, made_at"},
    RecordColumns{"session",
                  "token, connection_id, run_id, target, role, account, opened_at, closed_at"},
    RecordColumns{"publish_journal",
                  "publish_id, schema_name, generation, run_id, business_date, state, plan, "
                  "created_at, closed_at, note, kind, reason"},
    RecordColumns{"published_table",
                  "publish_id, schema_name, table_name, generation, business_date, "
                  "had_predecessor, contents, backup_name, how, origin_publish_id, checksum"},
    RecordColumns{"backup",
                  "schema_name, backup_name, table_name, run_id, publish_id, generation, "
                  "business_date, rows_before, rows_after, created_at, dropped_at, kind, "
                  "origin_publish_id, checksum_before, checksum, bytes, put_back_at, missed_at"},
    RecordColumns{"restore_drill",
                  "schema_name, table_name, source, outcome, restored_from, business_date, "
                  "row_count, finding, run_id, took_ms, drilled_at"},
    RecordColumns{"applied_batch",
                  "batch_id, schema_name, table_name, business_date, input_generation, batch_hash, "
                  "run_id, after_publish_id, applied_at"},
    RecordColumns{"loaded_dump",
                  "generation, run_id, business_date, object_key, object_sha256, object_bytes, "
                  "owned_tables, override_reason, loaded_at, published_at"},
};

std::string_view columns_of(std::string_view table) {
  const auto* const found = std::ranges::find(record_columns, table, &RecordColumns::table);
  require(found != record_columns.end(), "only tables of the records are asked for");
  return found->columns;
}

struct Trial {
  Right right;
  std::string_view words;
  std::string_view statement;  // {0} a table of the schema, {1} another one
};

constexpr std::array trials{
    Trial{Right::select, "SELECT", "SELECT 1 FROM {0}"},
    Trial{Right::insert, "INSERT", "INSERT INTO {0} SELECT 1"},
    Trial{Right::update, "UPDATE", "UPDATE {0} SET a = 1"},
    Trial{Right::remove_rows, "DELETE", "DELETE FROM {0}"},
    Trial{Right::create, "CREATE", "CREATE TABLE {0} LIKE {1}"},
    Trial{Right::drop, "DROP", "DROP TABLE {0}"},
    Trial{Right::alter, "ALTER", "ALTER TABLE {0} ADD a INT"},
    Trial{Right::index, "INDEX", "CREATE INDEX a ON {0} (a)"},
    Trial{Right::create_view, "CREATE VIEW", "CREATE VIEW {0} AS SELECT * FROM {1}"},
};

struct RecordTrial {
  Right right;
  std::string_view words;
  std::string_view statement;  // {0} the table, {1} a column of it, {2} all its columns
};

constexpr std::array record_trials{
    RecordTrial{Right::select, "SELECT", "SELECT {2} FROM {0} LIMIT 0"},
    RecordTrial{Right::insert, "INSERT", "INSERT INTO {0} SELECT * FROM {0} WHERE FALSE"},
    RecordTrial{Right::update, "UPDATE", "UPDATE {0} SET {1} = {1} WHERE FALSE"},
};

/// Nobody has a table of this name.
std::string random_name() {
  std::random_device random;
  return fmt::format("pipeline_probe_{:08x}{:08x}", random(), random());
}

/// "INSERT, CREATE" of "INSERT, CREATE command denied to user ..."; `otherwise` if the server names
/// no right.
std::string named_right(const std::string& message, std::string_view otherwise) {
  const auto end = message.find(" command denied");
  return end == std::string::npos ? std::string(otherwise) : message.substr(0, end);
}

[[noreturn]] void refuse(Connection& session, const Error& error, std::string_view right,
                         std::string_view object, const std::string& server_says) {
  throw Error(ErrorKind::access_denied,
              fmt::format("the account {} lacks {} on {}; deploy/sql/grants.sql gives it (the "
                          "server says: {})",
                          session.options().account.user, right, object, server_says))
      .with("errno", std::string(error.context_value("errno")));
}

[[noreturn]] void refuse_writes(Connection& session, const Error& error) {
  throw Error(error.kind(),
              fmt::format("{} takes no writes ({}); is it a replica, or was read_only left on?",
                          session.options().endpoint.text(), error.message()))
      .with("errno", std::string(error.context_value("errno")));
}

void try_schema(Connection& session, const SchemaRights& wanted, const Trial& trial) {
  const std::string name = random_name();
  const TableName one{wanted.schema, name};
  const TableName other{wanted.schema, name + "_2"};
  try {
    session.execute(fmt::format(fmt::runtime(trial.statement), one.quoted(), other.quoted()));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::sql_rejected) return;  // there is no such table
    if (error.kind() == ErrorKind::wrong_database) refuse_writes(session, error);
    if (error.kind() != ErrorKind::access_denied) throw;
    const std::string says = replace_all(error.message(), name, "*");
    refuse(session, error, named_right(says, trial.words), wanted.schema + ".*", says);
  }
}

void try_record(Connection& session, const RecordRights& wanted, const RecordTrial& trial) {
  const TableName table{std::string(records), wanted.table};
  try {
    session.execute(fmt::format(fmt::runtime(trial.statement), table.quoted(),
                                quote_name(wanted.column), columns_of(wanted.table)));
  } catch (const Error& error) {
    const auto number = server_errno(error);
    if (number == no_such_column) {
      throw Error(ErrorKind::wrong_database,
                  fmt::format("{} on {} was made by an earlier version ({}); apply "
                              "deploy/sql/pipeline.sql, which adds what is missing",
                              table.text(), session.options().endpoint.text(), error.message()))
          .with("errno", std::to_string(number));
    }
    if (number == no_such_table || number == unknown_database) {
      throw Error(ErrorKind::wrong_database,
                  fmt::format("{} has no table {}; apply deploy/sql/pipeline.sql, then "
                              "deploy/sql/grants.sql",
                              session.options().endpoint.text(), table.text()))
          .with("errno", std::to_string(number));
    }
    if (error.kind() == ErrorKind::wrong_database) refuse_writes(session, error);
    if (error.kind() != ErrorKind::access_denied) throw;
    refuse(session, error, named_right(error.message(), trial.words), table.text(),
           error.message());
  }
}

bool asks_for(const std::vector<Right>& rights, Right right) {
  return std::ranges::find(rights, right) != rights.end();
}

}  // namespace

std::vector<RecordRights> records_of_a_publish() {
  const std::vector<Right> all{Right::select, Right::insert, Right::update};
  return {{.table = "session", .rights = all},
          {.table = "publish_journal", .rights = all},
          {.table = "published_table", .rights = all, .column = "generation"},
          {.table = "backup", .rights = all},
          {.table = "applied_batch", .rights = {Right::select}},
          {.table = "target", .rights = {Right::select}}};
}

std::vector<Right> rights_of_a_swap() {
  return {Right::select, Right::alter, Right::drop, Right::create, Right::insert};
}

std::vector<Right> rights_of_a_build() {
  return {Right::select, Right::insert, Right::update, Right::remove_rows,
          Right::create, Right::drop,   Right::alter,  Right::index};
}

void require_schemas(Connection& session, const std::vector<std::string>& schemas) {
  for (const auto& schema : schemas) {
    const auto found = session.query_value(
        "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = " +
        quote_text(schema));
    if (to_number(found) > 0) continue;
    throw Error(
        ErrorKind::wrong_database,
        fmt::format("{} has no schema {} that the account {} may see; deploy/sql/grants.sql "
                    "makes it",
                    session.options().endpoint.text(), schema, session.options().account.user));
  }
}

void require_takes_writes(Connection& session) {
  const auto text = session.options().endpoint.text();
  const auto answer =
      session.query("SELECT @@GLOBAL.read_only, @@GLOBAL.innodb_read_only").rows.at(0);
  for (std::size_t i = 0; i < answer.size(); ++i) {
    // A number, or a word where a version has more than two values.
    const std::string value = answer[i].value_or("0");
    if (value == "0" || value == "OFF") continue;
    throw Error(
        ErrorKind::wrong_database,
        fmt::format("{} takes no writes (it is read-only: {} is {}); is it a replica, or was "
                    "read_only left on?",
                    text, i == 0 ? "read_only" : "innodb_read_only", value));
  }
  if (session.options().endpoint.replica == Endpoint::Replica::allowed) return;
  // MariaDB counts them; of a MySQL 8 nothing is seen without the right REPLICATION CLIENT.
  const auto status = session.query("SHOW GLOBAL STATUS LIKE 'Slaves_running'").rows;
  if (status.empty() || to_number(status.front().at(1)) == 0) return;
  throw Error(ErrorKind::wrong_database,
              fmt::format("{} is a replica: it copies the changes of another server, which would "
                          "not get what is written here; point warehouse.server at the primary, or "
                          "say warehouse.replica: allow",
                          text));
}

void require_rights(Connection& session, const std::vector<SchemaRights>& schemas,
                    const std::vector<RecordRights>& record_rights) {
  require_takes_writes(session);
  for (const auto& wanted : record_rights) {
    for (const auto& trial : record_trials) {
      if (asks_for(wanted.rights, trial.right)) try_record(session, wanted, trial);
    }
  }
  for (const auto& wanted : schemas) {
    for (const auto& trial : trials) {
      if (asks_for(wanted.rights, trial.right)) try_schema(session, wanted, trial);
    }
  }
}

std::string_view word_of(Right right) {
  const auto* const found = std::ranges::find(trials, right, &Trial::right);
  require(found != trials.end(), "every right has a trial");
  return found->words;
}

std::vector<Right> rights_held(Connection& session, const SchemaRights& asked) {
  std::vector<Right> held;
  for (const auto& trial : trials) {
    if (!asks_for(asked.rights, trial.right)) continue;
    try {
      try_schema(session, {asked.schema, {trial.right}}, trial);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::access_denied) throw;
      continue;
    }
    held.push_back(trial.right);
  }
  return held;
}

void require_readable_views(Connection& session, const std::vector<std::string>& schemas) {
  for (const auto& schema : schemas) {
    const auto hidden = session.query_value(
        fmt::format("SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = {} AND "
                    "VIEW_DEFINITION = '' LIMIT 1",
                    quote_text(schema)));
    if (!hidden) continue;
    throw Error(
        ErrorKind::access_denied,
        fmt::format("the account {} lacks SHOW VIEW on {}.*; deploy/sql/grants.sql gives it "
                    "(the text of the view {} is hidden from it)",
                    session.options().account.user, schema, *hidden));
  }
}

}  // namespace pipeline::publish
