// What must hold before a layer is built: its locks, nobody left over, markers that fit.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/mariadb/connection.h"
#include "stages/publish/marker.h"
#include "stages/transform/run/layer_plan.h"
#include "stages/transform/run/layer_request.h"

namespace pipeline::dbt {

/// Takes the locks of all schemas that the layer writes or reads (a development run not that of
/// staging), ends what a dead run left, notes
/// `publisher` in the ledger and settles an open publish; sets `settled` of the output. Only behind
/// this are markers believed. Throws already_running, lock_contention, the kinds of the session.
void take_layer(const LayerRunRequest& request, const LayerPlan& plan, Connection& publisher,
                const LayerRunPorts& ports);

struct LayerMarkers {
  publish::Marker upstream;
  BusinessDate date;                                          // of the upstream
  std::map<std::string, std::optional<publish::Marker>> own;  // by schema of the layer
  /// All that were read, with their generations (0: none), to be compared before the publish.
  std::vector<std::pair<std::string, std::uint64_t>> seen;
};

/// Throws guard_refused: the upstream was never published, or shows another date than the one that
/// was asked for or an earlier one than the layer; a layer below does not show the live generation
/// of the one below it.
LayerMarkers read_markers(const LayerRunRequest& request, const LayerPlan& plan,
                          Connection& publisher);

/// For a part of a layer, nothing otherwise. A marker speaks for all of its layer, so a part may
/// only join a layer that shows the current upstream generation already, and what it reads of the
/// layer without building it must be there. Throws guard_refused with what to type instead.
void require_part_fits(const LayerRunRequest& request, const LayerPlan& plan,
                       const LayerMarkers& markers, Connection& publisher);

/// Whether all markers of the layer show the upstream generation and this project already.
bool is_shown(const LayerPlan& plan, const LayerMarkers& markers);

/// The same, unless somebody insists; who selects a part insists.
bool is_nothing_new(const LayerRunRequest& request, const LayerPlan& plan,
                    const LayerMarkers& markers);

}  // namespace pipeline::dbt
