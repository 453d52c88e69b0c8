// The server sessions of this process, so that a stop can end what they run.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "common/mariadb/connection.h"

namespace pipeline::dbt {

/// Thread-safe. Outlives every session that is listed in it.
class OpenSessions {
 public:
  /// How hard a session is ended by end_all().
  void add(const Connection& session, Victim victim);
  void remove(const Connection& session);
  /// Ends the statements (or sessions) of all listed sessions over connections of their own
  /// accounts. Never throws; what could not be ended is logged.
  void end_all() noexcept;

 private:
  struct Listed {
    ConnectionOptions options;
    Victim victim;
  };
  std::mutex mutex_;
  std::map<std::uint64_t, Listed> by_id_;
};

/// Lists a session for the life of this object.
class ListedSession {
 public:
  ListedSession(OpenSessions& list, const Connection& session, Victim victim)
      : list_(list), session_(session) {
    list_.add(session_, victim);
  }
  ~ListedSession() { list_.remove(session_); }
  ListedSession(const ListedSession&) = delete;
  ListedSession& operator=(const ListedSession&) = delete;

 private:
  OpenSessions& list_;
  const Connection& session_;
};

}  // namespace pipeline::dbt
