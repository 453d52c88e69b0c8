#include "stages/transform/run/layer_publish.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "stages/publish/marker.h"
#include "stages/transform/run/replayed_queries.h"
#include "stages/transform/run/run_failure.h"
#include "stages/transform/run/shadow_schemas.h"

namespace pipeline::dbt {
namespace {

using publish::Marker;
using publish::OnRunEnd;
using publish::SwappedOut;

publish::TablePublication table_of(const Node& node, const LayerRunRequest& request,
                                   const RunState& state) {
  const LayerPlace place = request.is_last() ? LayerPlace::last : LayerPlace::earlier;
  const bool kept = keeps_backup(node, request.backups, place);
  const bool accumulates = node.config.materialized == Materialization::incremental;
  return {
      .live = live_name(node),
      .swapped_out = kept ? SwappedOut::backup : SwappedOut::dropped,
      .contents = accumulates ? publish::Contents::accumulated : publish::Contents::rebuilt,
      .origin = accumulates && !state.with_base.contains(node.unique_id)
                    ? publish::Origin::built_anew
                    : publish::Origin::built,
  };
}

/// What the marker may say of the project. A part built from another project than the rest makes a
/// layer that is of neither: it gets a hash that no project has, so that the next run of the whole
/// layer builds everything, also if the project is changed back before.
std::string project_hash(const LayerPlan& plan, const std::optional<Marker>& live) {
  const bool part = plan.extent == LayerPlan::Extent::part;
  if (!part || !live || live->project_hash == plan.hash) return plan.hash;
  return sha256_hex("a part of " + plan.hash + " in " + live->project_hash);
}

/// What the journal says of it.
std::string reason_of(const LayerRunRequest& request, const LayerPublisher::Despite& despite) {
  std::vector<std::string> reasons;
  const std::string& overridden = request.protect.override_reason;
  if (!overridden.empty()) {
    reasons.push_back(std::string(publish::guards_overridden) + overridden);
  }
  if (!despite.failed_tests.empty()) {
    reasons.push_back(LayerPublisher::words_of(despite.reason) +
                      said_shortly(despite.failed_tests));
  }
  return join(reasons, "; ");
}

/// How views are to be made: as in this session, which tested them.
publish::ViewSession view_session(Connection& session) {
  const auto value = [&](std::string_view sql) { return session.query_value(sql).value_or(""); };
  return {.default_schema = value("SELECT DATABASE()"),
          .sql_mode = value("SELECT @@SESSION.sql_mode"),
          .collation = value("SELECT @@collation_connection"),
          .given = publish::ViewSession::Given::yes};
}

/// The view's text under its live name, with the answers that the candidates gave.
std::string live_text(const BuildContext& context, const Node& node) {
  RecordedQueries recorded(context.warehouse);
  context.compiler.compile(
      node, {.naming = Naming::shadow, .run = &context.state, .warehouse = &recorded});
  ReplayedQueries replayed(std::move(recorded));
  return context.compiler
      .compile(node, {.naming = Naming::live, .run = &context.state, .warehouse = &replayed})
      .sql;
}

/// The shadow's views name tables that are live now. What is left is swept by the next run.
void sweep_after_publish(Connection& builder, const LayerPlan& plan) {
  try {
    sweep_shadows(builder, plan.schemas);
  } catch (const Error& error) {
    log::warn("the shadow of {} was not swept after the publish: {}", plan.schemas.front(),
              error.message());
  }
}

}  // namespace

std::string LayerPublisher::words_of(const std::string& reason) {
  return fmt::format("in spite of failed tests, {}: ", reason);
}

Marker LayerPublisher::next_marker(const std::string& schema, const Compiler& compiler) {
  const bool hooks = !compiler.project().on_run_end.empty();
  return {.generation = publish::next_generation(publisher_, schema),
          .upstream_generation = markers_.upstream.generation,
          .run_id = request_.run_id,
          .business_date = markers_.date,
          .source_object = markers_.upstream.source_object,
          .source_sha256 = markers_.upstream.source_sha256,
          .project_hash = project_hash(plan_, markers_.own.at(schema)),
          .on_run_end = hooks ? OnRunEnd::pending : OnRunEnd::none,
          .published_at = format_utc(ports_.clock.now())};
}

publish::Publication LayerPublisher::publication(const BuildContext& context,
                                                 const Despite& despite) {
  publish::Publication publication{.run_id = request_.run_id};
  publication.reason = reason_of(request_, despite);
  if (despite.by == Despite::By::configuration) publication.failed_tests = despite.failed_tests;
  for (const auto& schema : plan_.schemas) {
    publication.markers.emplace_back(schema, next_marker(schema, context.compiler));
  }
  for (const Node* node : plan_.nodes) {
    if (node->config.materialized == Materialization::view) {
      publication.views.push_back({.live = live_name(*node), .select = live_text(context, *node)});
    } else {
      publication.tables.push_back(table_of(*node, request_, context.state));
    }
  }
  publication.unchanged_generations = markers_.seen;
  publication.view_session = view_session(context.session);
  return publication;
}

void LayerPublisher::publish(const BuildContext& context, LayerVault& vault,
                             const InPlace& in_place, const Despite& despite) {
  publish::Publication publication = this->publication(context, despite);
  publication.in_place = in_place.tables;
  for (const auto& [schema, marker] : publication.markers) {
    publish::write_candidate_marker(context.session, schema, marker);
  }
  vault.record(plan_.nodes, publication.markers);
  ports_.throw_if_cancelled();
  in_place.commit();
  failpoint("run_before_publish");
  const auto report = publish::publish(publisher_, publication, options());
  failpoint("run_after_publish");
  tell(report);
  vault.note_published();
  const auto& [main, marker] = publication.markers.front();
  markers_.own[main] = marker;
  sweep_after_publish(context.session, plan_);
}

void LayerPublisher::publish_hooks_done(Connection& builder) {
  const std::string& main = request_.layer().schema;
  Marker& marker = *markers_.own.at(main);
  marker.on_run_end = OnRunEnd::done;
  publish::write_candidate_marker(builder, main, marker);
  publish::Publication publication{.run_id = marker.run_id};
  publication.markers.emplace_back(main, marker);
  publish::publish(publisher_, publication, options());
  // The generation is the same before and after, so the marker must be asked for its state.
  const auto live = publish::read_marker(publisher_, main);
  if (live && live->on_run_end == OnRunEnd::done) return;
  throw Error(ErrorKind::lock_contention,
              fmt::format("the on-run-end hooks ran, but the marker of {} could not be swapped; "
                          "the next run runs them again",
                          main));
}

publish::PublisherOptions LayerPublisher::options() const {
  return {.clock = ports_.clock, .check_cancelled = ports_.throw_if_cancelled};
}

void LayerPublisher::tell(const publish::PublishReport& report) const {
  Json backups = Json::array();
  for (const auto& backup : report.backups) {
    Json item = Json::object();
    item.set("table", backup.live.text());
    item.set("backup", backup.backup_name);
    item.set("rows_before", backup.rows_before);
    item.set("rows_after", backup.rows_after);
    item.set("verified", backup.verified());
    backups.push_back(std::move(item));
  }
  Json views = Json::array();
  for (const auto& view : report.views_after) views.push_back(view);
  ports_.output.set("generation", report.generation);
  ports_.output.set("nothing_new", false);
  ports_.output.set("backups", std::move(backups));
  ports_.output.set("tables_renamed", report.tables_renamed);
  ports_.output.set("views_after_rename", std::move(views));
  ports_.output.set("rename_ms", static_cast<std::int64_t>(report.rename_duration.count()));
  ports_.output.set("publish_attempts", report.attempts);
  log::info("published {} generation {} for {}: {} tables in {} ms", request_.layer().schema,
            report.generation, markers_.date.iso(), report.tables_renamed,
            report.rename_duration.count());
}

}  // namespace pipeline::dbt
