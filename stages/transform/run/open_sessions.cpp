#include "stages/transform/run/open_sessions.h"

#include "common/base/log.h"

namespace pipeline::dbt {

void OpenSessions::add(const Connection& session, Victim victim) {
  const std::lock_guard lock(mutex_);
  by_id_.insert_or_assign(session.id(), Listed{.options = session.options(), .victim = victim});
}

void OpenSessions::remove(const Connection& session) {
  const std::lock_guard lock(mutex_);
  by_id_.erase(session.id());
}

void OpenSessions::end_all() noexcept {
  std::map<std::uint64_t, Listed> listed;
  {
    const std::lock_guard lock(mutex_);
    listed = by_id_;
  }
  for (const auto& [id, session] : listed) {
    try {
      kill_from_outside(session.options, id, session.victim);
    } catch (const std::exception& error) {
      log::warn("session {} could not be ended: {}", id, error.what());
    }
  }
}

}  // namespace pipeline::dbt
