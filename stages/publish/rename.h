// The one statement that readers notice, tried so that they hardly do.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/mariadb/connection.h"

namespace pipeline::publish {

/// The session that publishes belongs to etl_publish, holds the run's locks and has no temporary
/// tables. `keep_trying_for` bounds the waiting for other people's metadata locks.
struct PublisherOptions {
  Clock& clock;
  std::chrono::seconds try_without_waiting{5};
  std::chrono::seconds keep_trying_for{60};
  /// Throws to give up before the next attempt.
  std::function<void()> check_cancelled = [] {};
};

struct RenameReport {
  int attempts = 1;
  std::chrono::milliseconds duration{};
};

/// Runs a RENAME TABLE of the tables of `whose`, a name for messages. Throws lock_contention, with
/// the blocker named where the account may see it; unavailable when the answer was lost, and then
/// nobody knows whether it happened.
RenameReport rename_tables(Connection& session, const std::string& statement,
                           std::string_view whose, const PublisherOptions& options);

}  // namespace pipeline::publish
