#include "stages/transform/run/layer_check.h"

#include "stages/publish/marker.h"
#include "stages/publish/run_lock.h"

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

Json login(const ConnectionOptions& options, std::optional<Error>& problem) {
  try {
    Connection::open(options);
    return "ok";
  } catch (const Error& error) {
    if (!problem) problem = error;
    return error.message();
  }
}

/// Fills lock and markers; what it cannot find out stays null.
void look(const LayerRunRequest& request, LayerCheck& check) {
  const std::string& own = request.layer().schema;
  const std::string& upstream = request.upstream_schema();
  try {
    Connection session = Connection::open(request.publish);
    session.query("SELECT 1 FROM pipeline.publish_journal LIMIT 1");
    check.answer.set("marker", marker_json(publish::read_marker(session, own), own));
    check.answer.set("upstream", marker_json(publish::read_marker(session, upstream), upstream));
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

}  // namespace

LayerCheck check_layer(const LayerRunRequest& request) {
  LayerCheck check;
  check.answer.set("ok", false);
  check.answer.set("layer", request.layer().name);
  Json accounts = Json::object();
  accounts.set("build", login(request.build, check.problem));
  accounts.set("publish", login(request.publish, check.problem));
  if (request.is_last() && request.janitor) {
    accounts.set("janitor", login(*request.janitor, check.problem));
  }
  check.answer.set("accounts", std::move(accounts));
  for (const char* key : {"lock", "marker", "upstream"}) check.answer.set(key, Json());
  look(request, check);
  if (check.problem) check.answer.set("problem", check.problem->message());
  check.answer.set("ok", !check.problem.has_value());
  return check;
}

}  // namespace pipeline::dbt
