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

namespace pipeline::dbt {
namespace {

using publish::Marker;
using publish::SwappedOut;
using publish::TablePublication;

const LayerSpec& layer_of(const LayerRunRequest& request) {
  return request.plan.layers.at(request.plan.layer);
}

bool is_last(const LayerRunRequest& request) {
  return request.plan.layer + 1 == request.plan.layers.size();
}

/// Whose marker gives the business date and the upstream generation.
std::string upstream_schema(const LayerRunRequest& request) {
  return request.plan.layer == 0 ? request.plan.staging_schema
                                 : request.plan.layers[request.plan.layer - 1].schema;
}

std::string stage_that_makes(const LayerRunRequest& request, std::string_view schema) {
  if (request.plan.layer == 0) return fmt::format("the loader, which fills {}", schema);
  return fmt::format("the stage of the layer {}", request.plan.layers[request.plan.layer - 1].name);
}

Json marker_json(const std::optional<Marker>& marker, std::string_view schema) {
  if (!marker) return {};
  Json json = Json::object();
  json.set("schema", schema);
  json.set("generation", marker->generation);
  json.set("business_date", marker->business_date.iso());
  json.set("upstream_generation", marker->upstream_generation);
  json.set("run_id", marker->run_id);
  return json;
}

bool is_table(const Node& node) {
  return node.config.materialized != Materialization::view;
}

class LayerRun {
 public:
  LayerRun(const LayerRunRequest& request, const LayerRunPorts& ports)
      : request_(request),
        ports_(ports),
        layer_(layer_of(request)),
        compiler_(request.compiler),
        plan_(plan_layer(compiler_, request.plan)),
        artifacts_(request.target_path.empty() ? compiler_.project().dir + "/target"
                                               : request.target_path),
        publisher_(Connection::open(request.publish)),
        listed_publisher_(ports.sessions, publisher_, Victim::statement) {
    ports_.output.set("layer", layer_.name);
    ports_.output.set("schema", layer_.schema);
  }

  void run() {
    take_locks();
    read_markers();
    if (nothing_new()) {
      log::info("{} already shows {} of generation {}: nothing new", layer_.schema, date_.iso(),
                upstream_.generation);
      ports_.output.set("nothing_new", true);
    } else {
      build_and_publish();
    }
    apply_retention();
  }

 private:
  void take_locks() {
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

  void note(Connection& session, std::string_view role) const {
    publish::note_session(
        session, {.run_id = request_.run_id, .target = layer_.schema, .role = std::string(role)});
  }

  void read_markers() {
    const std::string schema = upstream_schema(request_);
    const auto upstream = publish::read_marker(publisher_, schema);
    if (!upstream) {
      throw Error(ErrorKind::guard_refused,
                  fmt::format("{} was never published, so {} has nothing to be built from; run {} "
                              "first",
                              schema, layer_.name, stage_that_makes(request_, schema)));
    }
    upstream_ = *upstream;
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
      if (marker) unchanged_.emplace_back(read, marker->generation);
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
    const auto& own = own_.at(layer_.schema);
    return request_.force == LayerRunRequest::Force::no &&
           request_.full_refresh == LayerRunRequest::FullRefresh::no && own &&
           own->upstream_generation == upstream_.generation && own->project_hash == plan_.hash;
  }

  void build_and_publish() {
    refuse_what_cannot_be_published();
    choose_bases();
    make_schemas();
    Connection builder = Connection::open(request_.build);
    const ListedSession listed(ports_.sessions, builder, Victim::connection);
    note(builder, "build");
    make_model_session(builder, {.date = date_, .time_of_day = request_.run_time});
    use_collation(builder);
    use_database(builder);
    sweep(builder);
    SessionQueries warehouse(builder, publish::shadow_schema(layer_.schema));
    const BuildContext context{.session = builder,
                               .compiler = compiler_,
                               .state = state_,
                               .warehouse = warehouse,
                               .artifacts = artifacts_,
                               .table_options = table_options_,
                               .bases = bases_};
    build_nodes(context);
    failpoint("run_before_tests");
    run_tests(context);
    publish(context);
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
    if (node.config.materialized != Materialization::incremental || !rebuilds(node) ||
        std::find(list.begin(), list.end(), name) == list.end()) {
      return;
    }
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
      if (base.start == Start::live_again) {
        log::warn(
            "{} was applied to {} already and no backup of the generation before is left: "
            "its rows may differ from those of a first run",
            date_.iso(), live_name(*node).text());
      }
      bases_.emplace(node->unique_id, base.table);
      state_.with_base.insert(node->unique_id);
    }
  }

  /// Schemas that init or the administrator made are left alone.
  void make_schemas() {
    Connection builder = Connection::open(request_.build);
    for (const auto& schema : plan_.schemas) {
      make_schema_if_absent(publisher_, schema, "CHARACTER SET utf8mb4");
      const auto live = publisher_.query(
          fmt::format("SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM "
                      "information_schema.SCHEMATA WHERE SCHEMA_NAME = {}",
                      quote_text(schema)));
      const bool utf8mb4 = !live.rows.empty() && live.rows.front()[0] == "utf8mb4";
      collations_[schema] = utf8mb4 ? live.rows.front()[1].value_or("") : "";
      const std::string charset =
          utf8mb4 ? fmt::format("CHARACTER SET utf8mb4 COLLATE {}", collations_[schema])
                  : "CHARACTER SET utf8mb4";
      make_schema_if_absent(builder, publish::shadow_schema(schema), charset);
      table_options_[schema] = "ENGINE=InnoDB DEFAULT " + charset;
    }
  }

  /// As far as the account may see.
  static bool schema_exists(Connection& session, const std::string& schema) {
    const auto count = session.query_value(
        fmt::format("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {}",
                    quote_text(schema)));
    return publish::to_number(count) != 0;
  }

  static void make_schema_if_absent(Connection& session, const std::string& schema,
                                    const std::string& charset) {
    if (schema_exists(session, schema)) return;
    session.execute(
        fmt::format("CREATE DATABASE IF NOT EXISTS {} {}", quote_name(schema), charset));
  }

  /// Texts that models write get the collation of the layer's schema, so that they can be joined
  /// with its columns.
  void use_collation(Connection& builder) const {
    const std::string& collation = collations_.at(layer_.schema);
    if (!collation.empty()) builder.execute("SET NAMES utf8mb4 COLLATE " + collation);
  }

  /// Names without a schema mean the target's schema, as in dbt.
  void use_database(Connection& builder) const {
    const std::string& wanted = compiler_.project().target.schema;
    const bool there = schema_exists(builder, wanted);
    builder.execute("USE " + quote_name(there ? wanted : layer_.schema));
  }

  /// Everything in the shadows of this layer is the pipeline's and of no use to a new build.
  void sweep(Connection& builder) const {
    for (const auto& schema : plan_.schemas) {
      const std::string shadow = publish::shadow_schema(schema);
      const auto found = builder.query(
          fmt::format("SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE "
                      "TABLE_SCHEMA = {}",
                      quote_text(shadow)));
      for (const auto& row : found.rows) {
        const TableName name{shadow, row[0].value_or("")};
        builder.execute(fmt::format("DROP {} IF EXISTS {}", row[1] == "VIEW" ? "VIEW" : "TABLE",
                                    name.quoted()));
      }
    }
  }

  void build_nodes(const BuildContext& context) {
    const CompileRequest request{
        .naming = Naming::shadow, .run = &state_, .warehouse = &context.warehouse};
    run_hooks(context.session, compiler_.compile_on_run_start(request), "on-run-start hook", "",
              "dbt_project.yml");
    std::vector<NodeResult> results;
    try {
      for (const Node* node : plan_.nodes) {
        ports_.throw_if_cancelled();
        const Scope scope("node", node->unique_id);
        results.push_back(build_node(context, *node));
        log::info("built {} in {} ms", node->unique_id, results.back().took.count());
        failpoint(node->type == ResourceType::seed ? "run_after_seed" : "run_after_model");
      }
    } catch (const Error& error) {
      results.push_back({.unique_id = plan_.nodes[results.size()]->unique_id,
                         .status = NodeStatus::error,
                         .message = error.message()});
      for (std::size_t next = results.size(); next < plan_.nodes.size(); ++next) {
        results.push_back(
            {.unique_id = plan_.nodes[next]->unique_id, .status = NodeStatus::skipped});
      }
      report("nodes", results);
      throw;
    }
    report("nodes", results);
  }

  void report(const std::string& what, const std::vector<NodeResult>& results) {
    Json list = Json::array();
    for (const auto& result : results) list.push_back(to_json(result));
    ports_.output.set(what, std::move(list));
  }

  void run_tests(const BuildContext& context) {
    std::vector<NodeResult> results;
    for (const Node* test : plan_.tests) {
      ports_.throw_if_cancelled();
      const Scope scope("test", test->unique_id);
      results.push_back(run_data_test(context, *test));
      if (results.back().status == NodeStatus::warn) {
        log::warn("{}: {}", test->unique_id, results.back().message);
      }
      if (results.back().status == NodeStatus::fail) {
        log::error("{}: {}", test->unique_id, results.back().message);
      }
    }
    report("tests", results);
    try {
      throw_if_any_failed(results, artifacts_);
    } catch (const Error& error) {
      if (request_.on_test_failure == LayerRunRequest::OnTestFailure::block) throw;
      log::error("published in spite of failing tests, as transform.on_test_failure says: {}",
                 error.message());
      ports_.output.set("published_despite_tests", true);
    }
  }

  Marker next_marker(const std::string& schema) const {
    const auto& own = own_.at(schema);
    return {.generation = (own ? own->generation : 0) + 1,
            .upstream_generation = upstream_.generation,
            .run_id = request_.run_id,
            .business_date = date_,
            .source_object = upstream_.source_object,
            .source_sha256 = upstream_.source_sha256,
            .project_hash = plan_.hash,
            .on_run_end = publish::OnRunEnd::none,
            .published_at = format_utc(ports_.clock.now())};
  }

  void publish(const BuildContext& context) {
    publish::Publication publication{.run_id = request_.run_id};
    for (const auto& schema : plan_.schemas) {
      publication.markers.emplace_back(schema, next_marker(schema));
      publish::write_candidate_marker(context.session, schema, publication.markers.back().second);
    }
    const CompileRequest live{
        .naming = Naming::live, .run = &state_, .warehouse = &context.warehouse};
    const LayerPlace place = is_last(request_) ? LayerPlace::last : LayerPlace::earlier;
    for (const Node* node : plan_.nodes) {
      if (is_table(*node)) {
        const bool kept = keeps_backup(*node, request_.backups, place);
        publication.tables.push_back(
            {.live = live_name(*node),
             .swapped_out = kept ? SwappedOut::backup : SwappedOut::dropped});
      } else {
        publication.views.push_back(
            {.live = live_name(*node), .select = compiler_.compile(*node, live).sql});
      }
    }
    publication.unchanged_generations = unchanged_;
    ports_.throw_if_cancelled();
    failpoint("run_before_publish");
    const auto report = publish::publish(publisher_, publication, publisher_options());
    failpoint("run_after_publish");
    tell(report);
    sweep_after_publish(context.session);
  }

  /// The shadow's views name tables that are live now. What is left is swept by the next run.
  void sweep_after_publish(Connection& builder) const {
    try {
      sweep(builder);
    } catch (const Error& error) {
      log::warn("the shadow of {} was not swept after the publish: {}", layer_.schema,
                error.message());
    }
  }

  publish::PublisherOptions publisher_options() const { return {.clock = ports_.clock}; }

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
    if (!is_last(request_) || !request_.janitor) return;
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
  std::map<std::string, std::string> collations_;     // by live schema; empty: not utf8mb4
  std::map<std::string, std::string> table_options_;  // by live schema
  std::map<std::string, TableName> bases_;
  RunState state_;
};

std::string login(const ConnectionOptions& options) {
  try {
    Connection::open(options);
    return "ok";
  } catch (const Error& error) {
    return error.message();
  }
}

}  // namespace

void run_layer(const LayerRunRequest& request, const LayerRunPorts& ports) {
  const Scope scope("layer", layer_of(request).name);
  LayerRun(request, ports).run();
}

Json check_layer(const LayerRunRequest& request) {
  const LayerSpec& layer = layer_of(request);
  const std::string upstream = upstream_schema(request);
  Json answer = Json::object();
  answer.set("ok", false);
  answer.set("layer", layer.name);
  Json accounts = Json::object();
  accounts.set("build", login(request.build));
  accounts.set("publish", login(request.publish));
  if (is_last(request) && request.janitor) accounts.set("janitor", login(*request.janitor));
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
