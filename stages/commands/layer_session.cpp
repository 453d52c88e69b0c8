#include "stages/commands/layer_session.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/run_lock.h"
#include "stages/warehouse/account_options.h"

namespace pipeline {

const LayerConfig& layer_of(const StageContext& context, const LayerProgram& program) {
  const std::string wanted = context.asked.value("--layer").value_or(program.layer);
  std::vector<std::string> names;
  for (const auto& layer : context.config.transform.layers) {
    if (layer.name == wanted) return layer;
    names.push_back(layer.name);
  }
  throw Error(ErrorKind::config_invalid,
              fmt::format("{}: transform.layers has no layer {}, only {}", context.config.path,
                          wanted, join(names, ", ")));
}

/// "silver.t" and "t" alike.
TableName table_of(const std::string& text, const LayerConfig& layer) {
  const auto dot = text.find('.');
  if (dot == std::string::npos) return {layer.schema, text};
  return {text.substr(0, dot), text.substr(dot + 1)};
}

std::string program_of(const LayerConfig& layer) {
  if (layer.name == "silver" || layer.name == "gold") return layer.name + "_transformer";
  return "gold_transformer --layer " + layer.name;
}

/// What a person must type behind a command so that it means this pipeline.
std::string config_option(const StageContext& context) {
  const auto given = context.asked.value("--config");
  return given ? " --config " + *given : "";
}

publish::RestoreOrder order_of(const StageContext& context) {
  return {.run_id = context.run_id,
          .reason = context.asked.value("--reason").value_or(""),
          .now = context.clock.now()};
}

LayerSession::LayerSession(const StageContext& context, const LayerConfig& layer, Fence fence)
    : context_(context),
      layer_(layer),
      connection_(Connection::open(account_options(context.config, "publish"))),
      listed_(sessions_, connection_, Victim::statement),
      end_statements_([this] { sessions_.end_all(); }) {
  if (fence == Fence::none) return;
  take_locks(fence);
  Json settled = Json::array();
  for (const auto& line : publish::settle(connection_, layer.schema, options())) {
    settled.push_back(line);
  }
  context.output.set("settled", std::move(settled));
}

publish::PublisherOptions LayerSession::options() const {
  return {.clock = context_.clock, .check_cancelled = [] { throw_if_cancelled(); }};
}

void LayerSession::take_locks(Fence fence) {
  std::vector<std::string> schemas =
      publish::read_published_layer(connection_, layer_.schema).schemas;
  if (fence == Fence::as_a_run) {
    schemas.push_back(context_.config.staging.schema);
    for (const auto& below : context_.config.transform.layers) {
      if (below.name == layer_.name) break;
      const auto marker = publish::read_marker(connection_, below.schema);
      if (!marker) continue;
      const auto more = publish::read_published_layer(connection_, below.schema).schemas;
      schemas.insert(schemas.end(), more.begin(), more.end());
    }
  }
  publish::take_run_locks(connection_, schemas);
  for (const char* account : {"build", "publish"}) {
    publish::end_left_over_sessions(connection_, account_options(context_.config, account),
                                    layer_.schema);
  }
  publish::note_session(connection_, connection_,
                        {.run_id = context_.run_id, .target = layer_.schema, .role = "publish"});
}

}  // namespace pipeline
