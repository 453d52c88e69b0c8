// Who holds tables that a publish wants: named for the person who has to end them.
#pragma once

#include <string>

#include "common/mariadb/connection.h"

namespace pipeline::publish {

/// The sessions that may hold a table's lock, the oldest first and three at most: id, user, for how
/// long, and the statement without its values, or that it idles in a transaction. Of other accounts
/// it sees them with the right PROCESS alone, and says so. The server does not tell which of them
/// holds which table, so one that touches other tables may be among them. Never empty, for
/// messages; never throws: who blocks is said beside what failed.
std::string blockers_text(Connection& session) noexcept;

}  // namespace pipeline::publish
