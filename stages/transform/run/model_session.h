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

/// Opens a session of the build account in which NOW() is `clock` in time zone +09:00 and does not
/// move, and whose sql_mode is the server's own, as a dbt session's is (without ANSI_QUOTES and
/// NO_BACKSLASH_ESCAPES, which would change what our own statements mean). SYSDATE() stays real.
/// Throws wrong_database if the server does not let a session set its clock (MariaDB:
/// secure_timestamp), and the kinds of Connection::open.
Connection open_model_session(ConnectionOptions build, const ModelClock& clock);

}  // namespace pipeline::dbt
