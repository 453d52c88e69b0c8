// What a load may go on from: the copies of the tables that lie in the shadow, and what is live.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/mariadb/connection.h"
#include "stages/staging/delta/table_state.h"
#include "stages/staging/load/load_ledger.h"
#include "stages/staging/load/table_verdict.h"

namespace pipeline {

/// Of one table.
struct TableBaseline {
  /// Whose copy lies in the shadow, or comes to lie there.
  delta::Slot slot = delta::Slot::a;
  /// Of the copy in the shadow; nullopt: there is none that can be trusted, and none at all.
  std::optional<delta::StateHeader> shadow;
  /// The content hash of what is live, by the ledger; nullopt: nothing is, or nobody knows.
  std::optional<std::string> live_content;
};

using TableBaselines = std::map<std::string, TableBaseline>;

struct BaselineWish {
  std::string schema;                // staging
  std::string shadow;                // its shadow
  std::vector<IncomingTable> owned;  // live, as the ledger says
  Copies copies = Copies::unknown;   // unknown: all of them are dropped
};

/// Drops from the shadow whatever no load goes on from: views, tables without a state or with one
/// that does not describe them, states without a table; and the states of live tables that are not
/// what the ledger says. What is left of a killed load is kept as far as it is whole. The shadow's
/// marker stays.
TableBaselines find_baselines(Connection& loading, const BaselineWish& wish);

/// Drops these tables' copies and states from the shadow, if there are any.
void forget_copies(Connection& loading, const std::string& shadow,
                   const std::vector<std::string>& tables);

}  // namespace pipeline
