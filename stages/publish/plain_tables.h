// What may take part in a publish: plain InnoDB tables, judged by the server's own catalogue.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"

namespace pipeline::publish {

/// One reason against a table: "staging.rooms has the trigger rooms_bi".
using Objection = std::string;

/// Every trigger, foreign key (from or to), partition, system versioning or engine other than
/// InnoDB among `tables`; tables that do not exist have none. Empty: all may take part.
std::vector<Objection> objections_to(Connection& connection, const std::vector<TableName>& tables);

/// What an administrator may type so that nobody objects any more, each statement once. Dropping
/// system versioning loses the old versions of rows.
std::vector<std::string> statements_to_make_plain(Connection& connection,
                                                  const std::vector<TableName>& tables);

/// Throws guard_refused with all objections.
void require_plain_tables(Connection& connection, const std::vector<TableName>& tables);

}  // namespace pipeline::publish
