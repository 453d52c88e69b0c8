// One run at a time on a schema: server-side locks, and the end of what a dead run left behind.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/mariadb/connection.h"

namespace pipeline::publish {

/// A prefix and a hash, under 64 characters. Names differ between schemas, not between letter
/// cases.
std::string lock_name(std::string_view schema);

/// Takes the locks of `schemas` on `session`, always in the order of their names, so that two
/// runs cannot wait for each other. Held until the session ends. Throws already_running, naming
/// schema, holder's connection id and run if known, when one is not free within `patience`; then
/// none is held. Throws wrong_database before that for a server that is not to be written
/// (require_takes_writes()).
void take_run_locks(Connection& session, std::vector<std::string> schemas,
                    std::chrono::seconds patience = std::chrono::seconds(3));

/// Throws unavailable unless the run lock of `schema` is held by the session `publisher_id`.
void require_run_lock(Connection& session, std::string_view schema, std::uint64_t publisher_id);

/// Writes down in pipeline.session that `session` belongs to a run, so that the next run can end
/// what is left of a dead one. The session takes a lock under a random token, which is how the
/// server can be asked whether it lives. Call before the session writes anything; throws
/// unavailable if the run's lock on `target` is not held by `publisher` any more.
///
/// `publisher` holds the run's lock and does the writing: an account that runs users' SQL has no
/// right on the list. `session` may be `publisher` itself.
struct SessionNote {
  std::string run_id;
  std::string target;  // the schema that the run writes
  std::string role;    // load build publish
};
void note_session(Connection& publisher, Connection& session, const SessionNote& note);

/// Ends every session of earlier runs on `target` that is written down, was opened by the account
/// of `same_account` and still lives, and waits until it is gone. Call with the target's lock held.
/// A session that stays for 30 s throws lock_contention. Returns the ids that were ended.
std::vector<std::uint64_t> end_left_over_sessions(Connection& locked_session,
                                                  const ConnectionOptions& same_account,
                                                  std::string_view target);

}  // namespace pipeline::publish
