#include "stages/publish/blockers.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/mariadb/server_message.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

constexpr int named_max = 3;
constexpr unsigned int process_needed = 1227;  // ER_SPECIFIC_ACCESS_DENIED_ERROR

// trx_started is in the host's time zone, SYSDATE() in the session's. A lock on a table's
// definition is held to the end of the transaction, also by a session that sleeps; those that wait
// for one are in nobody's way but their own.
constexpr std::string_view sessions_with_transactions =
    "SELECT p.ID, p.USER, p.HOST, GREATEST(p.TIME, COALESCE(TIMESTAMPDIFF(SECOND, t.trx_started, "
    "CONVERT_TZ(SYSDATE(), @@SESSION.time_zone, 'SYSTEM')), 0)) AS seconds, p.INFO FROM "
    "information_schema.PROCESSLIST p LEFT JOIN "
    "information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID WHERE p.ID <> CONNECTION_ID() "
    "AND p.COMMAND NOT IN ('Daemon', 'Binlog Dump') AND (p.COMMAND <> 'Sleep' OR t.trx_id IS NOT "
    "NULL) AND COALESCE(p.STATE, '') NOT LIKE 'Waiting for table metadata lock%' ORDER BY seconds "
    "DESC";

// Without the right PROCESS: the account's own.
constexpr std::string_view sessions_alone =
    "SELECT ID, USER, HOST, TIME, INFO FROM information_schema.PROCESSLIST WHERE ID <> "
    "CONNECTION_ID() AND COMMAND NOT IN ('Daemon', 'Sleep') AND COALESCE(STATE, '') NOT LIKE "
    "'Waiting for table metadata lock%' ORDER BY TIME DESC";

struct Sessions {
  ResultTable found;
  enum class Sees { all, own } sees = Sees::all;
};

Sessions look(Connection& session) {
  try {
    return {.found = session.query(sessions_with_transactions), .sees = Sessions::Sees::all};
  } catch (const Error& error) {
    if (server_errno(error) != process_needed) throw;
    return {.found = session.query(sessions_alone), .sees = Sessions::Sees::own};
  }
}

std::string doing(const Row& row) {
  const auto statement = row[4].value_or("");
  if (statement.empty()) return "idle in a transaction";
  return statement_without_values(statement);
}

std::string text_of(const Sessions& sessions) {
  std::string text;
  const auto& rows = sessions.found.rows;
  const auto count = std::min<std::size_t>(rows.size(), named_max);
  for (std::size_t i = 0; i < count; ++i) {
    const Row& row = rows[i];
    text += fmt::format("{}session {} of {} from {}, for {} s: {}", text.empty() ? "" : "; ",
                        row[0].value_or(""), row[1].value_or(""), row[2].value_or(""),
                        row[3].value_or(""), doing(row));
  }
  if (rows.size() > count) text += fmt::format("; and {} more", rows.size() - count);
  if (sessions.sees == Sessions::Sees::own) {
    text += text.empty() ? "" : "; ";
    text += "GRANT PROCESS ON *.* lets this account see by whom";
  }
  return text.empty() ? "no session with a statement or a transaction is left" : text;
}

}  // namespace

std::string blockers_text(Connection& session) noexcept {
  try {
    return text_of(look(session));
  } catch (const std::exception& error) {
    return std::string("by whom is not known: ") + error.what();
  }
}

}  // namespace pipeline::publish
