// Two fences keep runs apart. The first is GET_LOCK on the session that later publishes: the server
// frees it only when that session is really gone, so a killed client whose statement still runs
// keeps it. The second is for the other sessions of a run, which hold no lock: a worker of a dead
// run may still write into the shadow after the lock is free. Every session of a run is noted, and
// whoever gets the lock ends the noted ones before it starts.
#include "stages/publish/run_lock.h"

#include <algorithm>
#include <set>
#include <thread>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

// Uptime and clock are read at different moments, so two readings of one start differ by a second.
constexpr std::uint64_t server_start_tolerance_seconds = 5;
constexpr std::chrono::seconds gone_within{30};
constexpr std::chrono::milliseconds look_again_after{50};
constexpr unsigned int no_such_thread = 1094;

/// When this server started, in seconds since 1970. SYSDATE() is real even where the session's
/// clock stands at a business date.
std::uint64_t server_start(Connection& connection) {
  const auto uptime = connection.query("SHOW GLOBAL STATUS LIKE 'Uptime'");
  const std::uint64_t now = to_number(connection.query_value("SELECT UNIX_TIMESTAMP(SYSDATE())"));
  return now - (uptime.rows.empty() ? 0 : to_number(uptime.rows.front().at(1)));
}

std::string holder_of(Connection& session, const std::string& lock) {
  const auto id = session.query_value(fmt::format("SELECT IS_USED_LOCK({})", quote_text(lock)));
  if (!id) return "a session that just ended";
  const auto run = session.query_value(
      fmt::format("SELECT CONCAT(run_id, ' (', role, ')') FROM pipeline.session WHERE "
                  "connection_id = {} AND closed_at IS NULL ORDER BY opened_at DESC LIMIT 1",
                  to_number(id)));
  return fmt::format("connection {}{}", *id, run ? " of run " + *run : "");
}

/// The ids of this account's sessions that are connected now.
std::set<std::uint64_t> connected_ids(Connection& connection) {
  std::set<std::uint64_t> ids;
  for (const auto& row : connection.query("SELECT ID FROM information_schema.PROCESSLIST").rows) {
    ids.insert(to_number(row[0]));
  }
  return ids;
}

void kill_session(Connection& connection, std::uint64_t id) {
  try {
    connection.execute(fmt::format("KILL CONNECTION {}", id));
  } catch (const Error& error) {
    if (server_errno(error) != no_such_thread) throw;
  }
}

}  // namespace

std::string lock_name(std::string_view schema) {
  // MySQL 8 compares lock names without letter case and refuses more than 64 characters.
  return "pipeline:" + sha256_hex(schema).substr(0, 32);
}

void take_run_locks(Connection& session, std::vector<std::string> schemas,
                    std::chrono::seconds patience) {
  std::sort(schemas.begin(), schemas.end());
  schemas.erase(std::unique(schemas.begin(), schemas.end()), schemas.end());
  std::vector<std::string> held;
  for (const auto& schema : schemas) {
    const std::string lock = lock_name(schema);
    const auto answer = session.query_value(
        fmt::format("SELECT GET_LOCK({}, {})", quote_text(lock), patience.count()));
    if (to_number(answer) == 1) {
      held.push_back(lock);
      continue;
    }
    const std::string holder = holder_of(session, lock);
    for (const auto& name : held)
      session.query_value("SELECT RELEASE_LOCK(" + quote_text(name) + ")");
    throw Error(ErrorKind::already_running,
                fmt::format("the lock of schema {} is held by {}; wait for that run or end it",
                            schema, holder));
  }
}

void note_session(Connection& session, const SessionNote& note) {
  session.execute(fmt::format(
      "INSERT INTO pipeline.session (server_start, connection_id, run_id, target, role, account, "
      "opened_at) VALUES ({}, {}, {}, {}, {}, {}, SYSDATE(6)) ON DUPLICATE KEY UPDATE run_id = "
      "VALUES(run_id), target = VALUES(target), role = VALUES(role), account = VALUES(account), "
      "opened_at = VALUES(opened_at), closed_at = NULL",
      server_start(session), session.id(), quote_text(note.run_id), quote_text(note.target),
      quote_text(note.role), quote_text(session.options().account.user)));
}

std::vector<std::uint64_t> end_left_over_sessions(Connection& locked_session,
                                                  const ConnectionOptions& same_account,
                                                  std::string_view target) {
  Connection own = Connection::open(same_account);
  const std::uint64_t start = server_start(own);
  const std::string open_sessions =
      fmt::format("FROM pipeline.session WHERE target = {} AND account = {} AND closed_at IS NULL",
                  quote_text(target), quote_text(same_account.account.user));
  const auto noted = locked_session.query(
      fmt::format("SELECT connection_id {} AND server_start BETWEEN {} AND {}", open_sessions,
                  start - server_start_tolerance_seconds, start + server_start_tolerance_seconds));
  std::set<std::uint64_t> left_over;
  const auto connected = connected_ids(own);
  for (const auto& row : noted.rows) {
    const std::uint64_t id = to_number(row[0]);
    if (id != locked_session.id() && id != own.id() && connected.contains(id)) left_over.insert(id);
  }
  for (const std::uint64_t id : left_over) {
    log::warn("ending session {} of a run that died", id);
    kill_session(own, id);
  }
  const auto deadline = std::chrono::steady_clock::now() + gone_within;
  for (;;) {
    const auto still = connected_ids(own);
    const bool gone = std::none_of(left_over.begin(), left_over.end(),
                                   [&](std::uint64_t id) { return still.contains(id); });
    if (gone) break;
    if (std::chrono::steady_clock::now() > deadline) {
      throw Error(
          ErrorKind::lock_contention,
          fmt::format("sessions of a dead run on {} do not end; look at SHOW PROCESSLIST for {}",
                      target, same_account.account.user));
    }
    std::this_thread::sleep_for(look_again_after);
  }
  locked_session.execute(fmt::format(
      "UPDATE pipeline.session SET closed_at = SYSDATE(6) WHERE "
      "target = {} AND account = {} AND closed_at IS NULL AND "
      "connection_id NOT IN ({}, {})",
      quote_text(target), quote_text(same_account.account.user), locked_session.id(), own.id()));
  return {left_over.begin(), left_over.end()};
}

}  // namespace pipeline::publish
