#include "stages/transform/run/layer_vault.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/publish/names.h"
#include "stages/publish/run_lock.h"
#include "stages/publish/sql.h"
#include "stages/publish/vault_rights.h"

namespace pipeline::dbt {
namespace {

using publish::VaultedTable;
using publish::VaultRole;

/// The first build of a table: nobody could make its vault table before.
bool is_first_build(Connection& session, const publish::VaultOptions& options,
                    const TableName& live) {
  return publish::relation_kind(session, live) == publish::RelationKind::absent &&
         publish::relation_kind(session, publish::vault_table(options.schema, live)) ==
             publish::RelationKind::absent;
}

void refuse(const std::vector<std::string>& objections) {
  if (objections.empty()) return;
  throw Error(ErrorKind::guard_refused, "the vault is not in order: " + join(objections, "; "));
}

void append(std::vector<std::string>& all, std::vector<std::string> more) {
  std::ranges::move(more, std::back_inserter(all));
}

std::vector<std::string> rights_of_all(Connection& writer, const VaultRequest& request) {
  auto objections = publish::rights_objections(writer, VaultRole::writer, request.options.schema);
  for (const auto& account : request.others) {
    Connection session = Connection::open(account);
    append(objections,
           publish::rights_objections(session, VaultRole::everybody, request.options.schema));
  }
  append(objections, publish::vault_table_objections(writer, request.options.schema));
  return objections;
}

/// Two tables that would share one vault table.
std::vector<std::string> shared_tables(const std::vector<VaultedTable>& tables,
                                       const std::string& schema) {
  std::vector<std::string> objections;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const TableName kept = publish::vault_table(schema, tables[i].live);
      if (kept != publish::vault_table(schema, tables[j].live)) continue;
      objections.push_back(fmt::format("{} and {} would both be kept in {}; rename one",
                                       tables[j].live.text(), tables[i].live.text(), kept.text()));
    }
  }
  return objections;
}

}  // namespace

/// A login of the vault's account for one step, known to the ledger and to a stop.
class LayerVault::Session {
 public:
  explicit Session(LayerVault& owner)
      : connection(Connection::open(owner.request_.vault->account)),
        listed_(owner.ports_.sessions, connection, Victim::connection) {
    publish::note_session(owner.publisher_, connection,
                          {.run_id = owner.request_.run_id,
                           .target = owner.request_.layer().schema,
                           .role = "vault"});
  }
  Connection connection;

 private:
  ListedSession listed_;
};

LayerVault::LayerVault(const LayerRunRequest& request, const LayerRunPorts& ports,
                       Connection& publisher, std::vector<publish::HistoryRule> rules)
    : request_(request), ports_(ports), publisher_(publisher) {
  for (auto& rule : rules) tables_.push_back({.live = rule.table, .key = std::move(rule.key)});
}

void LayerVault::begin() {
  if (tables_.empty()) return;
  if (!request_.vault) {
    log::info("no vault is configured: {} protected tables of this layer have no second copy",
              tables_.size());
    return;
  }
  Session session(*this);
  refuse(rights_of_all(session.connection, *request_.vault));
  publish::Vault vault(session.connection, request_.vault->options);
  auto objections = shared_tables(tables_, request_.vault->options.schema);
  std::vector<const VaultedTable*> live;
  for (const auto& table : tables_) {
    if (publish::relation_kind(session.connection, table.live) == publish::RelationKind::table) {
      live.push_back(&table);
      append(objections, vault.misfits(table, table.live));
    } else if (is_first_build(session.connection, vault.options(), table.live)) {
      log::warn("{} is built for the first time and not kept in the vault yet; after this run: {}",
                table.live.text(), vault.options().init_command);
    }
  }
  refuse(objections);
  for (const VaultedTable* table : live) {
    ports_.throw_if_cancelled();
    for (const auto& line : vault.settle(table->live)) log::warn("{}", line);
    if (const auto found = vault.record_live(*table)) tell(*found, table->live);
  }
}

void LayerVault::record(const std::vector<const Node*>& nodes,
                        const std::vector<std::pair<std::string, publish::Marker>>& markers) {
  if (!request_.vault || tables_.empty()) return;
  Session session(*this);
  publish::Vault vault(session.connection, request_.vault->options);
  std::vector<const VaultedTable*> built;
  std::vector<std::string> objections;
  for (const auto& table : tables_) {
    const bool in_plan = std::ranges::any_of(
        nodes, [&](const Node* node) { return live_name(*node) == table.live; });
    if (!in_plan || is_first_build(session.connection, vault.options(), table.live)) continue;
    built.push_back(&table);
    append(objections, vault.misfits(table, publish::in_shadow(table.live)));
  }
  refuse(objections);
  for (const VaultedTable* table : built) {
    ports_.throw_if_cancelled();
    const auto marker = std::ranges::find(markers, table->live.schema,
                                          &std::pair<std::string, publish::Marker>::first);
    require(marker != markers.end(), "each schema of a layer has a marker");
    tell(vault.record_candidate(*table, publish::in_shadow(table->live), marker->second),
         table->live);
  }
}

void LayerVault::note_published() noexcept {
  if (!request_.vault || tables_.empty()) return;
  try {
    failpoint("vault_before_published");
    Session session(*this);
    publish::Vault vault(session.connection, request_.vault->options);
    for (const auto& table : tables_) {
      if (!vault.misfits(table, table.live).empty()) continue;
      for (const auto& line : vault.settle(table.live)) log::info("{}", line);
    }
    failpoint("vault_after_published");
  } catch (const std::exception& error) {
    log::warn("{} is published; the next start notes it in the vault, which did not answer: {}",
              request_.layer().schema, error.what());
  }
}

void LayerVault::tell(const publish::VaultBatch& batch, const TableName& live) {
  Json json = Json::object();
  json.set("table", live.text());
  json.set("batch", batch.number);
  json.set("kind", batch.kind == publish::VaultBatch::Kind::found ? "found" : "publish");
  json.set("rows", batch.rows);
  told_.push_back(std::move(json));
  ports_.output.set("vault", told_);
}

std::vector<std::string> vault_objections(const VaultRequest& request,
                                          const std::vector<VaultedTable>& tables) {
  Connection session = Connection::open(request.account);
  auto objections = rights_of_all(session, request);
  append(objections, shared_tables(tables, request.options.schema));
  publish::Vault vault(session, request.options, publish::Vault::Use::read);
  for (const auto& table : tables) {
    if (publish::relation_kind(session, table.live) != publish::RelationKind::table) continue;
    append(objections, vault.misfits(table, table.live));
  }
  return objections;
}

}  // namespace pipeline::dbt
