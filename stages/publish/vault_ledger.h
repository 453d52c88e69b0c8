// The list of the vault's batches: what each holds, which were published, and how they follow each
// other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/row_comparison.h"

namespace pipeline::publish {

/// One batch of one table: the changes between two states of it. Numbers count from 1 within the
/// table and grow, but may leave numbers out.
struct VaultBatch {
  std::uint64_t number = 0;
  enum class Kind {
    publish,  // written before a publish: it counts once the marker showed that generation
    found,    // written because live was not what the vault knew: it counts at once
  } kind = Kind::publish;
  std::uint64_t base = 0;  // the batch that it continues; 0: from nothing
  std::uint64_t generation = 0;
  std::string run_id;
  std::optional<BusinessDate> business_date;
  std::uint64_t upstream_generation = 0;
  std::string source_object;     // the dump behind it, as the marker says
  std::uint64_t rows = 0;        // of the batch
  std::uint64_t state_rows = 0;  // of the table after it
  std::string checksum;          // over its rows and the columns
  std::string columns_text;      // the table's columns then: columns_json()
  std::string written_at;        // UTC
  std::string previous_hash;     // of the batch before it in the list
  enum class Published { no, yes } published = Published::no;

  std::vector<TableColumn> columns() const;
  /// SHA-256 over all of the above but `published`.
  std::string hash() const;
};

/// Columns as a batch keeps them.
std::string columns_json(const std::vector<TableColumn>& columns);

/// The batches of one table as they stand in the list.
class VaultLedger {
 public:
  /// Reads and checks. Throws guard_refused, naming the batch, if one was changed, taken out or put
  /// in by somebody else: its successor does not name its hash, or `published` names another.
  static VaultLedger read(Connection& session, const std::string& vault_schema,
                          const TableName& live);
  /// The same of batches that are in order already.
  VaultLedger(TableName live, std::vector<VaultBatch> batches);

  const std::vector<VaultBatch>& batches() const { return batches_; }
  /// Throws internal if there is none.
  const VaultBatch& at(std::uint64_t number) const;
  /// The last batch that counts; nullptr if none does.
  const VaultBatch* last_published() const;
  /// Every batch that the state after `number` is made of, oldest first.
  std::vector<std::uint64_t> chain(std::uint64_t number) const;
  /// Batches behind the last one that counts: written before a publish of which nobody noted
  /// whether it happened.
  std::vector<const VaultBatch*> open() const;
  /// What the next batch names as previous_hash.
  const std::string& head_hash() const { return head_hash_; }
  std::uint64_t highest_number() const;

  /// The batch that gave the state of a generation: the first that counts for it. What was found in
  /// live later, while the marker still showed that generation, is a state of its own.
  const VaultBatch* of_generation(std::uint64_t generation) const;
  /// The last generation that the run published.
  const VaultBatch* of_run(std::string_view run_id) const;
  /// The last generation of the newest date that is not after `date`.
  const VaultBatch* of_date(BusinessDate date) const;

  const TableName& live() const { return live_; }

 private:
  TableName live_;
  std::vector<VaultBatch> batches_;
  std::vector<std::string> hashes_;  // of batches_
  std::string head_hash_;
};

/// Both in the transaction of the session.
void insert_batch(Connection& session, const std::string& vault_schema, const TableName& live,
                  const VaultBatch& batch);
void insert_published(Connection& session, const std::string& vault_schema, const TableName& live,
                      const VaultBatch& batch);

}  // namespace pipeline::publish
