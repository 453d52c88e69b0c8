#include "stages/transform/run/layer_gate.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/publication.h"
#include "stages/publish/run_lock.h"
#include "stages/publish/sql.h"

namespace pipeline::dbt {
namespace {

std::uint64_t generation_of(const std::optional<publish::Marker>& marker) {
  return marker ? marker->generation : 0;
}

std::string stage_that_makes(const LayerRunRequest& request, std::string_view schema) {
  if (request.plan.layer == 0) return fmt::format("the loader, which fills {}", schema);
  return fmt::format("the stage of the layer {}", request.plan.layers[request.plan.layer - 1].name);
}

/// Each layer below must show the generation of the one below it: a layer that reads staging
/// through silver's views would otherwise mix two days.
void require_whole_chain(const LayerRunRequest& request, Connection& publisher) {
  for (std::size_t below = request.plan.layer; below-- > 0;) {
    const std::string& schema = request.plan.layers[below].schema;
    const std::string& source =
        below == 0 ? request.plan.staging_schema : request.plan.layers[below - 1].schema;
    const auto shown = publish::read_marker(publisher, schema);
    const std::uint64_t wanted = generation_of(publish::read_marker(publisher, source));
    if (shown && shown->upstream_generation == wanted) continue;
    throw Error(ErrorKind::guard_refused,
                fmt::format("{} was built from generation {} of {}, which shows {} now; run the "
                            "stage of the layer {} first",
                            schema, shown ? shown->upstream_generation : 0, source, wanted,
                            request.plan.layers[below].name));
  }
}

void require_date(const LayerRunRequest& request, const LayerMarkers& markers) {
  const std::string& schema = request.upstream_schema();
  const std::string date = markers.date.iso();
  if (request.business_date && *request.business_date != markers.date) {
    const std::string asked = request.business_date->iso();
    throw Error(ErrorKind::guard_refused,
                fmt::format("--business-date is {}, but {} shows {}; run {} for {} first, or "
                            "leave the option out",
                            asked, schema, date, stage_that_makes(request, schema), asked));
  }
  const std::string& main = request.layer().schema;
  const auto& own = markers.own.at(main);
  if (!own || own->business_date <= markers.date) return;
  throw Error(ErrorKind::guard_refused,
              fmt::format("{} already shows {}, a later day than the {} of {}: history would be "
                          "built backwards; restore {} to a generation before {} first",
                          main, own->business_date.iso(), date, schema, main, date));
}

void require_current_layer(const LayerRunRequest& request, const LayerMarkers& markers) {
  const std::string& upstream = request.upstream_schema();
  const std::uint64_t wanted = markers.upstream.generation;
  for (const auto& [schema, own] : markers.own) {
    if (own && own->upstream_generation == wanted) continue;
    const std::string state =
        own ? fmt::format("{} was built from generation {} of {}, which shows {} now", schema,
                          own->upstream_generation, upstream, wanted)
            : fmt::format("{} was never published", schema);
    throw Error(ErrorKind::guard_refused,
                fmt::format("{}: a part of the layer {} alone would make it claim a day that the "
                            "rest of it does not show; run the whole layer first: {}",
                            state, request.layer().name, request.command));
  }
}

void require_published(const LayerRunRequest& request, const LayerPlan& plan,
                       Connection& publisher) {
  std::vector<std::string> missing;
  for (const auto& [reader, parent] : plan.unbuilt) {
    if (publish::relation_kind(publisher, live_name(*parent)) != publish::RelationKind::absent) {
      continue;
    }
    missing.push_back(fmt::format("{} (read by {})", parent->unique_id, reader->unique_id));
  }
  if (missing.empty()) return;
  throw Error(ErrorKind::guard_refused,
              fmt::format("the selection leaves out what is not published yet: {}; select it too, "
                          "or run the whole layer: {}",
                          join(missing, ", "), request.command));
}

}  // namespace

void require_part_fits(const LayerRunRequest& request, const LayerPlan& plan,
                       const LayerMarkers& markers, Connection& publisher) {
  if (plan.extent == LayerPlan::Extent::whole) return;
  require_current_layer(request, markers);
  require_published(request, plan, publisher);
}

void take_layer(const LayerRunRequest& request, const LayerPlan& plan, Connection& publisher,
                const LayerRunPorts& ports) {
  const std::string& main = request.layer().schema;
  std::vector<std::string> schemas = plan.schemas;
  std::vector<std::string> below;
  for (const auto& read : plan.reads) {
    const bool of_production = request.standing == LayerRunRequest::Standing::development &&
                               read == request.plan.staging_schema;
    // Whether it moved meanwhile is seen before the publish.
    if (of_production) continue;
    schemas.push_back(read);
    below.push_back(read);
  }
  publish::take_run_locks(publisher, schemas);
  for (const auto* account : {&request.build, &request.publish}) {
    publish::end_left_over_sessions(publisher, *account, main);
  }
  if (request.vault) publish::end_left_over_sessions(publisher, request.vault->account, main);
  publish::note_session(publisher, publisher,
                        {.run_id = request.run_id, .target = main, .role = "publish"});
  Json settled = Json::array();
  const publish::PublisherOptions options{.clock = ports.clock,
                                          .check_cancelled = ports.throw_if_cancelled};
  // A layer below that died behind its RENAME shows a marker whose views are still the old ones.
  below.push_back(main);
  for (const auto& schema : below) {
    for (const auto& line : publish::settle(publisher, schema, options)) settled.push_back(line);
  }
  ports.output.set("settled", std::move(settled));
}

LayerMarkers read_markers(const LayerRunRequest& request, const LayerPlan& plan,
                          Connection& publisher) {
  const std::string& schema = request.upstream_schema();
  const auto upstream = publish::read_marker(publisher, schema);
  if (!upstream) {
    throw Error(ErrorKind::guard_refused,
                fmt::format("{} was never published, so {} has nothing to be built from; run {} "
                            "first",
                            schema, request.layer().name, stage_that_makes(request, schema)));
  }
  require_whole_chain(request, publisher);
  LayerMarkers markers{
      .upstream = *upstream, .date = upstream->business_date, .own = {}, .seen = {}};
  for (const auto& read : plan.reads) {
    markers.seen.emplace_back(read, generation_of(publish::read_marker(publisher, read)));
  }
  for (const auto& own : plan.schemas) {
    const auto& marker = markers.own[own] = publish::read_marker(publisher, own);
    markers.seen.emplace_back(own, generation_of(marker));
  }
  require_date(request, markers);
  return markers;
}

bool is_shown(const LayerPlan& plan, const LayerMarkers& markers) {
  // All schemas of the layer, the seeds' too: a marker that is gone means something to build.
  return std::ranges::all_of(markers.own, [&](const auto& entry) {
    const auto& own = entry.second;
    return own && own->upstream_generation == markers.upstream.generation &&
           own->project_hash == plan.hash;
  });
}

bool is_nothing_new(const LayerRunRequest& request, const LayerPlan& plan,
                    const LayerMarkers& markers) {
  const bool asked = plan.extent == LayerPlan::Extent::part ||
                     request.force == LayerRunRequest::Force::yes ||
                     request.full_refresh == LayerRunRequest::FullRefresh::yes;
  return !asked && is_shown(plan, markers);
}

}  // namespace pipeline::dbt
