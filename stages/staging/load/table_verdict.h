// What becomes of each table of staging after a dump was read: a pure rule.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stages/publish/guard.h"

namespace pipeline {

/// A table of the dump as it was loaded.
struct IncomingTable {
  std::string name;
  std::uint64_t rows = 0;
  std::string content = {};  // the hash of its definition and rows; empty: not known
  std::string slot = {};     // delta::Slot of its copy; empty: it has no state
};

/// A base table that is live in staging.
struct LiveTable {
  std::string name;
  std::uint64_t rows = 0;  // counted where the dump brings none or a floor asks; 0 otherwise
};

/// Why a table without rows is kept.
struct KeepReasons {
  std::set<std::string> preserved;  // staging.preserve
  std::set<std::string> sources;    // named by a source() of the dbt project
  std::set<std::string> views;      // read by a view
  /// "named by a dbt source", or empty.
  std::string_view reason(const std::string& table) const;
};

struct TableVerdicts {
  std::vector<std::string> publish;          // their candidates become live
  std::vector<std::string> kept_empty;       // of these, those without rows
  std::vector<std::string> drop_candidates;  // loaded without rows and not published
  std::vector<std::string> withdraw;         // live ones that leave
  std::vector<std::string>
      copy_empty;  // owned, gone from the dump, kept: published empty as they were
  std::vector<publish::Violation> below_floor;  // if they are overridden
};

struct VerdictInput {
  std::vector<IncomingTable> incoming;
  std::vector<LiveTable> live;
  std::set<std::string> owned;  // by the loader, as the ledger says
  KeepReasons keep;
  std::uint64_t shrink_guard_rows = 1000;
  std::vector<publish::Floor> floors;  // of tables of staging
  enum class Floors { hold, overridden } floors_are = Floors::hold;
};

/// Tables that are neither owned nor in the dump are in no list: they are never touched. Throws
/// guard_refused, naming all, for tables of the dump that are live and not owned, for live tables
/// above the shrink guard that now have no rows, and for tables below their floor unless that is
/// overridden; config_invalid for a floor of a table that is neither in the dump nor live.
TableVerdicts judge_tables(const VerdictInput& input);

/// Names that a publish uses beside live tables: the marker, what it sets aside, and backups.
bool is_reserved_table_name(std::string_view name);

}  // namespace pipeline
