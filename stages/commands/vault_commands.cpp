#include "stages/commands/vault_commands.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/commands/guard_commands.h"
#include "stages/commands/text_table.h"
#include "stages/publish/checksum.h"
#include "stages/publish/names.h"
#include "stages/publish/rights.h"
#include "stages/publish/run_lock.h"
#include "stages/publish/sql.h"
#include "stages/publish/vault.h"
#include "stages/transform/run/layer_guards.h"
#include "stages/transform/run/layer_vault.h"
#include "stages/warehouse/account_options.h"

namespace pipeline {
namespace {

using publish::RelationKind;
using publish::Vault;
using publish::VaultBatch;
using publish::VaultedTable;

const dbt::VaultRequest& require_vault(const std::optional<dbt::VaultRequest>& vault) {
  if (vault) return *vault;
  throw Error(ErrorKind::config_invalid, "there is no vault: pipeline.yaml has no section vault");
}

/// The protected tables of all layers.
std::vector<VaultedTable> protected_tables(const dbt::LayerRunRequest& request) {
  const dbt::Compiler compiler(request.compiler);
  std::vector<VaultedTable> tables;
  for (std::size_t layer = 0; layer < request.plan.layers.size(); ++layer) {
    dbt::LayerRunRequest of_layer = request;
    of_layer.plan.layer = layer;
    for (auto& rule : dbt::rules_of_layer(compiler, of_layer)) {
      tables.push_back({.live = rule.table, .key = std::move(rule.key)});
    }
  }
  return tables;
}

struct Statement {
  TableName live;
  std::string sql;  // empty: nothing to do
  bool built = true;
};

std::vector<Statement> statements_for(Connection& session, const std::string& schema,
                                      const std::vector<VaultedTable>& tables) {
  std::vector<Statement> statements;
  for (const auto& table : tables) {
    const TableName kept = publish::vault_table(schema, table.live);
    auto columns = publish::columns_of(session, table.live);
    if (columns.empty()) {
      statements.push_back({.live = table.live, .sql = {}, .built = false});
      continue;
    }
    // A run that was refused since the vault lacks a column left a candidate that has it.
    for (auto& column : publish::columns_of(session, publish::in_shadow(table.live))) {
      if (publish::find_column(columns, column.name) == nullptr) {
        columns.push_back(std::move(column));
      }
    }
    auto kept_columns = publish::columns_of(session, kept);
    std::erase_if(kept_columns, [](const auto& column) {
      return column.name == publish::vault_batch_column || column.name == publish::vault_op_column;
    });
    statements.push_back(
        {.live = table.live, .sql = publish::vault_statement(table, kept, columns, kept_columns)});
  }
  return statements;
}

/// As etl_vault; deploy/sql/vault.sql makes the schema and its two tables.
Connection open_vault(const dbt::VaultRequest& vault) {
  Connection session = Connection::open(vault.account);
  publish::require_schemas(session, {vault.options.schema});
  return session;
}

void print_sql(const dbt::LayerRunRequest& request) {
  const auto& vault = require_vault(request.vault);
  Connection session = open_vault(vault);
  for (const auto& statement :
       statements_for(session, vault.options.schema, protected_tables(request))) {
    if (!statement.built) fmt::print("-- {} is not built yet\n", statement.live.text());
    if (!statement.sql.empty()) fmt::print("{};\n", statement.sql);
  }
}

/// Live must not move while it is written down.
void hold_layers(Connection& publisher, const StageContext& context,
                 const dbt::LayerRunRequest& request) {
  std::vector<std::string> schemas;
  for (const auto& layer : request.plan.layers) schemas.push_back(layer.schema);
  publish::take_run_locks(publisher, schemas);
  for (const auto& layer : request.plan.layers) {
    publish::settle(publisher, layer.schema, {.clock = context.clock});
  }
}

bool has_admin(const StageContext& context) {
  return context.config.warehouse.accounts.contains("admin");
}

void init(const StageContext& context, const dbt::LayerRunRequest& request) {
  const auto& vault = require_vault(request.vault);
  if (!has_admin(context)) {
    throw Error(ErrorKind::config_invalid,
                "vault init makes tables as warehouse.accounts.admin, which pipeline.yaml does not "
                "have; as an administrator: pipe what `vault sql` prints into mariadb");
  }
  const auto tables = protected_tables(request);
  Connection publisher = Connection::open(request.publish);
  hold_layers(publisher, context, request);
  context.output.set("tables", fill_vault(context, vault, tables, [](const std::string& line) {
                       fmt::print("{}\n", line);
                     }));
}

void check(const StageContext& context, const dbt::LayerRunRequest& request) {
  const auto& vault = require_vault(request.vault);
  const auto tables = protected_tables(request);
  auto objections = dbt::vault_objections(vault, tables);
  Connection reader = open_vault(vault);
  Vault opened(reader, vault.options, Vault::Use::read);
  std::vector<std::string> schemas;
  for (const auto& layer : request.plan.layers) schemas.push_back(layer.schema);
  std::vector<std::vector<std::string>> lines{
      {"TABLE", "BATCHES", "GENERATION", "DAY", "ROWS", "STATE"}};
  Json told = Json::array();
  for (const auto& table : opened.kept_tables(schemas)) {
    throw_if_cancelled();
    Json item = Json::object();
    item.set("table", table.live.text());
    std::string state = "ok";
    try {
      const auto ledger = opened.ledger(table.live);
      const VaultBatch* last = ledger.last_published();
      if (last != nullptr) opened.verify(table.live, ledger, last->number);
      const auto chain =
          last == nullptr ? std::vector<std::uint64_t>() : ledger.chain(last->number);
      const std::string day =
          last != nullptr && last->business_date ? last->business_date->iso() : "?";
      item.set("batches", std::uint64_t{chain.size()});
      item.set("generation", last == nullptr ? 0 : last->generation);
      item.set("rows", last == nullptr ? 0 : last->state_rows);
      lines.push_back({table.live.text(), std::to_string(chain.size()),
                       std::to_string(last == nullptr ? 0 : last->generation), day,
                       std::to_string(last == nullptr ? 0 : last->state_rows), state});
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::guard_refused) throw;
      state = error.message();
      objections.push_back(state);
      lines.push_back({table.live.text(), "", "", "", "", "NOT IN ORDER"});
    }
    item.set("state", state);
    told.push_back(std::move(item));
  }
  context.output.set("tables", std::move(told));
  Json list = Json::array();
  for (const auto& objection : objections) list.push_back(objection);
  context.output.set("objections", std::move(list));
  if (context.asked.has("--json")) {
    fmt::print("{}\n", context.output.dump());
  } else {
    print_columns(lines);
  }
  if (objections.empty()) return;
  throw Error(ErrorKind::guard_refused, "the vault is not in order: " + join(objections, "; "));
}

std::string day_text(const VaultBatch& batch) {
  return batch.business_date ? batch.business_date->iso() : "no known day";
}

/// "it has 3 states, from 2026-02-01 (run a, generation 1) to ..."
std::string states_text(const publish::VaultLedger& ledger) {
  const VaultBatch* first = nullptr;
  const VaultBatch* last = nullptr;
  for (const auto& batch : ledger.batches()) {
    if (batch.published == VaultBatch::Published::no) continue;
    if (first == nullptr) first = &batch;
    last = &batch;
  }
  if (first == nullptr) return "it has none";
  return fmt::format("it has those from {} (generation {}, run {}) to {} (generation {}, run {})",
                     day_text(*first), first->generation, first->run_id, day_text(*last),
                     last->generation, last->run_id);
}

const VaultBatch* batch_as_of(const publish::VaultLedger& ledger, const std::string& as_of) {
  if (const auto date = BusinessDate::parse(as_of)) return ledger.of_date(*date);
  const bool number = !as_of.empty() && as_of.find_first_not_of("0123456789") == std::string::npos;
  return number ? ledger.of_generation(publish::to_number(as_of)) : ledger.of_run(as_of);
}

/// The publish that built the rows of this batch; 0 if the records do not know it.
std::uint64_t built_by(Connection& session, const VaultState& state) {
  return publish::to_number(session.query_value(fmt::format(
      "SELECT IF(p.origin_publish_id = 0, p.publish_id, p.origin_publish_id) FROM "
      "pipeline.published_table p JOIN pipeline.publish_journal j ON j.publish_id = p.publish_id "
      "WHERE p.schema_name = {} AND p.table_name = {} AND j.generation = {} AND j.run_id = {} AND "
      "j.state IN ('done', 'unfinished') ORDER BY p.publish_id DESC LIMIT 1",
      quote_text(state.live.schema), quote_text(state.live.table), state.generation,
      quote_text(state.run_id))));
}

}  // namespace

CliCommand vault_command_line() {
  return {.name = "vault",
          .help = "the vault's tables: init makes them, sql prints how, check verifies all rows",
          .options = {{.name = "--json", .kind = OptionKind::flag, .help = "print JSON"}},
          .positionals = {{.name = "ACTION", .help = "init, sql or check"}}};
}

void vault_command(const StageContext& context, const dbt::LayerRunRequest& request) {
  const std::string action = *context.asked.positional("ACTION");
  if (action == "init") return init(context, request);
  if (action == "sql") return print_sql(request);
  if (action == "check") return check(context, request);
  throw Error(ErrorKind::config_invalid,
              fmt::format("vault {} is nothing; it is init, sql or check", action));
}

Json fill_vault(const StageContext& context, const dbt::VaultRequest& vault,
                const std::vector<VaultedTable>& tables,
                const std::function<void(const std::string&)>& tell) {
  if (has_admin(context)) {
    Connection admin = Connection::open(account_options(context.config, "admin"));
    for (const auto& statement : statements_for(admin, vault.options.schema, tables)) {
      if (!statement.sql.empty()) admin.execute(statement.sql);
      const std::string_view done = !statement.built        ? "is not built yet"
                                    : statement.sql.empty() ? "was ready"
                                                            : "is ready";
      tell(fmt::format("{} {}", statement.live.text(), done));
    }
  }
  Json told = Json::array();
  Connection writer = Connection::open(vault.account);
  Vault opened(writer, vault.options);
  std::vector<std::string> objections;
  for (const auto& table : tables) {
    if (publish::relation_kind(writer, table.live) != RelationKind::table) continue;
    const auto misfits = opened.misfits(table, table.live);
    objections.insert(objections.end(), misfits.begin(), misfits.end());
    if (!misfits.empty()) continue;
    for (const auto& line : opened.settle(table.live)) log::info("{}", line);
    const auto found = opened.record_live(table);
    Json item = Json::object();
    item.set("table", table.live.text());
    item.set("rows_written", found ? found->rows : 0);
    told.push_back(std::move(item));
    if (found) tell(fmt::format("{}: {} rows written", table.live.text(), found->rows));
  }
  if (objections.empty()) return told;
  throw Error(ErrorKind::guard_refused, "the vault is not in order: " + join(objections, "; "));
}

VaultNotes::VaultNotes(const StageContext& context, Connection& publisher,
                       std::vector<std::string> schemas) noexcept
    : context_(context), publisher_(publisher), schemas_(std::move(schemas)) {
  try {
    with_vault([&](Connection& session, Vault& vault) {
      for (const auto& table : vault.kept_tables(schemas_)) {
        for (const auto& line : vault.settle(table.live)) log::info("{}", line);
      }
      for (const auto& schema : schemas_) {
        markers_.emplace(schema, publish::read_marker(session, schema));
      }
    });
  } catch (const std::exception& error) {
    markers_.clear();
    log::warn("the vault is not told of this restore; the next start writes what is live then: {}",
              error.what());
  }
}

void VaultNotes::with_vault(const std::function<void(Connection&, Vault&)>& work) const {
  const auto request = vault_request(context_.config, "");
  if (!request) return;
  Connection session = Connection::open(request->account);
  publish::note_session(publisher_, session,
                        {.run_id = context_.run_id, .target = schemas_.front(), .role = "vault"});
  const CancelHook end_statement([&] {
    try {
      kill_from_outside(session.options(), session.id(), Victim::statement);
    } catch (const std::exception& error) {
      log::warn("the vault's statement was not ended: {}", error.what());
    }
  });
  Vault vault(session, request->options);
  work(session, vault);
}

void VaultNotes::write(const std::vector<Replaced>& replaced) noexcept {
  if (markers_.empty()) return;
  try {
    failpoint("restore_before_vault");
    with_vault([&](Connection& session, Vault& vault) {
      const auto fits = [&](const VaultedTable& table, const TableName& source) {
        if (publish::relation_kind(session, source) != RelationKind::table) return false;
        const auto misfits = vault.misfits(table, source);
        if (misfits.empty()) return true;
        log::warn("the vault does not keep {}: {}", source.text(), join(misfits, "; "));
        return false;
      };
      for (const auto& table : vault.kept_tables(schemas_)) {
        throw_if_cancelled();
        for (const auto& [live, kept_as] : replaced) {
          if (live != table.live || !fits(table, kept_as)) continue;
          vault.record_replaced(table, kept_as, markers_.at(live.schema));
        }
        if (fits(table, table.live)) vault.record_live(table);
      }
    });
  } catch (const std::exception& error) {
    log::warn("the vault does not know what is live now; the next start writes it: {}",
              error.what());
  }
}

VaultState find_vault_state(const StageContext& context, const TableName& live,
                            const std::string& as_of) {
  const auto configured = vault_request(context.config, "");
  const auto& request = require_vault(configured);
  Connection session = Connection::open(request.account);
  Vault vault(session, request.options, Vault::Use::read);
  if (vault.key_of(live).empty()) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("the vault has no table for {}", live.text()));
  }
  const auto ledger = vault.ledger(live);
  const VaultBatch* batch = batch_as_of(ledger, as_of);
  if (batch == nullptr) {
    throw Error(ErrorKind::config_invalid, fmt::format("the vault has no state of {} as of {}; {}",
                                                       live.text(), as_of, states_text(ledger)));
  }
  std::vector<std::string> same_day;
  for (const auto& other : ledger.batches()) {
    const bool counts = other.published != VaultBatch::Published::no &&
                        other.kind == VaultBatch::Kind::publish &&
                        other.business_date == batch->business_date;
    if (!counts || !BusinessDate::parse(as_of)) continue;
    same_day.push_back(fmt::format("generation {} ({} rows)", other.generation, other.state_rows));
  }
  if (same_day.size() == 1) same_day.clear();
  return {.live = live,
          .batch = batch->number,
          .generation = batch->generation,
          .run_id = batch->run_id,
          .business_date = batch->business_date,
          .rows = batch->state_rows,
          .same_day = std::move(same_day)};
}

std::string keep_vault_state(const StageContext& context, const VaultState& state,
                             Connection& publisher, const publish::PublishedLayer& layer,
                             const publish::RestoreOrder& order,
                             const publish::PublisherOptions& options) {
  const auto configured = vault_request(context.config, "");
  const auto& request = require_vault(configured);
  if (std::ranges::find(layer.schemas, state.live.schema) == layer.schemas.end()) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("{} is no table of this layer, which publishes into {}",
                            state.live.text(), join(layer.schemas, ", ")));
  }
  const TableName kept{
      state.live.schema,
      publish::backup_name(state.live.table,
                           publish::backup_suffix(publisher, layer.schemas, order.now))};
  const TableName candidate = publish::in_shadow(kept);
  Connection builder = Connection::open(account_options(context.config, "build"));
  Connection reader = Connection::open(request.account);
  for (auto* session : {&builder, &reader}) {
    publish::note_session(publisher, *session,
                          {.run_id = order.run_id, .target = layer.schema, .role = "restore"});
  }
  Vault vault(reader, request.options, Vault::Use::read);
  const VaultedTable table{.live = state.live, .key = vault.key_of(state.live)};
  const std::uint64_t rows =
      vault.rebuild(table, vault.ledger(state.live), state.batch, builder, candidate);
  failpoint("vault_after_rebuild");
  publish::PublishPlan plan;
  plan.kind = publish::PlanKind::backup;
  plan.reason = order.reason;
  plan.schema = layer.schema;
  plan.generation = layer.marker.generation;
  plan.run_id = order.run_id;
  plan.business_date = layer.marker.business_date;
  plan.date_before = layer.marker.business_date;
  plan.backups.push_back({.live = state.live,
                          .backup_name = kept.table,
                          .rows_before = rows,
                          .generation = state.generation,
                          .business_date = state.business_date,
                          .kind = publish::BackupKind::copied,
                          .built_by = built_by(publisher, state),
                          .checksum_before = publish::content_checksum(publisher, candidate)});
  plan.renames.emplace_back(candidate, kept);
  publish::carry_out(publisher, plan, options);
  return kept.table;
}

}  // namespace pipeline
