// `source freshness`: how old the newest row of each source is on the business date.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "stages/transform/project/freshness.h"
#include "stages/transform/run/layer_request.h"
#include "stages/transform/run/node_result.h"

namespace pipeline::dbt {

/// A moment of any year: dbt's word for a table without rows is the year 1.
using Moment = std::chrono::sys_time<std::chrono::microseconds>;

/// What the server gives for a DATETIME or TIMESTAMP ("2026-02-01 06:30:00.5"), read as Tokyo's
/// time; nullopt for anything else, a date alone included.
std::optional<Moment> moment_in_tokyo(std::string_view text);

enum class Freshness { pass, warn, error };

/// As dbt: older than error_after is an error, else older than warn_after a warning.
Freshness judge_freshness(const FreshnessRule& rule, std::chrono::microseconds age);

struct SourceFreshness {
  std::string unique_id;
  FreshnessRule rule;
  struct Seen {
    Moment max_loaded_at;
    Moment snapshotted_at;
    Freshness status = Freshness::pass;
  };
  /// What was seen, or why nothing could be.
  std::variant<Seen, std::string> outcome;
  std::optional<NodeResult::Span> asked = std::nullopt;  // of the query
};

/// An entry of `results` in sources.json (schema v3).
Json to_json(const SourceFreshness& source);

/// Looks at every source with a threshold, or those that request.plan.only selects, and writes
/// sources.json into the target folder. The clock is that of models: run_time on the business date
/// that staging's marker shows. Takes no lock and changes nothing. Sets `business_date` and
/// `sources` of the output.
///
/// Errors: config_invalid (the project, the selection); guard_refused (staging was never published,
/// shows another date than request.business_date, or was published anew meanwhile);
/// data_test_failed (a source is stale), sql_rejected (one could not be asked), partial_failure
/// (both), each after sources.json is written; what file_error() has for a target folder that
/// cannot be written; the kinds of the session.
void check_source_freshness(const LayerRunRequest& request, const LayerRunPorts& ports);

}  // namespace pipeline::dbt
