// Two fences keep runs apart. The first is GET_LOCK on the session that later publishes: the server
// frees it only when that session is really gone, so a killed client whose statement still runs
// keeps it. The second is for the other sessions of a run: a worker of a dead run may still write
// into the shadow after the lock is free. So every session of a run also takes a lock of its own,
// under a random token that is written down; whoever gets the run's lock asks the server who holds
// the tokens of earlier sessions and ends them. No clock and no connection id is compared: both
// start anew or jump, a lock does neither.
//
// A run whose publishing session was lost must not go on with its workers: each worker asks, after
// it has been written down, whether the run's lock is still held by its own publisher.
#include "stages/publish/run_lock.h"

#include <algorithm>
#include <random>
#include <thread>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/rights.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

constexpr std::chrono::seconds gone_within{30};
constexpr std::chrono::milliseconds look_again_after{50};
constexpr unsigned int no_such_thread = 1094;

/// 128 random bits: two sessions never share a token.
std::string new_token() {
  std::random_device random;
  std::string token = "pipeline-session:";
  for (int i = 0; i < 4; ++i) token += fmt::format("{:08x}", random());
  return token;
}

std::optional<std::uint64_t> holder_id(Connection& session, const std::string& lock) {
  const auto id = session.query_value(fmt::format("SELECT IS_USED_LOCK({})", quote_text(lock)));
  return id ? std::optional(to_number(id)) : std::nullopt;
}

std::string holder_of(Connection& session, const std::string& lock) {
  const auto id = holder_id(session, lock);
  if (!id) return "a session that just ended";
  const auto run = session.query_value(
      fmt::format("SELECT CONCAT(run_id, ' (', role, ')') FROM pipeline.session WHERE "
                  "connection_id = {} AND closed_at IS NULL ORDER BY opened_at DESC LIMIT 1",
                  *id));
  return fmt::format("connection {}{}", *id, run ? " of run " + *run : "");
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
  // MySQL 8 refuses more than 64 characters. Where table names fold, so must their locks.
  return "pipeline:" + sha256_hex(to_lower(schema)).substr(0, 32);
}

void take_run_locks(Connection& session, std::vector<std::string> schemas,
                    std::chrono::seconds patience) {
  require_takes_writes(session);
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

void require_run_lock(Connection& session, std::string_view schema, std::uint64_t publisher_id) {
  if (holder_id(session, lock_name(schema)) == publisher_id) return;
  throw Error(ErrorKind::unavailable,
              fmt::format("the session that held the lock of {} was lost, so another run may have "
                          "begun; this one stops and nothing is published",
                          schema));
}

void note_session(Connection& publisher, Connection& session, const SessionNote& note) {
  const std::string token = new_token();
  session.query_value(fmt::format("SELECT GET_LOCK({}, 0)", quote_text(token)));
  publisher.execute(fmt::format(
      "INSERT INTO pipeline.session (token, connection_id, run_id, target, role, account, "
      "opened_at) VALUES ({}, {}, {}, {}, {}, {}, SYSDATE(6))",
      quote_text(token), session.id(), quote_text(note.run_id), quote_text(note.target),
      quote_text(note.role), quote_text(session.options().account.user)));
  require_run_lock(session, note.target, publisher.id());
}

std::vector<std::uint64_t> end_left_over_sessions(Connection& locked_session,
                                                  const ConnectionOptions& same_account,
                                                  std::string_view target) {
  Connection own = Connection::open(same_account);
  const auto noted = locked_session.query(fmt::format(
      "SELECT token FROM pipeline.session WHERE target = {} AND account = {} AND closed_at IS NULL",
      quote_text(target), quote_text(same_account.account.user)));
  std::vector<std::uint64_t> ended;
  for (const auto& row : noted.rows) {
    const std::string token = row[0].value_or("");
    const auto id = holder_id(own, token);
    if (id == locked_session.id()) continue;
    if (id) {
      log::warn("ending session {} of a run that died", *id);
      kill_session(own, *id);
      ended.push_back(*id);
    }
    const auto deadline = std::chrono::steady_clock::now() + gone_within;
    while (holder_id(own, token)) {
      if (std::chrono::steady_clock::now() > deadline) {
        throw Error(ErrorKind::lock_contention,
                    fmt::format("session {} of a dead run on {} does not end; look at SHOW "
                                "PROCESSLIST for {}",
                                *id, target, same_account.account.user));
      }
      std::this_thread::sleep_for(look_again_after);
    }
    locked_session.execute(fmt::format(
        "UPDATE pipeline.session SET closed_at = SYSDATE(6) WHERE token = {}", quote_text(token)));
  }
  return ended;
}

}  // namespace pipeline::publish
