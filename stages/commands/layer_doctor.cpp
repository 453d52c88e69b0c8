#include "stages/commands/layer_doctor.h"

#include <fmt/core.h>

#include "common/base/text.h"
#include "stages/commands/guard_commands.h"
#include "stages/doctor/account_findings.h"
#include "stages/transform/run/layer_check.h"
#include "stages/transform/run/layer_rights.h"
#include "stages/transform/run/layer_vault.h"

namespace pipeline {
namespace {

using dbt::LayerRunRequest;
using publish::StageAccount;

constexpr const char* vault_account = "vault";

void tell_project(const StageContext& context, const LayerRunRequest& request, const Tell& tell) {
  const std::string& folder = request.compiler.project.project_dir;
  try {
    const dbt::Compiler compiler(request.compiler);
    std::vector<std::string> layers;
    for (std::size_t i = 0; i < request.plan.layers.size(); ++i) {
      dbt::LayerPlanOptions plan = request.plan;
      plan.layer = i;
      layers.push_back(fmt::format("{} with {} nodes", plan.layers[i].name,
                                   dbt::plan_layer(compiler, plan).nodes.size()));
    }
    tell(in_order(Check::dbt_project, "", fmt::format("{}: {}", folder, join(layers, ", "))));
  } catch (const Error& error) {
    tell(failure(
        Check::dbt_project, "", error,
        fmt::format("correct the file that it names, or transform.project ({}) in {}; "
                    "then {} check --doctor project --config {}",
                    folder, context.config.path, "silver_transformer", context.config.path)));
  }
}

void tell_vault(const StageContext& context, const LayerRunRequest& request,
                const std::string& program, const Tell& tell) {
  const PipelineConfig& config = context.config;
  const std::string& about = request.layer().name;
  if (!config.vault) return;
  try {
    std::vector<publish::VaultedTable> tables;
    for (const auto& rule : request.protect.history) {
      if (rule.table.schema == request.layer().schema) {
        tables.push_back({.live = rule.table, .key = rule.key});
      }
    }
    dbt::VaultRequest vault = *vault_request(config, program);
    vault.account = doctor_session(config, vault_account);
    vault.others.clear();
    for (const char* name : {"load", "build", "publish", "janitor"}) {
      vault.others.push_back(doctor_session(config, name));
    }
    const auto objections = dbt::vault_objections(vault, tables);
    if (objections.empty()) {
      tell(in_order(Check::vault, about, "in order"));
      return;
    }
    tell(failure(Check::vault, about, ErrorKind::guard_refused, join(objections, "; "),
                 fmt::format("{0} vault sql --config {1} | mariadb, as an administrator; then {0} "
                             "vault init --config {1}",
                             program, config.path)));
  } catch (const Error& error) {
    tell(failure(Check::vault, about, error, advice_on_login(config, vault_account, error)));
  }
}

void tell_accounts_of(const StageContext& context, const LayerRunRequest& request,
                      const std::string& program, const Tell& tell) {
  const std::string own = request.layer().schema;
  // Without the project nobody knows whether the layer has views and seeds.
  const dbt::LayerRights rights{.schemas = {own}, .reads = {request.upstream_schema()}};
  std::vector<std::string> layers;
  for (const auto& layer : request.plan.layers) layers.push_back(layer.schema);
  std::vector<AccountToProve> accounts{
      {.name = "publish",
       .role = StageAccount::publish,
       .on = own,
       .require_rights =
           [&](Connection& session) { dbt::require_rights_to_publish(session, rights); }},
      {.name = "build",
       .role = StageAccount::build,
       .on = own,
       .require_rights = [&](auto& session) { dbt::require_rights_to_build(session, rights); }}};
  if (request.is_last()) {
    accounts.push_back({.name = "janitor",
                        .role = StageAccount::janitor,
                        .on = join(layers, ", "),
                        .require_rights = [&](Connection& session) {
                          dbt::require_rights_to_drop_backups(session, layers);
                        }});
  }
  publish::KnownSchemas known = dbt::known_schemas(request);
  if (context.config.vault) {
    known.vault = context.config.vault->schema;
    // Its rights stand in the vault's own line.
    accounts.push_back({.name = vault_account,
                        .role = StageAccount::vault,
                        .on = known.vault,
                        .require_rights = {}});
  }
  if (!tell_accounts(context.config, accounts, known, {}, tell)) return;
  tell_vault(context, request, program, tell);
}

}  // namespace

void layer_doctor(const StageContext& context, const LayerRunRequest& request,
                  const DoctorVisit& visit) {
  const Tell tell = tell_as_lines();
  if (visit.part == "project") {
    tell_project(context, request, tell);
  } else if (visit.part == "accounts") {
    tell_accounts_of(context, request, visit.program, tell);
  } else {
    throw Error(ErrorKind::config_invalid,
                fmt::format("--doctor takes accounts or project, not \"{}\"", visit.part));
  }
}

}  // namespace pipeline
