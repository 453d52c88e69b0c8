// The order of things, and why.
//
//   1. The project is read and judged whole before a server is asked: a typo touches nothing.
//   2. The publishing session takes the locks of all schemas that are written or read, ends what a
//      dead run left, and settles an open publish. Only then are markers believed.
//   3. Everything is built in the shadow by the build account, which cannot write to live schemas.
//   4. Tests judge the candidates; a failure leaves the live schemas as they were.
//   5. One RENAME, together with the markers. What follows it is repeatable.
#include "stages/transform/run/layer_run.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "stages/publish/catalogue.h"
#include "stages/publish/marker.h"
#include "stages/publish/plain_tables.h"
#include "stages/publish/publication.h"
#include "stages/publish/retention.h"
#include "stages/publish/run_lock.h"
#include "stages/publish/sql.h"
#include "stages/transform/run/data_tests.h"
#include "stages/transform/run/model_session.h"
#include "stages/transform/run/node_builder.h"
#include "stages/transform/run/replayed_queries.h"
#include "stages/transform/run/shadow_schemas.h"

namespace pipeline::dbt {
namespace {

using publish::Marker;
using publish::OnRunEnd;
using publish::SwappedOut;
using publish::TablePublication;

std::string stage_that_makes(const LayerRunRequest& request, std::string_view schema) {
  if (request.plan.layer == 0) return fmt::format("the loader, which fills {}", schema);
  return fmt::format("the stage of the layer {}", request.plan.layers[request.plan.layer - 1].name);
}

bool is_table(const Node& node) {
  return node.config.materialized != Materialization::view;
}

// Longer than any build; the most that MySQL and MariaDB take is a year.
constexpr int idle_seconds_max = 24 * 3600;

class LayerRun {
 public:
  LayerRun(const LayerRunRequest& request, const LayerRunPorts& ports)
      : request_(request),
        ports_(ports),
        layer_(request.layer()),
        compiler_(request.compiler),
        plan_(plan_layer(compiler_, request.plan)),
        artifacts_(request.target_path.empty() ? compiler_.project().dir + "/target"
                                               : request.target_path),
        publisher_(Connection::open(request.publish)),
        listed_publisher_(ports.sessions, publisher_, Victim::statement) {
    require_known_names();
    ports_.output.set("layer", layer_.name);
    ports_.output.set("schema", layer_.schema);
  }

  void run() {
    take_locks();
    read_markers();
    if (!nothing_new()) {
      build_and_publish();
    } else {
      log::info("{} already shows {} of generation {}: nothing new", layer_.schema, date_.iso(),
                upstream_.generation);
      ports_.output.set("nothing_new", true);
      if (own_.at(layer_.schema)->on_run_end == OnRunEnd::pending) catch_up_run_end_hooks();
    }
    apply_retention();
  }

 private:
  /// A slip in a list of names would leave a table without backup or protection.
  void require_known_names() const {
    std::set<std::string> known;
    std::set<const Node*> placed;
    for (std::size_t layer = 0; layer < request_.plan.layers.size(); ++layer) {
      LayerPlanOptions options = request_.plan;
      options.layer = layer;
      const LayerPlan plan = plan_layer(compiler_, options);
      for (const Node* node : plan.nodes) {
        known.insert(live_name(*node).text());
        placed.insert(node);
      }
    }
    const std::vector<std::string_view> candidates(known.begin(), known.end());
    const auto check = [&](const std::vector<std::string>& names, std::string_view list) {
      for (const auto& name : names) {
        if (known.contains(name)) continue;
        const auto meant = nearest(name, candidates);
        throw Error(ErrorKind::config_invalid,
                    fmt::format("{} names {}, which no layer builds{}", list, name,
                                meant.empty() ? "" : fmt::format("; did you mean {}?", meant)));
      }
    };
    check(request_.protected_tables, "protect.history");
    check(request_.backups.tables, "backups.tables");
    for (const auto& [id, node] : compiler_.graph().nodes()) {
      const bool built = node.type == ResourceType::model || node.type == ResourceType::seed;
      if (built && !placed.contains(&node)) {
        log::warn("{} belongs to no layer of transform.layers and is never built", id);
      }
    }
  }

  void take_locks() {
    // It idles while the layer is built, and the locks go with it.
    publisher_.execute(fmt::format("SET SESSION wait_timeout = {}", idle_seconds_max));
    std::vector<std::string> schemas = plan_.schemas;
    schemas.insert(schemas.end(), plan_.reads.begin(), plan_.reads.end());
    publish::take_run_locks(publisher_, schemas);
    for (const auto* account : {&request_.build, &request_.publish}) {
      publish::end_left_over_sessions(publisher_, *account, layer_.schema);
    }
    note(publisher_, "publish");
    Json settled = Json::array();
    for (const auto& line : publish::settle(publisher_, layer_.schema, publisher_options())) {
      settled.push_back(line);
    }
    ports_.output.set("settled", std::move(settled));
  }

  void note(Connection& session, std::string_view role) {
    publish::note_session(
        publisher_, session,
        {.run_id = request_.run_id, .target = layer_.schema, .role = std::string(role)});
  }

  /// Each layer below must show the generation of the one below it: a layer that reads staging
  /// through silver's views would otherwise mix two days.
  void require_whole_chain() {
    for (std::size_t below = request_.plan.layer; below-- > 0;) {
      const std::string& schema = request_.plan.layers[below].schema;
      const std::string& source =
          below == 0 ? request_.plan.staging_schema : request_.plan.layers[below - 1].schema;
      const auto shown = publish::read_marker(publisher_, schema);
      const auto live = publish::read_marker(publisher_, source);
      const std::uint64_t wanted = live ? live->generation : 0;
      if (shown && shown->upstream_generation == wanted) continue;
      throw Error(ErrorKind::guard_refused,
                  fmt::format("{} was built from generation {} of {}, which shows {} now; run the "
                              "stage of the layer {} first",
                              schema, shown ? shown->upstream_generation : 0, source, wanted,
                              request_.plan.layers[below].name));
    }
  }

  void read_markers() {
    const std::string schema = request_.upstream_schema();
    const auto upstream = publish::read_marker(publisher_, schema);
    if (!upstream) {
      throw Error(ErrorKind::guard_refused,
                  fmt::format("{} was never published, so {} has nothing to be built from; run {} "
                              "first",
                              schema, layer_.name, stage_that_makes(request_, schema)));
    }
    upstream_ = *upstream;
    require_whole_chain();
    date_ = upstream_.business_date;
    if (request_.business_date && *request_.business_date != date_) {
      throw Error(ErrorKind::guard_refused,
                  fmt::format("--business-date is {}, but {} shows {}; run {} for {} first, or "
                              "leave the option out",
                              request_.business_date->iso(), schema, date_.iso(),
                              stage_that_makes(request_, schema), request_.business_date->iso()));
    }
    for (const auto& own : plan_.schemas) own_[own] = publish::read_marker(publisher_, own);
    for (const auto& read : plan_.reads) {
      const auto marker = publish::read_marker(publisher_, read);
      unchanged_.emplace_back(read, marker ? marker->generation : 0);
    }
    for (const auto& [schema_name, marker] : own_) {
      unchanged_.emplace_back(schema_name, marker ? marker->generation : 0);
    }
    const auto& own = own_.at(layer_.schema);
    if (own && own->business_date > date_) {
      throw Error(ErrorKind::guard_refused,
                  fmt::format("{} already shows {}, a later day than the {} of {}: history would "
                              "be built backwards; restore {} to a generation before {} first",
                              layer_.schema, own->business_date.iso(), date_.iso(), schema,
                              layer_.schema, date_.iso()));
    }
    ports_.output.set("business_date", date_.iso());
    ports_.output.set("upstream_generation", upstream_.generation);
    ports_.output.set("generation", own ? own->generation : 0);
  }

  bool nothing_new() const {
    const bool asked = request_.force == LayerRunRequest::Force::yes ||
                       request_.full_refresh == LayerRunRequest::FullRefresh::yes;
    // All schemas of the layer, the seeds' too: a marker that is gone means something to build.
    return !asked && std::ranges::all_of(own_, [&](const auto& entry) {
      const auto& own = entry.second;
      return own && own->upstream_generation == upstream_.generation &&
             own->project_hash == plan_.hash;
    });
  }

  void build_and_publish() {
    refuse_what_cannot_be_published();
    choose_bases();
    in_build_session([&](const BuildContext& context) {
      sweep_shadows(context.session, plan_.schemas);
      build_nodes(context);
      require_only_candidates(context.session);
    });
    // Tests see what a stranger would: nothing that a hook left in its session.
    in_build_session([&](const BuildContext& context) {
      failpoint("run_before_tests");
      run_tests(context);
      publish(context);
      run_end_hooks(context);
    });
  }

  /// The layer is published, but a run died or failed in its on-run-end hooks.
  void catch_up_run_end_hooks() {
    log::info("{} generation {} is published, its on-run-end hooks are not done", layer_.schema,
              own_.at(layer_.schema)->generation);
    for (const Node* node : plan_.nodes) state_.built.insert(node->unique_id);
    in_build_session([&](const BuildContext& context) { run_end_hooks(context); });
  }

  void in_build_session(const std::function<void(const BuildContext&)>& work) {
    Connection builder = Connection::open(request_.build);
    const ListedSession listed(ports_.sessions, builder, Victim::connection);
    note(builder, "build");
    looks_ = prepare_schemas(publisher_, builder, plan_.schemas);
    make_clean(builder);
    SessionQueries warehouse(builder, publish::shadow_schema(layer_.schema));
    work({.session = builder,
          .compiler = compiler_,
          .state = state_,
          .warehouse = warehouse,
          .artifacts = artifacts_,
          .looks = looks_,
          .bases = bases_});
  }

  void refuse_what_cannot_be_published() {
    std::vector<TableName> tables;
    for (const Node* node : plan_.nodes) {
      tables.push_back(live_name(*node));
      refuse_full_refresh(*node);
    }
    publish::require_plain_tables(publisher_, tables);
  }

  bool rebuilds(const Node& node) const {
    const bool asked = request_.full_refresh == LayerRunRequest::FullRefresh::yes;
    return node.config.full_refresh.value_or(asked);
  }

  void refuse_full_refresh(const Node& node) const {
    const std::string name = live_name(node).text();
    const auto& list = request_.protected_tables;
    if (std::find(list.begin(), list.end(), name) == list.end()) return;
    if (node.config.materialized != Materialization::incremental) {
      throw Error(
          ErrorKind::guard_refused,
          fmt::format("{} is protected, but its model is not incremental any more: each run "
                      "would replace the history that it holds; make it incremental again, "
                      "or take it off protect.history",
                      name));
    }
    if (!rebuilds(node)) return;
    throw Error(ErrorKind::guard_refused,
                fmt::format("{} is protected: a full refresh would lose the history that {} holds "
                            "alone; set full_refresh: false for this model, or take it off "
                            "protect.history",
                            node.unique_id, name));
  }

  void choose_bases() {
    using Start = publish::IncrementalBase::Start;
    state_.full_refresh = request_.full_refresh == LayerRunRequest::FullRefresh::yes;
    for (const Node* node : plan_.nodes) {
      state_.built.insert(node->unique_id);
      if (node->config.materialized != Materialization::incremental || rebuilds(*node)) continue;
      const auto base = publish::incremental_base(publisher_, live_name(*node), date_);
      if (base.start == Start::nothing) continue;
      if (base.start == Start::backup) {
        log::info("{} was applied to {} already; it starts from {}", date_.iso(),
                  live_name(*node).text(), base.table.text());
      }
      if (base.start == Start::lost) throw Error(ErrorKind::guard_refused, base.lost);
      bases_.emplace(node->unique_id, base.table);
      state_.with_base.insert(node->unique_id);
    }
  }

  /// As every node must find the session, whatever the hooks of the one before did to it.
  void make_clean(Connection& builder) {
    make_model_session(builder, {.date = date_, .time_of_day = request_.run_time});
    use_collation(builder);
    use_database(builder);
  }

  /// What a hook made beside the candidates would be swept and never be seen by anybody.
  void require_only_candidates(Connection& builder) const {
    std::set<TableName> candidates;
    for (const Node* node : plan_.nodes) candidates.insert(candidate_name(*node));
    for (const auto& schema : plan_.schemas) {
      const std::string shadow = publish::shadow_schema(schema);
      const auto found = builder.query(
          fmt::format("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = {}",
                      quote_text(shadow)));
      for (const auto& row : found.rows) {
        const TableName name{shadow, row[0].value_or("")};
        if (candidates.contains(name)) continue;
        throw Error(
            ErrorKind::hook_failed,
            fmt::format("a hook made {}, which is no model of this layer and would be lost; "
                        "make it a model, or name a schema of its own",
                        name.text()));
      }
    }
  }

  /// Texts that models write get the collation of the layer's schema, so that they can be joined
  /// with its columns.
  void use_collation(Connection& builder) const {
    const std::string& collation = looks_.at(layer_.schema).collation;
    if (!collation.empty()) builder.execute("SET NAMES utf8mb4 COLLATE " + collation);
  }

  /// Names without a schema mean the target's schema, as in dbt.
  void use_database(Connection& builder) const {
    const std::string& wanted = compiler_.project().target.schema;
    const bool there = schema_exists(builder, wanted);
    builder.execute("USE " + quote_name(there ? wanted : layer_.schema));
  }

  void build_nodes(const BuildContext& context) {
    const CompileRequest request{
        .naming = Naming::shadow, .run = &state_, .warehouse = &context.warehouse};
    run_hooks(context.session, {.hooks = compiler_.compile_on_run_start(request),
                                .what = "on-run-start hook",
                                .whose = {},
                                .file = "dbt_project.yml"});
    std::vector<NodeResult> results;
    for (const Node* node : plan_.nodes) {
      ports_.throw_if_cancelled();
      const Scope scope("node", node->unique_id);
      try {
        make_clean(context.session);
        results.push_back(build_node(context, *node));
        let_go(context.session);
      } catch (const Error& error) {
        report_failure("nodes", std::move(results), plan_.nodes, error);
        throw;
      }
      log::info("built {} in {} ms", node->unique_id, results.back().took.count());
      failpoint(node->type == ResourceType::seed ? "run_after_seed" : "run_after_model");
    }
    report("nodes", results);
  }

  /// The first node without a result is the one that failed; those behind it were not begun.
  void report_failure(const std::string& what, std::vector<NodeResult> results,
                      const std::vector<const Node*>& nodes, const Error& error) {
    results.push_back({.unique_id = nodes.at(results.size())->unique_id,
                       .status = NodeStatus::error,
                       .message = error.message()});
    for (std::size_t next = results.size(); next < nodes.size(); ++next) {
      results.push_back({.unique_id = nodes[next]->unique_id, .status = NodeStatus::skipped});
    }
    report(what, results);
  }

  void report(const std::string& what, const std::vector<NodeResult>& results) {
    Json list = Json::array();
    for (const auto& result : results) {
      list.push_back(to_json(result));
      outcomes_.push_back({.unique_id = result.unique_id,
                           .status = std::string(word_of(result.status)),
                           .message = result.message,
                           .seconds = static_cast<double>(result.took.count()) / 1000});
    }
    ports_.output.set(what, std::move(list));
  }

  void run_tests(const BuildContext& context) {
    std::vector<NodeResult> results;
    for (const Node* test : plan_.tests) {
      ports_.throw_if_cancelled();
      const Scope scope("test", test->unique_id);
      try {
        results.push_back(run_data_test(context, *test));
      } catch (const Error& error) {
        report_failure("tests", std::move(results), plan_.tests, error);
        throw;
      }
      if (results.back().status == NodeStatus::warn) {
        log::warn("{}: {}", test->unique_id, results.back().message);
      }
      if (results.back().status == NodeStatus::fail) {
        log::error("{}: {}", test->unique_id, results.back().message);
      }
    }
    report("tests", results);
    throw_if_any_failed(results, artifacts_);
  }

  Marker next_marker(const std::string& schema) {
    return {
        .generation = publish::next_generation(publisher_, schema),
        .upstream_generation = upstream_.generation,
        .run_id = request_.run_id,
        .business_date = date_,
        .source_object = upstream_.source_object,
        .source_sha256 = upstream_.source_sha256,
        .project_hash = plan_.hash,
        .on_run_end = compiler_.project().on_run_end.empty() ? OnRunEnd::none : OnRunEnd::pending,
        .published_at = format_utc(ports_.clock.now())};
  }

  void publish(const BuildContext& context) {
    let_go(context.session);
    publish::Publication publication{.run_id = request_.run_id};
    for (const auto& schema : plan_.schemas) {
      publication.markers.emplace_back(schema, next_marker(schema));
      publish::write_candidate_marker(context.session, schema, publication.markers.back().second);
    }
    const LayerPlace place = request_.is_last() ? LayerPlace::last : LayerPlace::earlier;
    for (const Node* node : plan_.nodes) {
      if (is_table(*node)) {
        const bool kept = keeps_backup(*node, request_.backups, place);
        publication.tables.push_back(
            {.live = live_name(*node),
             .swapped_out = kept ? SwappedOut::backup : SwappedOut::dropped,
             .contents = node->config.materialized == Materialization::incremental
                             ? publish::Contents::accumulated
                             : publish::Contents::rebuilt});
      } else {
        publication.views.push_back(
            {.live = live_name(*node), .select = live_text(context, *node)});
      }
    }
    publication.unchanged_generations = unchanged_;
    publication.view_session = {
        .default_schema = context.session.query_value("SELECT DATABASE()").value_or(""),
        .sql_mode = context.session.query_value("SELECT @@SESSION.sql_mode").value_or(""),
        .collation = context.session.query_value("SELECT @@collation_connection").value_or(""),
        .given = publish::ViewSession::Given::yes};
    ports_.throw_if_cancelled();
    failpoint("run_before_publish");
    const auto report = publish::publish(publisher_, publication, publisher_options());
    failpoint("run_after_publish");
    tell(report);
    own_[layer_.schema] = publication.markers.front().second;
    sweep_after_publish(context.session);
  }

  /// The view's text under its live name, with the answers that the candidates gave.
  std::string live_text(const BuildContext& context, const Node& node) const {
    RecordedQueries recorded(context.warehouse);
    compiler_.compile(node, {.naming = Naming::shadow, .run = &state_, .warehouse = &recorded});
    ReplayedQueries replayed(std::move(recorded));
    return compiler_.compile(node, {.naming = Naming::live, .run = &state_, .warehouse = &replayed})
        .sql;
  }

  /// A hook may have left a transaction or table locks behind, and the RENAME would wait for them.
  static void let_go(Connection& builder) {
    builder.execute("COMMIT");
    builder.execute("SET autocommit = 1");
    builder.execute("UNLOCK TABLES");
  }

  /// The shadow's views name tables that are live now. What is left is swept by the next run.
  void sweep_after_publish(Connection& builder) const {
    try {
      sweep_shadows(builder, plan_.schemas);
    } catch (const Error& error) {
      log::warn("the shadow of {} was not swept after the publish: {}", layer_.schema,
                error.message());
    }
  }

  /// On-run-end hooks see what is live. When they are done the marker is published once more,
  /// alone, since no account may change it in its place.
  void run_end_hooks(const BuildContext& context) {
    Marker& marker = *own_.at(layer_.schema);
    if (marker.on_run_end != OnRunEnd::pending) return;
    ports_.throw_if_cancelled();
    const CompileRequest live{
        .naming = Naming::live, .run = &state_, .warehouse = &context.warehouse};
    run_hooks(context.session, {.hooks = compiler_.compile_on_run_end(live, outcomes_),
                                .what = "on-run-end hook",
                                .whose = {},
                                .file = "dbt_project.yml",
                                .refused_kind = ErrorKind::on_run_end_failed});
    let_go(context.session);
    failpoint("run_after_on_run_end");
    marker.on_run_end = OnRunEnd::done;
    publish::write_candidate_marker(context.session, layer_.schema, marker);
    publish::Publication publication{.run_id = marker.run_id};
    publication.markers.emplace_back(layer_.schema, marker);
    publish::publish(publisher_, publication, publisher_options());
    require_done();
    ports_.output.set("on_run_end", "done");
  }

  /// The marker's generation is the same before and after, so it must be asked for its state.
  void require_done() {
    const auto live = publish::read_marker(publisher_, layer_.schema);
    if (live && live->on_run_end == OnRunEnd::done) return;
    throw Error(ErrorKind::lock_contention,
                fmt::format("the on-run-end hooks ran, but the marker of {} could not be swapped; "
                            "the next run runs them again",
                            layer_.schema));
  }

  publish::PublisherOptions publisher_options() const {
    return {.clock = ports_.clock, .check_cancelled = ports_.throw_if_cancelled};
  }

  void tell(const publish::PublishReport& report) {
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
    log::info("published {} generation {} for {}: {} tables in {} ms", layer_.schema,
              report.generation, date_.iso(), report.tables_renamed,
              report.rename_duration.count());
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
  Compiler compiler_;
  LayerPlan plan_;
  Artifacts artifacts_;
  Connection publisher_;
  ListedSession listed_publisher_;

  Marker upstream_;
  BusinessDate date_;
  std::map<std::string, std::optional<Marker>> own_;  // by schema
  std::vector<std::pair<std::string, std::uint64_t>> unchanged_;
  std::map<std::string, SchemaLook> looks_;  // by live schema
  std::map<std::string, TableName> bases_;
  RunState state_;
  std::vector<NodeOutcome> outcomes_;  // for on-run-end
};

}  // namespace

void run_layer(const LayerRunRequest& request, const LayerRunPorts& ports) {
  const Scope scope("layer", request.layer().name);
  LayerRun(request, ports).run();
}

}  // namespace pipeline::dbt
