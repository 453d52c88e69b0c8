// The ledger of increments that were applied to live tables themselves (publish: in_place).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"

namespace pipeline::publish {

struct AppliedBatch {
  TableName table;
  BusinessDate date;
  std::uint64_t input_generation = 0;  // of the layer below
  std::string hash;                    // of what it executes
  std::string run_id;
  /// The last publish that the records had of the table; 0: none.
  std::uint64_t after_publish = 0;

  /// Whether applying the one after the other would add the same rows twice.
  bool is_same_as(const AppliedBatch& other) const;
};

/// The last publish, restore or note of the table in the records; 0: none.
std::uint64_t last_publish_of(Connection& connection, const TableName& table);

/// The batch that was applied last, whatever became of the table since; nullopt: none.
std::optional<AppliedBatch> last_batch(Connection& connection, const TableName& table);

/// The batch that the table holds although no publish of its layer has noted it: the process died,
/// or the RENAME failed, behind the COMMIT. The next run of the layer finishes it.
std::optional<AppliedBatch> open_batch(Connection& connection, const TableName& table);

/// Whether the table was made, renamed or altered behind the COMMIT of its last batch, as somebody
/// does who puts another one in its place. MySQL does not show a rename.
bool is_remade_since_batch(Connection& connection, const TableName& table);

/// In the transaction that changes the table, which stays open. Throws sql_rejected if the same
/// batch stands there already.
void note_batch(Connection& session, const AppliedBatch& batch);

}  // namespace pipeline::publish
