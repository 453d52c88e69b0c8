#include "stages/transform/run/layer_check.h"

#include <algorithm>

#include "common/base/error.h"
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

std::string login(const ConnectionOptions& options) {
  try {
    Connection::open(options);
    return "ok";
  } catch (const Error& error) {
    return error.message();
  }
}

}  // namespace

Json check_layer(const LayerRunRequest& request) {
  const LayerSpec& layer = request.layer();
  const std::string upstream = request.upstream_schema();
  Json answer = Json::object();
  answer.set("ok", false);
  answer.set("layer", layer.name);
  Json accounts = Json::object();
  accounts.set("build", login(request.build));
  accounts.set("publish", login(request.publish));
  if (request.is_last() && request.janitor) accounts.set("janitor", login(*request.janitor));
  bool ok = std::all_of(accounts.as_object().begin(), accounts.as_object().end(),
                        [](const auto& account) { return account.second == Json("ok"); });
  answer.set("accounts", std::move(accounts));
  answer.set("lock", Json());
  answer.set("marker", Json());
  answer.set("upstream", Json());
  try {
    Connection session = Connection::open(request.publish);
    answer.set("marker", marker_json(publish::read_marker(session, layer.schema), layer.schema));
    answer.set("upstream", marker_json(publish::read_marker(session, upstream), upstream));
    publish::take_run_locks(session, {layer.schema}, std::chrono::seconds(0));
    answer.set("lock", "free");
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::already_running) {
      answer.set("lock", error.message());
    } else {
      answer.set("problem", error.message());
      ok = false;
    }
  }
  answer.set("ok", ok);
  return answer;
}

}  // namespace pipeline::dbt
