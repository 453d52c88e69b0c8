// The vault: every version of each row of a protected table, where the pipeline can only add.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/marker.h"
#include "stages/publish/row_difference.h"
#include "stages/publish/vault_ledger.h"
#include "stages/publish/vault_tables.h"

namespace pipeline::publish {

struct VaultOptions {
  std::string schema = "vault";
  std::string init_command = "vault init";  // what a person types to have tables made
};

/// One version of a row as the vault keeps it.
struct RowVersion {
  std::uint64_t batch = 0;
  std::string op;                  // insert, update, delete
  const VaultBatch* of = nullptr;  // of the ledger; nullptr: a row that no batch of the list has
  std::vector<std::optional<std::string>> values;  // in the order of `columns`
};
struct RowHistory {
  std::vector<std::string> columns;
  std::vector<RowVersion> versions;  // oldest first
  VaultLedger ledger;
};

/// Writes and reads with a session of the account that holds SELECT and INSERT on the vault and
/// SELECT on all else that is named here. Not thread-safe.
class Vault {
 public:
  /// Who only reads needs no lock: what is written comes into view whole.
  enum class Use { read, write };
  /// Sets the session up: UTC, strict. To write it takes the vault's lock on `session`;
  /// already_running if that is not free in time.
  Vault(Connection& session, VaultOptions options, Use use = Use::write);

  /// The tables of these schemas that the vault knows, with the keys that it keeps them by.
  std::vector<VaultedTable> kept_tables(const std::vector<std::string>& schemas);

  /// What keeps the vault from keeping rows with the columns of `source`, each with what to type:
  /// no list of batches, no vault table, missing columns, types that do not fit.
  std::vector<std::string> misfits(const VaultedTable& table, const TableName& source);

  /// Notes which of the batches that were written before a publish count, as the live marker and
  /// the journal of publishes say. Call before anything else at every start, behind settle() of the
  /// schema. Returns one line a batch.
  std::vector<std::string> settle(const TableName& live);

  /// Writes what live holds and the vault does not know: all of it the first time, later what a
  /// restore or a person changed. The batch counts at once. nullopt if the vault knows it all. Live
  /// must exist.
  std::optional<VaultBatch> record_live(const VaultedTable& table);
  /// The same of what was live until `kept_as` was set aside, while `marker` was (nullopt: none).
  std::optional<VaultBatch> record_replaced(const VaultedTable& table, const TableName& kept_as,
                                            const std::optional<Marker>& marker);

  /// Writes the changes from the state that the vault knows to `candidate`, which is to be
  /// published with `marker`. The batch counts once it is noted as published.
  VaultBatch record_candidate(const VaultedTable& table, const TableName& candidate,
                              const Marker& marker);

  /// The rows as they were after a batch that counts, as a source for compare_rows().
  RowSource state(const VaultedTable& table, const VaultLedger& ledger, std::uint64_t batch);

  /// The columns by which the vault keeps rows of `live`; none if it has no table for it.
  std::vector<std::string> key_of(const TableName& live);

  /// Throws guard_refused, naming the batch, if the rows of a batch that the state after `batch` is
  /// made of are not those that were written.
  void verify(const TableName& live, const VaultLedger& ledger, std::uint64_t batch);

  /// Makes `candidate` anew, over `builder`, with exactly the rows as they were after `batch`, and
  /// compares it with the vault row by row. Made like the live table if that has the same columns;
  /// otherwise with the columns of then and the key as primary key. Returns the number of rows.
  /// Throws what verify() throws; internal if the rows do not arrive as they left.
  std::uint64_t rebuild(const VaultedTable& table, const VaultLedger& ledger, std::uint64_t batch,
                        Connection& builder, const TableName& candidate);

  VaultLedger ledger(const TableName& live) {
    return VaultLedger::read(session_, options_.schema, live);
  }

  /// All versions of the rows with these values in some of the key's columns; at most `rows_max`.
  RowHistory versions(const VaultedTable& table,
                      const std::vector<std::pair<std::string, std::string>>& key_values,
                      std::size_t rows_max = 1000);

  const VaultOptions& options() const { return options_; }

 private:
  VaultBatch write(const VaultedTable& table, const VaultLedger& ledger, const TableName& source,
                   VaultBatch batch, bool even_if_empty);
  std::vector<TableColumn> image_columns(const TableName& vault);
  std::uint64_t free_number(const VaultLedger& ledger);
  struct Checksum {
    std::uint64_t rows = 0;
    std::string sum = "0";  // of the rows' hashes
    /// "17/9223372036854775807"
    std::string text() const { return std::to_string(rows) + "/" + sum; }
  };
  std::map<std::uint64_t, Checksum> checksums(const TableName& vault,
                                              const std::vector<TableColumn>& columns,
                                              const std::vector<std::uint64_t>& batches);

  Connection& session_;
  const VaultOptions options_;
};

}  // namespace pipeline::publish
