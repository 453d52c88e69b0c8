// The order of things, and why.
//
//   1. The project is read and judged whole before a server is asked: a typo touches nothing.
//   2. The publishing session takes the locks of all schemas that are written or read, ends what a
//      dead run left, and settles an open publish. Only then are markers believed.
//   3. Everything is built in the shadow by the build account, which cannot write to live schemas.
//   4. Tests, validations and guards judge the candidates; a failure leaves the live schemas as
//   they were.
//   5. The vault gets what is about to be published; only then
//   6. one RENAME, together with the markers. What follows it is repeatable. Right before it the
//      transaction of what is changed in place is committed (in_place.cpp).
#include "stages/transform/run/layer_run.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "stages/publish/applied_batch.h"
#include "stages/publish/catalogue.h"
#include "stages/publish/lineage.h"
#include "stages/publish/marker.h"
#include "stages/publish/plain_tables.h"
#include "stages/publish/retention.h"
#include "stages/publish/sql.h"
#include "stages/publish/table_update.h"
#include "stages/transform/run/build_sessions.h"
#include "stages/transform/run/candidate_update.h"
#include "stages/transform/run/held_candidates.h"
#include "stages/transform/run/in_place.h"
#include "stages/transform/run/layer_build.h"
#include "stages/transform/run/layer_gate.h"
#include "stages/transform/run/layer_guards.h"
#include "stages/transform/run/layer_publish.h"
#include "stages/transform/run/layer_rights.h"
#include "stages/transform/run/layer_target.h"
#include "stages/transform/run/layer_vault.h"
#include "stages/transform/run/run_artifacts.h"
#include "stages/transform/run/run_failure.h"
#include "stages/transform/run/shadow_schemas.h"
#include "stages/transform/run/validation.h"

namespace pipeline::dbt {
namespace {

using publish::OnRunEnd;

constexpr std::size_t sql_bytes_said_max = 200;

class LayerRun {
 public:
  LayerRun(const LayerRunRequest& request, const Compiler& compiler, const LayerPlan& plan,
           RunArtifacts& record, const LayerRunPorts& ports)
      : request_(request),
        ports_(ports),
        layer_(request.layer()),
        compiler_(compiler),
        plan_(plan),
        record_(record),
        publisher_(Connection::open(request.publish)),
        listed_publisher_(ports.sessions, publisher_, Victim::statement),
        swapped_(plan),
        guards_(request_, ports_, swapped_, publisher_),
        vault_(request_, ports_, publisher_, rules_of_layer(compiler_, request_)) {
    ports_.output.set("layer", layer_.name);
    ports_.output.set("schema", layer_.schema);
  }

  void run() {
    take();
    const bool put_back = !publish::put_back_by_hand(publisher_, layer_.schema).empty();
    if (put_back || !is_nothing_new(request_, plan_, markers_)) {
      build_and_publish();
    } else {
      tell_nothing_new();
    }
    apply_retention();
    tell_failed_tests();
  }

  /// Publishes what the last run left because of its tests.
  void publish_held(const std::string& reason) {
    take();
    const auto held = read_held(publisher_, layer_.schema);
    if (held && is_of_now(*held)) {
      publish_candidates_of(*held, reason);
    } else if (held ? is_published(*held) : is_shown_for(reason)) {
      tell_nothing_new();
    } else {
      refuse_held(held ? difference_from_held(*held, made_of()) : "");
    }
    apply_retention();
    tell_failed_tests();
  }

 private:
  /// Behind this the markers are believed, and the layer is this run's alone.
  void take() {
    require_in_place_fits(plan_, request_.protect);
    require_layer_rights(request_, plan_, publisher_);
    take_layer(request_, plan_, publisher_, ports_);
    markers_ = read_markers(request_, plan_, publisher_);
    const auto& own = markers_.own.at(layer_.schema);
    ports_.output.set("business_date", markers_.date.iso());
    ports_.output.set("upstream_generation", markers_.upstream.generation);
    ports_.output.set("generation", own ? own->generation : 0);
    require_part_fits(request_, plan_, markers_, publisher_);
    guards_.require_usable(markers_);
    vault_.begin();
  }

  void tell_nothing_new() {
    log::info("{} already shows {} of generation {}: nothing new", layer_.schema,
              markers_.date.iso(), markers_.upstream.generation);
    ports_.output.set("nothing_new", true);
    record_.set_nothing_new();
    const auto& own = markers_.own.at(layer_.schema);
    if (own->on_run_end == OnRunEnd::pending) catch_up_run_end_hooks();
  }

  void build_and_publish() {
    refuse_what_cannot_be_published();
    choose_bases();
    BuildSessions sessions(publisher_, ports_.sessions, session_options());
    sweep_shadows(sessions.of(0).connection, plan_.schemas);
    LayerBuild build = layer_build(sessions);
    run_start_hooks(build, sessions);
    InPlaceIncrements in_place(sessions, in_place_, in_place_options());
    in_place.require_usable();
    const auto& nodes = record_.keep_nodes(build.build_nodes());
    report("nodes", nodes);
    const bool all_built = std::ranges::all_of(
        nodes, [](const NodeResult& result) { return result.status == NodeStatus::success; });
    if (all_built) {
      make_changes_again(sessions.of(0).connection);
      require_only_candidates(sessions.of(0).connection);
    }
    // Tests see what a stranger would: nothing that a node left in its session.
    sessions.close_all();
    failpoint("run_before_tests");
    const auto& tests = record_.keep_tests(build.run_tests(nodes));
    report("tests", tests);
    const auto despite = require_tests(nodes, tests, sessions);
    audit_and_publish(build, sessions, in_place, despite);
  }

  /// The candidates stand and their tests are judged.
  void audit_and_publish(LayerBuild& build, BuildSessions& sessions, InPlaceIncrements& in_place,
                         const LayerPublisher::Despite& despite) {
    run_validations(build, sessions);
    guards_.judge(markers_, bases_);
    if (!despite.failed_tests.empty()) tell(despite);
    LayerPublisher publisher(request_, ports_, swapped_, publisher_, markers_);
    record_.set_publishing(Publishing::unknown);
    publisher.publish(build.context(), vault_,
                      {.tables = in_place.tables(), .commit = [&] { commit(in_place); }}, despite);
    record_.set_publishing(Publishing::done);
    run_end_hooks(build, sessions, publisher);
  }

  /// Throws unless everything holds, or tests alone failed and that is to stop nothing. What they
  /// stop is held for a person who knows better.
  LayerPublisher::Despite require_tests(const std::vector<NodeResult>& nodes,
                                        const std::vector<NodeResult>& tests,
                                        BuildSessions& sessions) {
    const auto failed = failed_tests_alone(nodes, tests);
    const bool stops = request_.on_test_failure == LayerRunRequest::OnTestFailure::block;
    if (failed.empty() || stops) {
      if (!failed.empty()) hold(failed, sessions);
      throw_if_any_failed(nodes, tests, record_.files());
      return {};
    }
    return {.failed_tests = failed,
            .by = LayerPublisher::Despite::By::configuration,
            .reason = "on_test_failure: publish_and_alert"};
  }

  void tell(const LayerPublisher::Despite& despite) {
    log::error("{} is to be published in spite of failed tests, {}: {}", layer_.schema,
               despite.reason, said_shortly(despite.failed_tests));
    Json told = Json::object();
    told.set("reason", despite.reason);
    Json failed = Json::array();
    for (const auto& test : despite.failed_tests) failed.push_back(test);
    told.set("failed_tests", std::move(failed));
    ports_.output.set("despite_tests", std::move(told));
  }

  /// What a run that builds now is made of.
  HeldCandidates made_of() const {
    HeldCandidates made{.run_id = request_.run_id,
                        .project_hash = plan_.hash,
                        .full_refresh = state_.full_refresh,
                        .nodes = {},
                        .bases = {},
                        .seen = {markers_.seen.begin(), markers_.seen.end()},
                        .failed_tests = {}};
    for (const Node* node : swapped_.nodes) made.nodes.push_back(node->unique_id);
    for (const auto& [id, base] : bases_) made.bases[id] = base.text();
    return made;
  }

  void hold(const std::vector<std::string>& failed, BuildSessions& sessions) {
    HeldCandidates held = made_of();
    held.failed_tests = failed;
    try {
      Connection& builder = sessions.of(0).connection;
      held.looks = candidate_looks(builder, swapped_, ports_.throw_if_cancelled);
      write_held(builder, layer_.schema, held);
      log::info(
          "the candidates stay in {} until the next run; publish --despite-tests \"reason\" "
          "publishes them as they are",
          publish::shadow_schema(layer_.schema));
    } catch (const Error& error) {
      log::warn("the candidates cannot be published by publish --despite-tests: {}",
                error.message());
    }
    ports_.throw_if_cancelled();
  }

  bool is_of_now(const HeldCandidates& held) const {
    return held.seen == std::map(markers_.seen.begin(), markers_.seen.end());
  }

  /// By a run that died behind its RENAME.
  bool is_published(const HeldCandidates& held) const {
    const auto& own = markers_.own.at(layer_.schema);
    return own && own->run_id == held.published_by &&
           own->generation != held.seen.at(layer_.schema);
  }

  /// A part of another project than the rest leaves a marker of neither, so the journal is asked.
  bool is_shown_for(const std::string& reason) {
    const auto& own = markers_.own.at(layer_.schema);
    return is_shown(plan_, markers_) ||
           (plan_.extent == LayerPlan::Extent::part && own &&
            publish::was_published_for(publisher_, layer_.schema, *own,
                                       LayerPublisher::words_of(reason)));
  }

  [[noreturn]] void refuse_held(const std::string& why) const {
    const std::string what =
        why.empty()
            ? fmt::format("no run left candidates of {} of which tests alone failed", layer_.name)
            : fmt::format("what the last run of {} left cannot be published: {}", layer_.name, why);
    throw Error(ErrorKind::guard_refused,
                fmt::format("{}; run the layer: {}", what, request_.command));
  }

  void publish_candidates_of(const HeldCandidates& held, const std::string& reason) {
    refuse_what_cannot_be_published();
    choose_bases();
    const auto difference = difference_from_held(held, made_of());
    if (!difference.empty()) refuse_held(difference);
    BuildSessions sessions(publisher_, ports_.sessions, session_options());
    const auto written =
        difference_in_shadow(sessions.of(0).connection, swapped_, held, ports_.throw_if_cancelled);
    if (!written.empty()) refuse_held(written);
    claim_held(sessions.of(0).connection, plan_.schemas, held, request_.run_id);
    LayerBuild build = layer_build(sessions);
    InPlaceIncrements in_place(sessions, in_place_, in_place_options());
    in_place.require_usable();
    const LayerPublisher::Despite despite{.failed_tests = held.failed_tests,
                                          .by = LayerPublisher::Despite::By::person,
                                          .reason = reason};
    ports_.output.set("built_by", held.run_id);
    audit_and_publish(build, sessions, in_place, despite);
  }

  /// Of what was published in spite of its tests, as the configuration says: by this run, or by one
  /// that died before it came to say so.
  void tell_failed_tests() {
    const auto untold = publish::untold_publishes(publisher_, layer_.schema, request_.run_id);
    if (untold.empty()) return;
    publish::note_told(publisher_, untold, request_.run_id);
    failpoint("run_after_failed_tests_told");
    throw_published_with_failed_tests(layer_.schema, untold, *markers_.own.at(layer_.schema),
                                      record_.files());
  }

  InPlaceOptions in_place_options() {
    return {.request = request_,
            .ports = ports_,
            .compiler = compiler_,
            .state = state_,
            .artifacts = record_.files(),
            .publisher = publisher_};
  }

  void commit(InPlaceIncrements& in_place) {
    if (in_place.empty()) return;
    const auto [nodes, tests] = in_place.apply();
    report("nodes", nodes);
    report("tests", tests);
    record_.add(nodes, tests);
  }

  void run_validations(LayerBuild& build, BuildSessions& sessions) {
    const BuildContext context = build.context();
    require_valid(context, swapped_.nodes, ports_.output);
    if (!context.warehouse.ran_statements()) return;
    sessions.of(0).let_go();
    sessions.close(0);
  }

  /// The layer is published, but a run died or failed in its on-run-end hooks.
  void catch_up_run_end_hooks() {
    log::info("{} generation {} is published, its on-run-end hooks are not done", layer_.schema,
              markers_.own.at(layer_.schema)->generation);
    for (const Node* node : plan_.nodes) state_.built.insert(node->unique_id);
    BuildSessions sessions(publisher_, ports_.sessions, session_options());
    LayerBuild build = layer_build(sessions);
    LayerPublisher publisher(request_, ports_, plan_, publisher_, markers_);
    run_end_hooks(build, sessions, publisher);
  }

  BuildSessionsOptions session_options() const {
    // Names without a schema mean the target's schema, as in dbt.
    return {.account = request_.build,
            .run_id = request_.run_id,
            .schemas = plan_.schemas,
            .default_schema = compiler_.project().target.schema,
            .clock = {.date = markers_.date, .time_of_day = request_.run_time}};
  }

  LayerBuild layer_build(BuildSessions& sessions) {
    return LayerBuild(sessions,
                      {.plan = swapped_,
                       .compiler = compiler_,
                       .state = state_,
                       .bases = bases_,
                       .artifacts = record_.files(),
                       .clock = ports_.clock,
                       .throw_if_cancelled = ports_.throw_if_cancelled,
                       .workers = static_cast<std::size_t>(compiler_.project().target.threads),
                       .on_failure = request_.on_failure});
  }

  void refuse_what_cannot_be_published() {
    std::vector<TableName> tables;
    for (const Node* node : plan_.nodes) tables.push_back(live_name(*node));
    publish::require_plain_tables(publisher_, tables);
  }

  void choose_bases() {
    using Start = publish::IncrementalBase::Start;
    state_.full_refresh = request_.full_refresh == LayerRunRequest::FullRefresh::yes;
    for (const Node* node : plan_.nodes) {
      if (goes_in_place(*node)) continue;
      state_.built.insert(node->unique_id);
      if (node->config.materialized != Materialization::incremental ||
          is_rebuilt(*node, request_)) {
        say_what_is_undone(*node);
        continue;
      }
      auto base = publish::incremental_base(publisher_, live_name(*node), markers_.date);
      if (!base.updates.empty()) updates_.emplace_back(live_name(*node), std::move(base.updates));
      if (base.start == Start::nothing) continue;
      if (base.start == Start::backup) {
        log::info("{} was applied to {} already; it starts from {}", markers_.date.iso(),
                  live_name(*node).text(), base.table.text());
      }
      if (base.start == Start::lost) throw Error(ErrorKind::guard_refused, base.lost);
      bases_.emplace(node->unique_id, base.table);
      state_.with_base.insert(node->unique_id);
    }
  }

  /// Takes a model that changes its live table out of what is built beside. The first build, a full
  /// refresh and a day that a backup can be gone back behind go the normal way.
  bool goes_in_place(const Node& node) {
    using Start = publish::IncrementalBase::Start;
    if (node.config.publish != PublishMode::in_place || is_rebuilt(node, request_)) return false;
    const TableName live = live_name(node);
    if (publish::relation_kind(publisher_, live) != publish::RelationKind::table) return false;
    settle_open_batch(live);
    const auto base = publish::incremental_base(publisher_, live, markers_.date);
    if (base.start == Start::nothing || base.start == Start::backup) return false;
    const auto batch = batch_of(publisher_, request_, compiler_, node, markers_);
    InPlaceModel model{.node = &node, .tests = {}, .batch = batch};
    model.step = step_of(publisher_, batch, base.lost);
    const auto looks_at_it = [&](const Node* test) {
      return std::ranges::find(test->depends_on, node.unique_id) != test->depends_on.end();
    };
    std::ranges::copy_if(swapped_.tests, std::back_inserter(model.tests), looks_at_it);
    std::erase_if(swapped_.tests, looks_at_it);
    std::erase(swapped_.nodes, &node);
    state_.with_base.insert(node.unique_id);
    in_place_.push_back(std::move(model));
    return true;
  }

  void settle_open_batch(const TableName& live) {
    const auto batch = publish::open_batch(publisher_, live);
    if (!batch) return;
    require_batch_is_there(publisher_, *batch);
    const std::string line = fmt::format(
        "{} holds the increment of {} (run {}), which was committed although {} was not published "
        "with it: this run publishes it",
        live.text(), batch->date.iso(), batch->run_id, layer_.schema);
    log::warn("{}", line);
    ports_.output.find("settled")->push_back(line);
  }

  /// A table that is made whole loses what a person changed in its last version.
  void say_what_is_undone(const Node& node) {
    const TableName live = live_name(node);
    if (publish::relation_kind(publisher_, live) != publish::RelationKind::table) return;
    const auto held = publish::held_version(publisher_, live);
    for (const auto& update : publish::updates_between(publisher_, live, held.built_by, 0)) {
      if (update.publish_id != held.built_by) continue;
      log::warn("{} is made whole by this run, so the change of run {} is not in it any more: {}",
                live.text(), update.run_id, head(update.update_query, sql_bytes_said_max));
    }
  }

  /// A rerun of a day begins before the changes that people made behind the first run of it.
  void make_changes_again(Connection& builder) {
    Json told = Json::array();
    for (const auto& [live, updates] : updates_) {
      for (const auto& update : updates) {
        ports_.throw_if_cancelled();
        log::info("making the change of run {} to {} again", update.run_id, live.text());
        make_change_again(builder, live, update);
        Json item = Json::object();
        item.set("table", live.text());
        item.set("run_id", update.run_id);
        told.push_back(std::move(item));
      }
    }
    if (!told.as_array().empty()) ports_.output.set("changes_made_again", std::move(told));
  }

  void make_change_again(Connection& builder, const TableName& live,
                         const publish::TableUpdate& update) {
    try {
      update_candidate(builder, {.live = live,
                                 .update_query = update.update_query,
                                 .validation_query = update.validation_query,
                                 .name = fmt::format("the change of run {} to {}, made again for "
                                                     "this rerun of its day",
                                                     update.run_id, live.text())});
    } catch (const Error& error) {
      const bool of_the_change =
          error.kind() == ErrorKind::sql_rejected || error.kind() == ErrorKind::data_test_failed;
      if (!of_the_change) throw;
      throw Error(error.kind(), fmt::format("{}; to let it go: restore {} --at {}, then run again",
                                            error.message(), live.text(), update.run_id));
    }
  }

  /// What a hook made beside the candidates would be swept and never be seen by anybody.
  void require_only_candidates(Connection& builder) const {
    std::set<TableName> candidates;
    for (const Node* node : swapped_.nodes) candidates.insert(candidate_name(*node));
    for (const auto& [name, kind] : relations_in_shadows(builder, plan_.schemas)) {
      if (candidates.contains(name)) continue;
      throw Error(ErrorKind::hook_failed,
                  fmt::format("a hook made {}, which is no model of this layer and would be lost; "
                              "make it a model, or name a schema of its own",
                              name.text()));
    }
  }

  void run_start_hooks(LayerBuild& build, BuildSessions& sessions) {
    const BuildContext context = build.context();
    const CompileRequest request{
        .naming = Naming::shadow, .run = &state_, .warehouse = &context.warehouse};
    const HookList hooks{.hooks = compiler_.compile_on_run_start(request),
                         .what = "on-run-start hook",
                         .whose = {},
                         .file = "dbt_project.yml"};
    run_hooks(context.session, hooks);
    if (hooks.hooks.empty() && !context.warehouse.ran_statements()) return;
    sessions.of(0).let_go();
    sessions.close(0);
  }

  /// They see what is live.
  void run_end_hooks(LayerBuild& build, BuildSessions& sessions, LayerPublisher& publisher) {
    if (markers_.own.at(layer_.schema)->on_run_end != OnRunEnd::pending) return;
    ports_.throw_if_cancelled();
    const BuildContext context = build.context();
    const CompileRequest live{
        .naming = Naming::live, .run = &state_, .warehouse = &context.warehouse};
    run_hooks(context.session, {.hooks = compiler_.compile_on_run_end(live, outcomes_),
                                .what = "on-run-end hook",
                                .whose = {},
                                .file = "dbt_project.yml",
                                .refused_kind = ErrorKind::on_run_end_failed});
    sessions.of(0).let_go();
    failpoint("run_after_on_run_end");
    publisher.publish_hooks_done(context.session);
    ports_.output.set("on_run_end", "done");
  }

  /// Adds to what was reported before.
  void report(const std::string& what, const std::vector<NodeResult>& results) {
    const Json* before = ports_.output.find(what);
    Json list = before == nullptr ? Json::array() : *before;
    for (const auto& result : results) {
      list.push_back(to_json(result));
      outcomes_.push_back(outcome_of(result));
    }
    ports_.output.set(what, std::move(list));
  }

  void apply_retention() {
    if (!request_.is_last() || !request_.janitor) return;
    ports_.throw_if_cancelled();
    Connection janitor = Connection::open(*request_.janitor);
    Json dropped = Json::array();
    for (const auto& name :
         publish::apply_retention(janitor, ports_.clock.now(), request_.backups.keep_days)) {
      dropped.push_back(name);
    }
    ports_.output.set("retention", std::move(dropped));
  }

  const LayerRunRequest& request_;
  const LayerRunPorts& ports_;
  const LayerSpec& layer_;
  const Compiler& compiler_;
  const LayerPlan& plan_;
  RunArtifacts& record_;
  Connection publisher_;
  ListedSession listed_publisher_;
  LayerPlan swapped_;  // the plan without what is changed in place
  LayerGuards guards_;
  LayerVault vault_;

  LayerMarkers markers_;
  std::map<std::string, TableName> bases_;
  std::vector<InPlaceModel> in_place_;
  std::vector<std::pair<TableName, std::vector<publish::TableUpdate>>> updates_;
  RunState state_;
  std::vector<NodeOutcome> outcomes_;  // for on-run-end
};

/// What is asked, as far as the project alone decides it.
struct LayerJob {
  explicit LayerJob(const LayerRunRequest& asked)
      : compiler(compiler_options(asked)),
        request(request_in_target(asked, compiler)),
        plan(plan_layer(compiler, request.plan)) {
    require_known_names(compiler, request.plan,
                        {{"protect.history", history_names(request.protect)},
                         {"protect.tables", floor_names(request)},
                         {"backups.tables", request.backups.tables}});
  }

  const Compiler compiler;
  const LayerRunRequest request;
  const LayerPlan plan;
};

}  // namespace

void run_layer(const LayerRunRequest& request, const LayerRunPorts& ports) {
  const Scope scope("layer", request.layer().name);
  const LayerJob job(request);
  RunArtifacts record(job.request, job.compiler, job.plan, ports.clock);
  try {
    record.write_manifest();
    LayerRun(job.request, job.compiler, job.plan, record, ports).run();
  } catch (...) {
    record.finish(current_error().name());
    throw;
  }
  record.finish("");
}

void publish_held_candidates(const LayerRunRequest& request, const std::string& reason,
                             const LayerRunPorts& ports) {
  const Scope scope("layer", request.layer().name);
  const LayerJob job(request);
  // The artifacts stay those of the run that built and tested.
  RunArtifacts record(job.request, job.compiler, job.plan, ports.clock);
  LayerRun(job.request, job.compiler, job.plan, record, ports).publish_held(reason);
}

}  // namespace pipeline::dbt
