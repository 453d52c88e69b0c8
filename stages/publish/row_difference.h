// What differs between two tables, row by row: counted by the server, exactly, with a few examples.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/json.h"
#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/row_comparison.h"

namespace pipeline::publish {

/// Rows to compare: a table's, or those that a query gives with the columns of a table.
struct RowSource {
  TableName table;
  std::string query;                // "SELECT ..."; empty: all rows of the table
  std::vector<std::string> hidden;  // columns of the table that are no part of the rows
};

struct RowDifferenceOptions {
  RowSource before;
  RowSource after;
  /// Columns that name a row. Empty: the primary key or first unique key of before, or of after.
  std::vector<std::string> key;
  /// Only rows of before for which this SQL holds; empty: all. Their columns stand without prefix.
  std::string before_where;
  /// SQL over a row of before: a changed row for which it holds counts as closed; empty: none does.
  std::string closed_when;
  /// Of each kind of change. At most examples_limit.
  std::size_t examples_max = 0;
};

inline constexpr std::size_t examples_limit = 100'000;

struct RowExample {
  enum class Change { removed, changed, added } change = Change::changed;
  std::vector<std::string> key;  // values in the order of RowDifference::key, for people
  struct Cell {
    std::string column;
    std::optional<std::string> before;
    std::optional<std::string> after;
  };
  /// Of a changed row the columns that differ; of the others all. Values as shown_value() gives
  /// them; nullopt is NULL.
  std::vector<Cell> cells;
  bool closed = false;  // closed_when held

  /// "tenant_id=5, valid_from=2026-02-01"
  std::string key_text(const std::vector<std::string>& names) const;
};

struct RowDifference {
  std::vector<std::string> key;
  std::uint64_t only_before = 0;
  std::uint64_t only_after = 0;  // with before_where: rows without a partner among those
  std::uint64_t changed = 0;
  std::uint64_t changed_closed = 0;  // of these, where closed_when holds
  std::uint64_t equal = 0;
  /// Never compared; what they hold is in no count.
  std::vector<std::string> columns_only_before;
  std::vector<std::string> columns_only_after;
  /// Removed rows first, then changed ones, closed before others, then added ones; each by key.
  std::vector<RowExample> examples;

  bool no_row_differs() const { return only_before == 0 && only_after == 0 && changed == 0; }
};

/// Compares by key, NULL-safe and byte by byte (see RowComparison). One statement counts; examples
/// take one more for each side. Nothing but the examples is held here. Nobody may write to the
/// tables meanwhile.
///
/// Errors: config_invalid: a table that does not exist or is not seen by the account, a key column
/// that one side lacks, no key given and none found. guard_refused: a key that is NULL or stands
/// twice, with table and first keys. sql_rejected: before_where or closed_when. And the kinds of
/// the session.
RowDifference compare_rows(Connection& connection, const RowDifferenceOptions& options);

/// Whether an error of compare_rows() says that the rows are bad, and not that nobody could look.
bool is_about_the_rows(const Error& error);

/// What differs, or why the rows cannot be compared.
struct TriedComparison {
  std::optional<RowDifference> found;
  std::string not_compared = {};

  /// {"key", a member for each of `counts`, "equal"}, or {"not_compared"}.
  using Count = std::pair<std::string_view, std::uint64_t RowDifference::*>;
  Json to_json(std::initializer_list<Count> counts) const;
};

/// compare_rows() for people who look: errors about the rows are an answer.
TriedComparison try_to_compare(Connection& connection, const RowDifferenceOptions& options);

/// Why the key names no row for sure: NULL in it, or twice the same. Empty if it does. A key that
/// the server keeps unique is not looked at row by row.
std::vector<std::string> key_faults(Connection& connection, const RowSource& source,
                                    const std::vector<std::string>& key);

}  // namespace pipeline::publish
