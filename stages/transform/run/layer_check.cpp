#include "stages/transform/run/layer_check.h"

#include <functional>
#include <string>
#include <vector>

#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/publish/account_rights.h"
#include "stages/publish/drill.h"
#include "stages/publish/marker.h"
#include "stages/publish/restore.h"
#include "stages/publish/run_lock.h"
#include "stages/transform/run/layer_rights.h"
#include "stages/transform/run/layer_vault.h"

namespace pipeline::dbt {
namespace {

Json marker_json(const std::optional<publish::Marker>& marker, std::string_view schema) {
  if (!marker) return {};
  Json json = Json::object();
  json.set("schema", schema);
  json.set("generation", marker->generation);
  json.set("business_date", marker->business_date.iso());
  json.set("upstream_generation", marker->upstream_generation);
  json.set("run_id", marker->run_id);
  return json;
}

Json try_account(const ConnectionOptions& options, const std::function<void(Connection&)>& rights,
                 std::optional<Error>& problem) {
  try {
    Connection session = Connection::open(options);
    rights(session);
    return "ok";
  } catch (const Error& error) {
    if (!problem) problem = error;
    return error.message();
  }
}

/// The last proven and the last failed restore of each table of the layer.
Json drills_of(Connection& session, const std::string& schema) {
  Json drills = Json::array();
  const auto layer = publish::read_published_layer(session, schema);
  for (const auto& record : publish::read_drills(session, layer.schemas)) {
    drills.push_back(to_json(record));
  }
  return drills;
}

/// Fills lock and markers; what it cannot find out stays null.
void look(const LayerRunRequest& request, LayerCheck& check) {
  const std::string& own = request.layer().schema;
  const std::string& upstream = request.upstream_schema();
  try {
    Connection session = Connection::open(request.publish);
    const auto marker = publish::read_marker(session, own);
    check.answer.set("marker", marker_json(marker, own));
    check.answer.set("upstream", marker_json(publish::read_marker(session, upstream), upstream));
    if (marker) check.answer.set("restore_drills", drills_of(session, own));
    publish::take_run_locks(session, {own}, std::chrono::seconds(0));
    check.answer.set("lock", "free");
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::already_running) {
      check.answer.set("lock", error.message());
    } else if (!check.problem) {
      check.problem = error;
    }
  }
}

/// Rights, tables and columns of the vault, as far as they are known without the project.
void look_at_vault(const LayerRunRequest& request, LayerCheck& check) {
  check.answer.set("vault", Json());
  if (!request.vault) return;
  std::vector<publish::VaultedTable> tables;
  for (const auto& rule : request.protect.history) {
    if (rule.table.schema == request.layer().schema) {
      tables.push_back({.live = rule.table, .key = rule.key});
    }
  }
  try {
    const auto objections = vault_objections(*request.vault, tables);
    if (!objections.empty()) {
      throw Error(ErrorKind::guard_refused, "the vault is not in order: " + join(objections, "; "));
    }
    Connection session = Connection::open(request.vault->account);
    publish::require_no_excess(session, publish::StageAccount::vault, known_schemas(request));
    check.answer.set("vault", "ok");
  } catch (const Error& error) {
    check.answer.set("vault", error.message());
    if (!check.problem) check.problem = error;
  }
}

}  // namespace

publish::KnownSchemas known_schemas(const LayerRunRequest& request) {
  publish::KnownSchemas known{.staging = request.plan.staging_schema,
                              .layers = {},
                              .vault = request.vault ? request.vault->options.schema : ""};
  for (const auto& layer : request.plan.layers) known.layers.push_back(layer.schema);
  try {
    const Compiler compiler(request.compiler);
    for (const auto& [id, node] : compiler.graph().nodes()) {
      if (node.config.publish == PublishMode::in_place) known.in_place.push_back(live_name(node));
    }
  } catch (const Error& error) {
    // A check is about accounts; what is wrong with the project the run says.
    log::debug("the project cannot be read: {}", error.message());
  }
  return known;
}

LayerCheck check_layer(const LayerRunRequest& request) {
  LayerCheck check;
  check.answer.set("ok", false);
  check.answer.set("layer", request.layer().name);
  // Without the project nobody knows whether the layer has views and seeds.
  const LayerRights rights{.schemas = {request.layer().schema},
                           .reads = {request.upstream_schema()}};
  std::vector<std::string> layers;
  for (const auto& layer : request.plan.layers) layers.push_back(layer.schema);
  Json accounts = Json::object();
  const auto set = [&](const std::string& name, const ConnectionOptions& options,
                       const std::function<void(Connection&)>& tried) {
    accounts.set(name, try_account(options, tried, check.problem));
  };
  using publish::StageAccount;
  const publish::KnownSchemas known = known_schemas(request);
  set("build", request.build, [&](Connection& session) {
    require_rights_to_build(session, rights);
    publish::require_no_excess(session, StageAccount::build, known);
  });
  set("publish", request.publish, [&](Connection& session) {
    require_rights_to_publish(session, rights);
    publish::require_no_excess(session, StageAccount::publish, known);
  });
  if (request.is_last() && request.janitor) {
    set("janitor", *request.janitor, [&](Connection& session) {
      require_rights_to_drop_backups(session, layers);
      publish::require_no_excess(session, StageAccount::janitor, known);
    });
  }
  check.answer.set("accounts", std::move(accounts));
  for (const char* key : {"lock", "marker", "upstream", "restore_drills"})
    check.answer.set(key, Json());
  look(request, check);
  look_at_vault(request, check);
  if (check.problem) check.answer.set("problem", check.problem->message());
  check.answer.set("ok", !check.problem.has_value());
  return check;
}

}  // namespace pipeline::dbt
