// The guards of tables before they are published: no protected row is lost or changed, no table
// falls below its floor.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/json.h"
#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/row_difference.h"

namespace pipeline::publish {

/// A table that may not lose rows.
struct HistoryRule {
  TableName table;
  std::vector<std::string> key;  // columns that name a row
  std::string closed_when;       // SQL: rows that may not change in any byte; empty: none
  std::string place;             // "protect.history", "the meta of model.shop.history"
};

/// Throws config_invalid, naming the rule's place, for a key column or a closed_when that the table
/// does not take. Nothing if there is no such table yet.
void require_usable(Connection& session, const HistoryRule& rule);

/// One sentence why something may not be published.
using Violation = std::string;

struct HistoryFinding {
  HistoryRule rule;
  /// What the candidate began from, and how it differs from it; nullopt: from nothing, or keys are
  /// at fault.
  std::optional<TableName> base;
  std::optional<RowDifference> since_base;
  /// How it differs from the live table, where that is not the base, or why nobody can say.
  std::optional<RowDifference> since_live;
  std::string live_not_compared;
  std::vector<Violation> violations;

  Json to_json() const;
};

struct HistoryTables {
  std::optional<TableName> base;  // that the candidate began as a copy of
  std::optional<TableName> live;  // if there is one
  TableName candidate;
};

/// Compares base and candidate: rows that are gone, closed rows that changed, columns that are
/// gone, keys that name no row are violations. Rows that only the live table has are reported, not
/// held against the candidate: a second run for one date starts from the generation before.
/// `closed_when` is asked in `session`, whose clock should stand at the business date. Throws the
/// kinds of compare_rows() but those that are violations.
HistoryFinding judge_history(Connection& session, const HistoryRule& rule,
                             const HistoryTables& tables);

/// The least that a table may hold.
struct Floor {
  TableName table;
  std::optional<std::uint64_t> min_rows;
  struct Shrink {
    std::uint64_t amount = 0;
    enum class Of { rows, percent } of = Of::rows;
    std::string text() const;  // "10 %", "500 rows"
  };
  std::optional<Shrink> max_shrink;  // by which it may shrink in one step
};

/// Whether `rows` may follow on `live_rows` (nullopt: there is no live table).
std::vector<Violation> judge_floor(const Floor& floor, std::optional<std::uint64_t> live_rows,
                                   std::uint64_t rows);

}  // namespace pipeline::publish
