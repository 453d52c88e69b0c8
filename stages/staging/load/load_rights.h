// Whether the accounts of a load can do what it will ask of them, and what the server lets it do.
#pragma once

#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/mariadb/connection.h"
#include "stages/staging/load/load_statement.h"

namespace pipeline {

/// Each opens nothing and changes nothing; `schema` is the one that is loaded, `layers` are those
/// above it, whose markers are read. Throws access_denied
/// that names account, right and object, wrong_database where schemas or records are missing or the
/// server cannot be loaded (names of tables are folded).
void require_rights_to_publish(Connection& session, const std::string& schema,
                               const std::vector<std::string>& layers);
void require_rights_to_load(Connection& session, const std::string& schema);

/// By INSERTs where the server says that local_infile is off.
RowsBy rows_by(Connection& session);
/// Whether `error` is of a LOAD DATA that a server does not run since it has local_infile off,
/// whatever it said when it was asked.
bool refuses_local_infile(const Error& error);

}  // namespace pipeline
