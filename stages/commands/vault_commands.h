// The command vault of the transformers, and what a restore asks of the vault.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/config/cli.h"
#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "common/stage/stage_main.h"
#include "stages/publish/journal.h"
#include "stages/publish/restore.h"
#include "stages/publish/vault.h"
#include "stages/publish/vault_tables.h"
#include "stages/transform/run/layer_request.h"

namespace pipeline {

CliCommand vault_command_line();
/// vault init: makes a vault table for each protected table of all layers, adds columns, and writes
/// what is live; the tables as warehouse.accounts.admin. vault sql: prints the statements instead,
/// for an administrator. vault check: rights, tables, and the checksum of every batch that counts;
/// throws guard_refused if something is not in order.
void vault_command(const StageContext& context, const dbt::LayerRunRequest& request);

/// Makes the vault tables of `tables` (as warehouse.accounts.admin if pipeline.yaml has it;
/// otherwise they must be there), adds columns, and writes what is live. The caller holds the
/// layers' locks. `tell` gets a line for each thing that was done. Returns one object a table:
/// `table`, `rows_written`. Throws guard_refused, behind all others, if the vault cannot keep one
/// of them.
Json fill_vault(const StageContext& context, const dbt::VaultRequest& vault,
                const std::vector<publish::VaultedTable>& tables,
                const std::function<void(const std::string&)>& tell);

/// Tells the vault what a restore replaced and what it brought back, so that each is a state that
/// can be asked for. Both are written behind the swap, the first from where it was set aside:
/// comparing a large table takes longer than anybody waits who wants its rows back.
///
/// Nothing here throws: a restore goes on without, and the next start of a stage writes what it
/// finds.
class VaultNotes {
 public:
  struct Replaced {
    TableName live;
    TableName kept_as;
  };

  /// Before the swap: notes which batches count, and which markers show. `publisher` holds the
  /// locks of `schemas`; it and `context` outlive this.
  VaultNotes(const StageContext& context, Connection& publisher,
             std::vector<std::string> schemas) noexcept;

  void write(const std::vector<Replaced>& replaced) noexcept;

 private:
  /// With a session of its own each time, which holds the vault's lock: nobody waits for that while
  /// a restore compares rows. Does nothing where no vault is kept.
  void with_vault(const std::function<void(Connection&, publish::Vault&)>& work) const;

  const StageContext& context_;
  Connection& publisher_;
  std::vector<std::string> schemas_;
  /// What showed before the swap, by schema; empty: no vault is kept, or it cannot be had.
  std::map<std::string, std::optional<publish::Marker>> markers_;
};

/// A table's state in the vault that somebody asks for.
struct VaultState {
  TableName live;
  std::uint64_t batch = 0;
  std::uint64_t generation = 0;
  std::string run_id;
  std::optional<BusinessDate> business_date;
  std::uint64_t rows = 0;
  /// Asked for by a date that was published more than once: each of its generations, with rows.
  std::vector<std::string> same_day = {};
};

/// The state as of a date (2026-02-01), a generation (a number) or a run. Throws config_invalid
/// without a vault, for a table that it does not know, or if it has no such state, naming the
/// nearest it has.
VaultState find_vault_state(const StageContext& context, const TableName& live,
                            const std::string& as_of);

/// Rebuilds the state row by row and puts it beside the live table as a backup in the catalogue, so
/// that a restore can take it like any other. Returns its name. Errors: as Vault::rebuild() and
/// carry_out().
std::string keep_vault_state(const StageContext& context, const VaultState& state,
                             Connection& publisher, const publish::PublishedLayer& layer,
                             const publish::RestoreOrder& order,
                             const publish::PublisherOptions& options);

}  // namespace pipeline
