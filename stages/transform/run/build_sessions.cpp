// A hook can leave anything in its session: settings, variables, temporary tables that hide real
// ones. With several workers it would depend on timing which node finds it. So a session is set up
// once, when it is opened, and closed behind everything that could have changed it (LayerBuild).
#include "stages/transform/run/build_sessions.h"

#include "common/base/error.h"
#include "common/base/log.h"
#include "stages/publish/marker.h"
#include "stages/publish/run_lock.h"

namespace pipeline::dbt {

void BuildSession::let_go() {
  connection.execute("COMMIT");
  connection.execute("SET autocommit = 1");
  connection.execute("UNLOCK TABLES");
}

BuildSessions::BuildSessions(Connection& publisher, OpenSessions& list,
                             BuildSessionsOptions options)
    : publisher_(publisher), list_(list), options_(std::move(options)) {
  auto first = open();
  looks_ = prepare_schemas(publisher_, first->connection, options_.schemas);
  set_up(first->connection);
  by_worker_.emplace(0, std::move(first));
}

std::unique_ptr<BuildSession> BuildSessions::open() {
  const std::string& target = options_.schemas.front();
  auto session =
      std::make_unique<BuildSession>(options_.account, list_, publish::shadow_schema(target));
  // Before its clock is stopped: the server tells the uptime by the session's clock.
  publish::note_session(publisher_, session->connection,
                        {.run_id = options_.run_id, .target = target, .role = "build"});
  return session;
}

BuildSession& BuildSessions::of(std::size_t worker) {
  const std::lock_guard lock(mutex_);
  if (ending_) throw Error(ErrorKind::cancelled, "another node ended the run");
  auto& session = by_worker_[worker];
  if (!session) {
    auto opened = open();
    set_up(opened->connection);
    session = std::move(opened);
  }
  return *session;
}

void BuildSessions::set_up(Connection& session) const {
  make_model_session(session, options_.clock);
  // Texts that models write get the collation of the layer's schema, so that they can be joined
  // with its columns.
  const std::string& main = options_.schemas.front();
  const std::string& collation = looks_.at(main).collation;
  if (!collation.empty()) session.execute("SET NAMES utf8mb4 COLLATE " + collation);
  const bool there = schema_exists(session, options_.default_schema);
  session.execute("USE " + quote_name(there ? options_.default_schema : main));
}

void BuildSessions::close(std::size_t worker) {
  std::unique_ptr<BuildSession> closed;
  const std::lock_guard lock(mutex_);
  closed = std::move(by_worker_[worker]);
}

void BuildSessions::close_all() {
  const std::lock_guard lock(mutex_);
  by_worker_.clear();
}

void BuildSessions::end_others(std::size_t worker) noexcept {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  for (const auto& [other, session] : by_worker_) {
    if (other == worker || !session) continue;
    try {
      kill_from_outside(options_.account, session->id, Victim::connection);
    } catch (const std::exception& error) {
      log::warn("session {} could not be ended: {}", session->id, error.what());
    }
  }
}

bool BuildSessions::ending() const {
  const std::lock_guard lock(mutex_);
  return ending_;
}

}  // namespace pipeline::dbt
