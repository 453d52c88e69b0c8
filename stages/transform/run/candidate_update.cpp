// A person writes "UPDATE history SET ...", as in a console on the live schema. With the shadow as
// default schema that bare name is the candidate; the live table cannot be meant by accident, since
// the account may not write there. What the statements read beside it stands in the live schema, so
// each of its other relations gets a view of the same name in the shadow for that time: a view can
// be read like the table, and a write through it is refused, because the account of the session
// has no right to write below it.
#include "stages/transform/run/candidate_update.h"

#include <algorithm>
#include <set>
#include <span>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/publish/marker.h"
#include "stages/publish/names.h"
#include "stages/publish/sql.h"
#include "stages/transform/run/sql_text.h"
#include "stages/transform/run/validation.h"

namespace pipeline::dbt {
namespace {

// https://mariadb.com/kb/en/mariadb-error-code-reference/
constexpr unsigned int table_access_denied = 1142;
constexpr unsigned int column_access_denied = 1143;
constexpr unsigned int database_access_denied = 1044;
constexpr unsigned int not_updatable[] = {1288, 1348, 1356, 1471};

constexpr std::size_t sql_bytes_said_max = 200;

std::set<std::string> relations_of(Connection& session, const std::string& schema) {
  std::set<std::string> names;
  const auto found = session.query(
      fmt::format("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = {}",
                  quote_text(schema)));
  for (const auto& row : found.rows) names.insert(row[0].value_or(""));
  return names;
}

/// Views in the shadow over what only the live schema has.
class StandIns {
 public:
  StandIns(Connection& session, const std::string& schema)
      : session_(session), shadow_(publish::shadow_schema(schema)) {
    const auto there = relations_of(session_, shadow_);
    for (const auto& name : relations_of(session_, schema)) {
      if (there.contains(name) || name == publish::marker_table) continue;
      make({shadow_, name}, {schema, name});
    }
  }

  /// Not in a destructor: what stays behind is swept by the next run, and only then.
  void drop() {
    for (const auto& view : made_) session_.execute("DROP VIEW IF EXISTS " + view.quoted());
  }

 private:
  void make(const TableName& view, const TableName& live) {
    try {
      session_.execute(fmt::format("CREATE SQL SECURITY INVOKER VIEW {} AS SELECT * FROM {}",
                                   view.quoted(), live.quoted()));
      made_.push_back(view);
    } catch (const Error& error) {
      if (!session_.alive()) throw;
      log::debug("{} cannot be read under its bare name: {}", live.text(), error.message());
    }
  }

  Connection& session_;
  std::string shadow_;
  std::vector<TableName> made_;
};

bool is_one_of(unsigned int number, std::span<const unsigned int> numbers) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

Error refused(const CandidateUpdate& update, std::string_view what, const std::string& statement,
              const Error& error) {
  const auto number = publish::server_errno(error);
  const bool named_live = number == table_access_denied || number == column_access_denied ||
                          number == database_access_denied;
  std::string hint;
  if (named_live) {
    hint = fmt::format(
        "; only {0} may be changed, and it is written without its schema: {1}, not "
        "{2}",
        update.live.table, update.live.table, update.live.text());
  } else if (is_one_of(number, not_updatable)) {
    hint = fmt::format("; only {} may be changed, other tables can be read", update.live.table);
  }
  const bool by_the_server =
      error.kind() == ErrorKind::access_denied || error.kind() == ErrorKind::config_invalid;
  return Error(by_the_server ? ErrorKind::sql_rejected : error.kind(),
               fmt::format("{}: {}{}: {}", what, error.message(), hint,
                           head(statement, sql_bytes_said_max)))
      .with("errno", std::to_string(number));
}

std::vector<std::uint64_t> run_statements(Connection& session, const CandidateUpdate& update) {
  std::vector<std::uint64_t> changed;
  const auto statements = split_statements(update.update_query);
  for (const auto& statement : statements) {
    try {
      changed.push_back(session.execute(statement).affected_rows);
    } catch (const Error& error) {
      const std::string number =
          statements.size() == 1 ? "" : fmt::format(", statement {}", changed.size() + 1);
      throw refused(update, update.name + number, statement, error);
    }
  }
  // Whatever transaction they left open is what the validation is to see.
  session.execute("COMMIT");
  session.execute("SET autocommit = 1");
  session.execute("UNLOCK TABLES");
  return changed;
}

void require_valid(Connection& session, const CandidateUpdate& update) {
  ValidationAnswer answer;
  try {
    answer = ask_validation(session, update.validation_query);
  } catch (const Error& error) {
    throw refused(update, "the validation of " + update.name, update.validation_query, error);
  }
  if (answer.holds == ValidationAnswer::Holds::yes) return;
  throw Error(ErrorKind::data_test_failed,
              fmt::format("the validation of {} gave {}, so nothing was published: {}", update.name,
                          answer.gave, head(update.validation_query, sql_bytes_said_max)));
}

}  // namespace

void require_usable(const CandidateUpdate& update) {
  const auto refuse = [](const std::string& what) { throw Error(ErrorKind::config_invalid, what); };
  const auto statements = split_statements(update.update_query);
  if (statements.empty()) refuse(update.name + " holds no statement");
  for (const auto& statement : statements) {
    const auto words = words_of(statement);
    const std::string first = to_lower(words.front().text);
    const std::string second = words.size() < 2 ? "" : to_lower(words[1].text);
    if (first == "delimiter" || (first == "begin" && second == "not")) {
      refuse(
          fmt::format("{}: a compound statement cannot be taken apart; write its statements one "
                      "after the other: {}",
                      update.name, head(statement, sql_bytes_said_max)));
    }
  }
  if (split_statements(update.validation_query).size() != 1) {
    refuse(fmt::format("the validation of {} must be one query", update.name));
  }
  if (!names_with_schema(update.validation_query, update.live)) return;
  refuse(
      fmt::format("the validation of {} names {}, which is what is live already; written without "
                  "its schema, {}, it is what would be published",
                  update.name, update.live.text(), update.live.table));
}

std::vector<std::uint64_t> update_candidate(Connection& session, const CandidateUpdate& update) {
  require_usable(update);
  const TableName candidate = publish::in_shadow(update.live);
  const std::string before = session.query_value("SELECT DATABASE()").value_or(candidate.schema);
  StandIns stand_ins(session, update.live.schema);
  session.execute("USE " + quote_name(candidate.schema));
  const auto changed = run_statements(session, update);
  if (publish::relation_kind(session, candidate) != publish::RelationKind::table) {
    throw Error(ErrorKind::sql_rejected,
                fmt::format("{} left no table {} behind", update.name, update.live.table));
  }
  require_valid(session, update);
  stand_ins.drop();
  session.execute("USE " + quote_name(before));
  return changed;
}

}  // namespace pipeline::dbt
