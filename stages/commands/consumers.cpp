#include "stages/commands/consumers.h"

#include <chrono>
#include <optional>
#include <thread>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "stages/publish/marker.h"
#include "stages/warehouse/account_options.h"
#include "stages/warehouse/target.h"

namespace pipeline {
namespace {

using publish::Marker;

constexpr std::chrono::milliseconds between_looks{200};

std::string shown(const std::optional<Marker>& marker) {
  if (!marker) return "nothing";
  return fmt::format("generation {} of {} (run {})", marker->generation,
                     marker->business_date.iso(), marker->run_id);
}

bool shows_the_same(const Marker& here, const std::optional<Marker>& there) {
  return there && here.generation == there->generation && here.run_id == there->run_id;
}

/// What both show in the end. Each look asks both, since somebody may publish meanwhile; a replica
/// that is behind shows an earlier generation for a while.
struct Shown {
  std::optional<Marker> here;
  std::optional<Marker> there;
};
Shown wait_until_equal(Connection& here, Connection& there, const std::string& schema,
                       std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    Shown shown{.here = publish::read_marker(here, schema),
                .there = publish::read_marker(there, schema)};
    // Never published: a development target was run.
    const bool done = !shown.here || shows_the_same(*shown.here, shown.there);
    if (done || std::chrono::steady_clock::now() >= deadline) return shown;
    throw_if_cancelled();
    std::this_thread::sleep_for(between_looks);
  }
}

}  // namespace

ConnectionOptions consumers_options(const PipelineConfig& config) {
  const auto& consumers = *config.warehouse.consumers_endpoint;
  ConnectionOptions options = account_options(config, consumers.account);
  options.endpoint.socket = consumers.socket;
  options.endpoint.host = consumers.host;
  options.endpoint.port = consumers.port;
  // Another warehouse is what is looked for; it gets words of its own.
  options.require_fit = nullptr;
  return options;
}

void require_same_warehouse(Connection& here, Connection& there) {
  const Fingerprint own = fingerprint_of(here);
  const Fingerprint theirs = fingerprint_of(there);
  // Who may not see one of them is told by the markers.
  const bool both = own.is == Fingerprint::Is::there && theirs.is == Fingerprint::Is::there;
  if (!both || theirs.text == own.text) return;
  throw Error(
      ErrorKind::wrong_database,
      fmt::format("consumers at {} read another warehouse ({}) than the one that is written at {} "
                  "({})",
                  there.options().endpoint.text(), theirs.text, here.options().endpoint.text(),
                  own.text));
}

void require_consumers_see(const StageContext& context, const std::vector<std::string>& schemas) {
  const auto& consumers = context.config.warehouse.consumers_endpoint;
  if (!consumers) return;
  Connection here = Connection::open(account_options(context.config, "publish"));
  Connection there = Connection::open(consumers_options(context.config));
  require_same_warehouse(here, there);
  const auto deadline = std::chrono::steady_clock::now() + consumers->wait;
  Json told = Json::array();
  for (const auto& schema : schemas) {
    const auto [written, seen] = wait_until_equal(here, there, schema, deadline);
    if (!written) continue;
    if (!shows_the_same(*written, seen)) {
      throw Error(ErrorKind::wrong_database,
                  fmt::format("{} shows {} at {}, but consumers at {} see {}; it is published, and "
                              "they do not read it",
                              schema, shown(written), here.options().endpoint.text(),
                              there.options().endpoint.text(), shown(seen)));
    }
    Json one = Json::object();
    one.set("schema", schema);
    one.set("generation", seen->generation);
    told.push_back(std::move(one));
  }
  log::info("consumers at {} see what was published", there.options().endpoint.text());
  context.output.set("consumers", std::move(told));
}

}  // namespace pipeline
