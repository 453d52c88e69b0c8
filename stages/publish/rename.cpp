#include "stages/publish/rename.h"

#include <algorithm>
#include <thread>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "stages/publish/blockers.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

constexpr unsigned int lock_wait_timeout = 1205;
constexpr unsigned int deadlock = 1213;
constexpr unsigned int statement_timeout = 1969;  // MariaDB: max_statement_time
constexpr std::chrono::milliseconds first_pause{50};
constexpr std::chrono::milliseconds longest_pause{2000};

bool is_contention(const Error& error) {
  const auto number = server_errno(error);
  return number == lock_wait_timeout || number == deadlock || number == statement_timeout;
}

/// Restores the waiting limits of the session however the RENAME ends.
class LockPatience {
 public:
  explicit LockPatience(Connection& session) : session_(session) {}
  LockPatience(const LockPatience&) = delete;
  LockPatience& operator=(const LockPatience&) = delete;
  ~LockPatience() {
    try {
      if (session_.alive()) set(session_.options().lock_wait_timeout.count(), 0);
    } catch (const std::exception& error) {
      log::warn("the publishing session keeps its short lock limits: {}", error.what());
    }
  }

  /// Gives up at once on a lock that is not free. MySQL has no 0, its least is a second.
  void none() { set(session_.family() == ServerFamily::mariadb ? 0 : 1, 2); }
  /// Waits a second a lock; the statement limit bounds their sum, since the first counts per lock.
  void a_second() { set(1, 2); }

 private:
  void set(std::int64_t lock_seconds, int statement_seconds) {
    session_.execute(fmt::format("SET SESSION lock_wait_timeout = {}", lock_seconds));
    if (session_.family() == ServerFamily::mariadb) {
      session_.execute(fmt::format("SET SESSION max_statement_time = {}", statement_seconds));
    }
  }

  Connection& session_;
};

}  // namespace

RenameReport rename_tables(Connection& session, const std::string& statement,
                           std::string_view whose, const PublisherOptions& options) {
  RenameReport report;
  const auto begin = std::chrono::steady_clock::now();
  LockPatience patience(session);
  patience.none();
  bool waiting = false;
  auto pause = first_pause;
  for (report.attempts = 1;; ++report.attempts) {
    const auto attempt_begin = std::chrono::steady_clock::now();
    try {
      options.check_cancelled();
      failpoint("publish_before_rename");
      session.execute(statement);
      failpoint("publish_after_rename");
      report.duration = std::chrono::duration_cast<std::chrono::milliseconds>(
          std::chrono::steady_clock::now() - attempt_begin);
      return report;
    } catch (const Error& error) {
      if (!is_contention(error)) throw;
      const auto tried_for = std::chrono::steady_clock::now() - begin;
      if (tried_for > options.keep_trying_for) {
        throw Error(
            ErrorKind::lock_contention,
            fmt::format("{} could not be published within {} s: its tables are in use ({}); "
                        "end that session or run again",
                        whose, options.keep_trying_for.count(), blockers_text(session)))
            .caused_by(error);
      }
      if (!waiting && tried_for > options.try_without_waiting) {
        waiting = true;
        patience.a_second();
        log::warn("waiting to publish {}: its tables are in use ({})", whose,
                  blockers_text(session));
      }
    }
    // While a RENAME waits, new readers queue behind it; the pauses are theirs.
    std::this_thread::sleep_for(pause);
    if (waiting) pause = std::min(pause * 2, longest_pause);
  }
}

}  // namespace pipeline::publish
