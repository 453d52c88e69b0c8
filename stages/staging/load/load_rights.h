// Whether the accounts of a load can do what it will ask of them.
#pragma once

#include <string>
#include <vector>

#include "common/mariadb/connection.h"

namespace pipeline {

/// Each opens nothing and changes nothing; `schema` is the one that is loaded, `layers` are those
/// above it, whose markers are read. Throws access_denied
/// that names account, right and object, wrong_database where schemas or records are missing or the
/// server cannot be loaded (names of tables are folded, local_infile is off).
void require_rights_to_publish(Connection& session, const std::string& schema,
                               const std::vector<std::string>& layers);
void require_rights_to_load(Connection& session, const std::string& schema);

}  // namespace pipeline
