// The sessions of the build account in one run: one a worker, as models must find them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/mariadb/connection.h"
#include "stages/transform/run/model_session.h"
#include "stages/transform/run/open_sessions.h"
#include "stages/transform/run/session_queries.h"
#include "stages/transform/run/shadow_schemas.h"

namespace pipeline::dbt {

struct BuildSessionsOptions {
  ConnectionOptions account;
  std::string run_id;
  std::vector<std::string> schemas;  // live ones of the layer, its main schema first
  std::string default_schema;        // that of names without one; the main schema if it is absent
  ModelClock clock;
};

/// A session and what stands on it. One thread at a time.
struct BuildSession {
  BuildSession(const ConnectionOptions& account, OpenSessions& list,
               const std::string& scratch_schema)
      : connection(Connection::open(account)),
        id(connection.id()),
        listed(list, connection, Victim::connection),
        warehouse(connection, scratch_schema) {}

  /// Ends the transaction and the table locks that a hook left behind: a RENAME would wait for
  /// them.
  void let_go();

  Connection connection;
  const std::uint64_t id;  // of the connection; other threads may read it
  ListedSession listed;
  SessionQueries warehouse;
};

/// Opens sessions when a worker first asks. Each is written down in the ledger (by `publisher`,
/// which holds the run's locks) before it does anything, and listed for a stop. Thread-safe, as
/// long as each worker uses its own number and nobody else uses `publisher` meanwhile.
class BuildSessions {
 public:
  /// Opens the session of worker 0 and makes the schemas that are missing.
  BuildSessions(Connection& publisher, OpenSessions& list, BuildSessionsOptions options);

  /// The worker's session; a new one has its clock, sql_mode, collation and database set. Throws
  /// cancelled after end_others().
  BuildSession& of(std::size_t worker);
  /// Closes the worker's session, with its temporary tables, variables and transaction; the next
  /// of() opens another.
  void close(std::size_t worker);
  void close_all();

  /// Ends the sessions of all other workers and lets nobody open one any more: their statements
  /// end with `unavailable`. Never throws; what could not be ended is logged.
  void end_others(std::size_t worker) noexcept;
  bool ending() const;

  /// How tables are made in each schema, by live schema.
  const std::map<std::string, SchemaLook>& looks() const { return looks_; }

 private:
  std::unique_ptr<BuildSession> open();
  void set_up(Connection& session) const;

  Connection& publisher_;
  OpenSessions& list_;
  const BuildSessionsOptions options_;
  std::map<std::string, SchemaLook> looks_;  // fixed once the first session is open

  mutable std::mutex mutex_;  // guards all below, and publisher_
  std::map<std::size_t, std::unique_ptr<BuildSession>> by_worker_;
  bool ending_ = false;
};

}  // namespace pipeline::dbt
