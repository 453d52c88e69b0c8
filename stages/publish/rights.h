// Whether an account may do what a run will ask of it, tried before anything is changed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/mariadb/connection.h"

namespace pipeline::publish {

enum class Right {
  select,
  insert,
  update,
  remove_rows,  // DELETE
  create,
  drop,
  alter,
  index,
  create_view,
};

/// What is needed on any table of a schema.
struct SchemaRights {
  std::string schema;
  std::vector<Right> rights;
};

/// What is needed on one table of the pipeline's own records.
struct RecordRights {
  std::string table;              // in the schema pipeline
  std::vector<Right> rights;      // of select, insert, update
  std::string column = "run_id";  // that an update sets
};

/// The records that every publish writes.
std::vector<RecordRights> records_of_a_publish();

/// What a RENAME asks for, on both sides.
std::vector<Right> rights_of_a_swap();

/// What a build needs on a shadow schema.
std::vector<Right> rights_of_a_build();

/// Throws wrong_database if the account of `session` sees no schema of one of these names.
void require_schemas(Connection& session, const std::vector<std::string>& schemas);

/// Throws wrong_database if the server takes no writes, or copies another one's changes although
/// its endpoint may be no replica.
void require_takes_writes(Connection& session);

/// Tries each right by a statement on a table that is not there, or on no row: the server looks at
/// rights first. Nothing is changed. Throws access_denied that names account, right, object and who
/// gives it; wrong_database if a table or a column of the records is missing, or the server takes
/// no writes.
void require_rights(Connection& session, const std::vector<SchemaRights>& schemas,
                    const std::vector<RecordRights>& record_rights);

/// "CREATE VIEW"
std::string_view word_of(Right right);

/// Those of the rights that the account has on tables of the schema in general, tried in the same
/// way; nothing is changed. The server's refusal is the proof that it has not.
std::vector<Right> rights_held(Connection& session, const SchemaRights& asked);

/// Throws access_denied if the text of a view in one of `schemas` is hidden from the account (no
/// SHOW VIEW): whether a view reads a table could then not be told.
void require_readable_views(Connection& session, const std::vector<std::string>& schemas);

}  // namespace pipeline::publish
