#include "stages/publish/replay.h"

#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "stages/publish/marker.h"
#include "stages/publish/plan.h"
#include "stages/publish/sql.h"

namespace pipeline::publish {
namespace {

/// The run whose publish last took the layer from a date before `date` to it or past it; nullopt if
/// the layer never showed an earlier one.
std::optional<std::string> run_that_reached(Connection& connection, const std::string& schema,
                                            BusinessDate date) {
  const auto found = connection.query(
      fmt::format("SELECT run_id, business_date FROM pipeline.publish_journal WHERE schema_name = "
                  "{} AND state IN ('done', 'unfinished') AND kind <> {} ORDER BY publish_id",
                  quote_text(schema), quote_text(word_of(PlanKind::backup))));
  std::optional<std::string> run;
  std::optional<BusinessDate> before;
  for (const auto& row : found.rows) {
    const auto shown = BusinessDate::parse(row[1].value_or(""));
    if (before && *before < date && shown && *shown >= date) run = row[0].value_or("");
    before = shown;
  }
  return run;
}

}  // namespace

ReplayAdvice replay_advice(Connection& connection, const ReplayRequest& request) {
  ReplayAdvice advice;
  if (request.missing.empty()) return advice;
  const BusinessDate first = request.missing.front();
  BusinessDate last = request.missing.back();
  const auto staging = read_marker(connection, request.staging_schema);
  if (staging && request.missing.size() == 1 && staging->business_date == first) {
    advice.commands.push_back("orchestrator run --date " + first.iso());
    return advice;
  }
  for (auto layer = request.layers.rbegin(); layer != request.layers.rend(); ++layer) {
    const auto marker = read_marker(connection, layer->schema);
    if (!marker || marker->business_date < first || layer->schema == request.already_back) continue;
    const auto run = run_that_reached(connection, layer->schema, first);
    if (!run) {
      advice.obstacle = fmt::format("{} never showed a day before {}, so it cannot go back there",
                                    layer->schema, first.iso());
      return advice;
    }
    advice.commands.push_back(fmt::format("{} rollback {}", layer->program, *run));
  }
  if (!staging || staging->business_date != first) {
    advice.commands.push_back(fmt::format(
        "staging_loader --business-date {} --rewind \"replay from {}\"", first.iso(), first.iso()));
  }
  if (staging) last = std::max(last, staging->business_date);
  advice.commands.push_back("orchestrator run --date " + last.iso());
  return advice;
}

std::vector<BusinessDate> layer_dates(Connection& connection, const std::string& schema,
                                      BusinessDate held, BusinessDate until) {
  const auto found = connection.query(
      fmt::format("SELECT DISTINCT business_date FROM pipeline.publish_journal WHERE schema_name = "
                  "{} AND state IN ('done', 'unfinished') AND kind = {} AND business_date > {} AND "
                  "business_date <= {} ORDER BY 1",
                  quote_text(schema), quote_text(word_of(PlanKind::publish)), date_literal(held),
                  date_literal(until)));
  std::vector<BusinessDate> dates;
  for (const auto& row : found.rows) {
    if (const auto date = BusinessDate::parse(row[0].value_or(""))) dates.push_back(*date);
  }
  return dates;
}

}  // namespace pipeline::publish
