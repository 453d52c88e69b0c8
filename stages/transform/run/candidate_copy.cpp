#include "stages/transform/run/candidate_copy.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/sql.h"

namespace pipeline::dbt {
namespace {

// Below this the two ALTERs cost more than they save.
constexpr std::uint64_t rows_worth_late_keys = 20'000;

/// Copies rows as they are: no judgement of old values, no new ids for zeros.
class CopyingMode {
 public:
  explicit CopyingMode(Connection& session)
      : session_(session), before_(session.query_value("SELECT @@SESSION.sql_mode").value_or("")) {
    session_.execute("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'");
  }
  /// Not in a destructor: a session that cannot be set back must not go on.
  void end() { session_.execute("SET SESSION sql_mode = " + quote_text(before_)); }

 private:
  Connection& session_;
  std::string before_;
};

/// The name in backticks at `at`; moves `at` behind it.
std::string quoted_name_at(std::string_view line, std::size_t& at) {
  std::string name;
  for (++at; at < line.size(); ++at) {
    if (line[at] == '`') {
      if (at + 1 >= line.size() || line[at + 1] != '`') break;
      ++at;
    }
    name += line[at];
  }
  ++at;
  return name;
}

constexpr std::string_view key_words[] = {"KEY `", "UNIQUE KEY `", "FULLTEXT KEY `",
                                          "SPATIAL KEY `"};

void set_next_id(Connection& session, const TableName& base, const TableName& candidate) {
  const auto next = session.query_value(fmt::format(
      "SELECT AUTO_INCREMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND "
      "TABLE_NAME = {}",
      quote_text(base.schema), quote_text(base.table)));
  if (next) {
    session.execute(fmt::format("ALTER TABLE {} AUTO_INCREMENT = {}", candidate.quoted(), *next));
  }
}

std::string alter_keys(const TableName& table, const std::vector<SecondaryKey>& keys,
                       std::string (*change)(const SecondaryKey&)) {
  std::vector<std::string> changes;
  for (const auto& key : keys) changes.push_back(change(key));
  return fmt::format("ALTER TABLE {} {}", table.quoted(), join(changes, ", "));
}

}  // namespace

std::vector<SecondaryKey> removable_keys(const std::string& create_table) {
  std::vector<SecondaryKey> keys;
  std::string counted_column;  // "`id`", the AUTO_INCREMENT one
  bool has_primary_key = false;
  const auto lines = split(create_table, '\n');
  for (const auto& text : lines) {
    const std::string_view line = trim(text);
    if (line.starts_with("PRIMARY KEY")) has_primary_key = true;
    if (line.starts_with("`") && line.find(" AUTO_INCREMENT") != std::string_view::npos) {
      std::size_t at = 0;
      counted_column = quote_name(quoted_name_at(line, at));
    }
  }
  for (const auto& text : lines) {
    std::string_view line = trim(text);
    if (line.ends_with(",")) line.remove_suffix(1);
    for (const auto word : key_words) {
      if (!line.starts_with(word)) continue;
      std::size_t at = word.size() - 1;
      SecondaryKey key{.name = quoted_name_at(line, at), .definition = std::string(line)};
      const bool counts =
          !counted_column.empty() && line.substr(at).starts_with(" (" + counted_column);
      const bool may_order_rows = !has_primary_key && word.starts_with("UNIQUE");
      if (!counts && !may_order_rows) keys.push_back(std::move(key));
    }
  }
  return keys;
}

std::vector<std::string> plain_columns(Connection& session, const TableName& table) {
  std::vector<std::string> columns;
  const auto found = session.query(fmt::format(
      "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {} AND TABLE_NAME = "
      "{} AND COALESCE(GENERATION_EXPRESSION, '') = '' ORDER BY ORDINAL_POSITION",
      quote_text(table.schema), quote_text(table.table)));
  for (const auto& row : found.rows) columns.push_back(row[0].value_or(""));
  return columns;
}

std::string column_list(const std::vector<std::string>& columns, std::string_view prefix) {
  std::vector<std::string> quoted;
  for (const auto& column : columns) quoted.push_back(std::string(prefix) + quote_name(column));
  return join(quoted, ", ");
}

std::uint64_t copy_candidate(Connection& session, const TableName& base,
                             const TableName& candidate) {
  session.execute("DROP TABLE IF EXISTS " + candidate.quoted());
  session.execute(fmt::format("CREATE TABLE {} LIKE {}", candidate.quoted(), base.quoted()));
  const std::uint64_t rows = publish::count_rows(session, base);
  std::vector<SecondaryKey> late_keys;
  if (rows >= rows_worth_late_keys) {
    const auto shown = session.query("SHOW CREATE TABLE " + candidate.quoted());
    late_keys = removable_keys(shown.rows.at(0).at(1).value_or(""));
  }
  CopyingMode copying(session);
  if (!late_keys.empty()) {
    session.execute(alter_keys(candidate, late_keys, [](const SecondaryKey& key) {
      return "DROP KEY " + quote_name(key.name);
    }));
  }
  const std::string columns = column_list(plain_columns(session, candidate));
  const auto copied =
      session.execute(fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}", candidate.quoted(),
                                  columns, columns, base.quoted()));
  if (!late_keys.empty()) {
    session.execute(alter_keys(candidate, late_keys,
                               [](const SecondaryKey& key) { return "ADD " + key.definition; }));
  }
  set_next_id(session, base, candidate);
  copying.end();
  if (copied.affected_rows != rows) {
    throw Error(ErrorKind::internal,
                fmt::format("the copy of {} has {} rows instead of {}; something else writes to it",
                            base.text(), copied.affected_rows, rows));
  }
  return rows;
}

}  // namespace pipeline::dbt
