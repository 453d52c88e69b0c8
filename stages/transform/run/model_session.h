// The session in which models, hooks and tests run: its clock stands at the business date.
#pragma once

#include <chrono>

#include "common/base/clock.h"
#include "common/mariadb/connection.h"

namespace pipeline::dbt {

/// Where the clock of a model session stands, in Tokyo.
struct ModelClock {
  BusinessDate date;
  std::chrono::seconds time_of_day{7 * 3600};
};

/// Prepares a fresh session of the build account: NOW() is `clock` in time zone +09:00 and does not
/// move, and sql_mode is the server's own, as a dbt session's is (without ANSI_QUOTES and
/// NO_BACKSLASH_ESCAPES, which would change what our own statements mean). SYSDATE() stays real; so
/// must whatever needs the time, and the server's uptime too is told by the clock that stands
/// still: publish::note_session() comes before this. Throws wrong_database if the server does not
/// let a session set its clock (MariaDB: secure_timestamp), and the kinds of Connection::execute.
void make_model_session(Connection& session, const ModelClock& clock);

}  // namespace pipeline::dbt
