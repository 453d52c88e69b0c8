// The exception to "build beside and swap", for tables that are too large to copy each night.
//
// One transaction holds everything that changes the live table: pre-hooks, increment, post-hooks,
// the audit that looks at the result before anybody else can, and a row in the ledger that names
// the increment. So whatever fails, the server takes all of it back; and after a death nobody has
// to guess, since the row is there if and only if the rows are.
//
// What cannot be in it is the RENAME of the layer, which would commit it. So the transaction ends
// right before, and between the two lies a moment in which the table holds the new day and the
// layer shows the old one. A death there is finished by the next run of the layer: it finds its own
// increment in the ledger, leaves the table alone and publishes the rest.
//
// A transaction is only as good as the statements in it. Those that commit behind one's back are
// more than DDL, so hooks are taken from a list of what cannot, templates may only ask, and before
// the COMMIT the server is asked whether the transaction is still the one that was begun.
#include "stages/transform/run/in_place.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "stages/publish/lineage.h"
#include "stages/publish/marker.h"
#include "stages/publish/names.h"
#include "stages/publish/run_lock.h"
#include "stages/publish/sql.h"
#include "stages/transform/run/batch_hash.h"
#include "stages/transform/run/candidate_copy.h"
#include "stages/transform/run/data_tests.h"
#include "stages/transform/run/increment.h"
#include "stages/transform/run/layer_guards.h"
#include "stages/transform/run/node_builder.h"
#include "stages/transform/run/node_error.h"
#include "stages/transform/run/node_sql.h"
#include "stages/transform/run/run_failure.h"
#include "stages/transform/run/transaction_sql.h"
#include "stages/transform/run/validation.h"

namespace pipeline::dbt {
namespace {

using Step = InPlaceModel::Step;

// https://mariadb.com/kb/en/mariadb-error-code-reference/
constexpr unsigned int table_access_denied = 1142;
constexpr unsigned int column_access_denied = 1143;
// Beyond the workers' numbers: a session that no node shares.
constexpr std::size_t own_worker = 1'000'000;

[[noreturn]] void refuse(const Node& node, const std::string& what) {
  throw Error(ErrorKind::config_invalid,
              fmt::format("{}: publish: in_place: {}", node.place.file, what));
}

TableName increment_of(const Node& node) {
  return scratch_table(publish::in_shadow(live_name(node)));
}

/// Tries the rights by statements about no row.
void require_rights(Connection& session, const Node& node) {
  const TableName live = live_name(node);
  const auto plain = plain_columns(session, live);
  const std::string first = quote_name(plain.at(0));
  const std::string all = column_list(plain);
  const std::string table = live.quoted();
  try {
    session.execute(fmt::format("DELETE FROM {} WHERE FALSE", table));
    session.execute(fmt::format("UPDATE {0} SET {1} = {1} WHERE FALSE", table, first));
    session.execute(
        fmt::format("INSERT INTO {0} ({1}) SELECT {1} FROM {0} WHERE FALSE", table, all));
  } catch (const Error& error) {
    const auto number = publish::server_errno(error);
    if (number != table_access_denied && number != column_access_denied) throw;
    const std::string& user = session.options().account.user;
    throw Error(ErrorKind::access_denied,
                fmt::format("{} is published in place, and {} may not write to it; an "
                            "administrator gives the right: GRANT INSERT, UPDATE, DELETE ON {} TO "
                            "'{}'@'...'",
                            live.text(), user, table, user))
        .caused_by(error);
  }
}

}  // namespace

void require_in_place_fits(const LayerPlan& plan, const ProtectOptions& protect) {
  for (const Node* node : plan.nodes) {
    if (node->config.publish != PublishMode::in_place) continue;
    for (const Node* reader : plan.nodes) {
      if (std::ranges::find(reader->depends_on, node->unique_id) == reader->depends_on.end())
        continue;
      refuse(*node, fmt::format("{} of the same layer reads it and would be built from the rows "
                                "before; move it to a later layer",
                                reader->unique_id));
    }
    if (!history_rules({node}, protect).empty()) {
      refuse(*node, fmt::format("{} is protected, and a guard compares a copy with what is live; "
                                "publish it by a swap",
                                live_name(*node).text()));
    }
    for (const auto* hooks : {&node->config.pre_hooks, &node->config.post_hooks}) {
      for (const auto& hook : *hooks) {
        if (hook.transaction == Hook::Transaction::inside) continue;
        refuse(*node, "a hook outside the transaction would be applied without it: " + hook.sql);
      }
    }
  }
}

publish::AppliedBatch batch_of(Connection& publisher, const LayerRunRequest& request,
                               const Compiler& compiler, const Node& node,
                               const LayerMarkers& markers) {
  const TableName live = live_name(node);
  return {.table = live,
          .date = markers.date,
          .input_generation = markers.upstream.generation,
          .hash = batch_hash(compiler, request.plan, node),
          .run_id = request.run_id,
          .after_publish = publish::last_publish_of(publisher, live)};
}

Step step_of(Connection& publisher, const publish::AppliedBatch& batch, const std::string& lost) {
  if (lost.empty()) return Step::apply;
  const auto last = publish::last_batch(publisher, batch.table);
  if (last && last->is_same_as(batch)) return Step::applied_before;
  const std::string by =
      last && last->date == batch.date
          ? fmt::format(
                " It got that day in place by run {}, from generation {} of the layer "
                "below{}; another increment for one day cannot be put on top. Rebuild it "
                "with --full-refresh, or put a backup of an earlier day back",
                last->run_id, last->input_generation,
                last->hash == batch.hash ? "" : " and by other SQL, hooks or settings")
          : "";
  throw Error(ErrorKind::guard_refused, lost + "." + by);
}

void require_batch_is_there(Connection& publisher, const publish::AppliedBatch& batch) {
  using Known = publish::HeldVersion::Known;
  const auto held = publish::held_version(publisher, batch.table);
  if (held.known == Known::doubtful) {
    throw Error(ErrorKind::guard_refused, publish::doubt_refused(batch.table, held));
  }
  if (held.date == batch.date) return;
  throw Error(
      ErrorKind::guard_refused,
      fmt::format("{0} got its increment of {1} in place by run {2}, which was ended before "
                  "it published the layer, and since then somebody put {3} back. Say "
                  "which day it holds, and the next run applies {1} anew: holds {0} {4} "
                  "--reason \"why\"",
                  batch.table.text(), batch.date.iso(), batch.run_id,
                  held.backup_name.empty() ? "what was published before" : held.backup_name,
                  held.date ? held.date->iso() : "DATE"));
}

/// One transaction over the live tables.
class InPlaceIncrements::Transaction {
 public:
  Transaction(BuildSession& session, const std::vector<InPlaceModel>& models,
              const BuildSessions& sessions, const InPlaceOptions& options)
      : session_(session.connection),
        models_(models),
        looks_(sessions.looks()),
        options_(options),
        warehouse_(session_, publish::shadow_schema(options.request.layer().schema),
                   SessionQueries::Statements::questions_only) {}

  void require_hooks() {
    for (const auto& model : models_) {
      if (model.step != Step::apply) continue;
      const Node& node = *model.node;
      for (const auto& [point, what] : {std::pair(Compiler::HookPoint::pre, "pre-hook"),
                                        std::pair(Compiler::HookPoint::post, "post-hook")}) {
        int number = 0;
        for (const auto& hook : options_.compiler.compile_hooks(node, point, request())) {
          ++number;
          if (const auto why = cannot_stand_in_transaction(hook.sql)) {
            refuse(node, fmt::format("{} {} of {}: {}", what, number, node.unique_id, *why));
          }
        }
      }
      for (const auto& query : options_.compiler.compile_validations(node, request())) {
        if (!is_query(query)) refuse(node, "a validation must be one query: " + query);
      }
    }
  }

  Results run() {
    for (const auto& model : models_) make_increment_table(model);
    count_rows_before();
    Results results;
    session_.execute("START TRANSACTION");
    try {
      for (const auto& model : models_) results.nodes.push_back(change(model));
      failpoint("in_place_after_hooks");
      for (const auto& model : models_) audit(model, results);
      for (const auto& model : models_) {
        if (model.step == Step::apply) publish::note_batch(session_, model.batch);
      }
      failpoint("in_place_before_commit");
      options_.ports.throw_if_cancelled();
      publish::require_run_lock(options_.publisher, options_.request.layer().schema,
                                options_.publisher.id());
      require_one_transaction("the audit");
    } catch (...) {
      if (session_.alive()) session_.execute("ROLLBACK");
      throw;
    }
    commit();
    failpoint("in_place_after_commit");
    drop_increment_tables();
    return results;
  }

 private:
  CompileRequest request() {
    return {.naming = Naming::shadow, .run = &options_.state, .warehouse = &warehouse_};
  }

  BuildContext context() {
    return {.session = session_,
            .compiler = options_.compiler,
            .state = options_.state,
            .warehouse = warehouse_,
            .artifacts = options_.artifacts,
            .looks = looks_,
            .bases = no_bases_,
            .clock = options_.ports.clock};
  }

  const std::string& table_options(const Node& node) const {
    return looks_.at(node.relation.schema).table_options;
  }

  /// Empty, since making it commits. Its columns are those of the model's SQL.
  void make_increment_table(const InPlaceModel& model) {
    if (model.step != Step::apply) return;
    const Node& node = *model.node;
    const TableName increment = increment_of(node);
    session_.execute("DROP TABLE IF EXISTS " + increment.quoted());
    const CompiledSql compiled = options_.compiler.compile(node, request());
    const std::string statement =
        fmt::format("CREATE TABLE {} {} AS SELECT * FROM (\n{}\n) dbt_increment LIMIT 0",
                    increment.quoted(), table_options(node), compiled.sql);
    execute_for_node(session_, node, compiled, statement, model_sql_line);
    if (node.config.strategy == IncrementalStrategy::delete_insert) {
      index_increment(session_, node, increment);
    }
  }

  void drop_increment_tables() {
    for (const auto& model : models_) {
      session_.execute("DROP TABLE IF EXISTS " + increment_of(*model.node).quoted());
    }
  }

  void count_rows_before() {
    for (const auto& floor : options_.request.protect.floors) {
      if (model_of(floor.table) != nullptr) {
        rows_before_[floor.table] = publish::count_rows(session_, floor.table);
      }
    }
  }

  const InPlaceModel* model_of(const TableName& table) const {
    const auto found = std::ranges::find_if(
        models_, [&](const InPlaceModel& model) { return live_name(*model.node) == table; });
    return found == models_.end() ? nullptr : &*found;
  }

  NodeResult change(const InPlaceModel& model) {
    const Node& node = *model.node;
    const Scope scope("node", node.unique_id);
    NodeResult result{.unique_id = node.unique_id, .worker = 0};
    const auto begun_at = options_.ports.clock.now();
    if (model.step == Step::applied_before) {
      log::info("{} holds this increment of {} already: nothing is added", model.batch.table.text(),
                model.batch.date.iso());
      result.rows = 0;
      result.message = "applied before";
    } else {
      apply(node, result);
    }
    const auto now = options_.ports.clock.now();
    result.executing = {begun_at, now};
    result.took = std::chrono::duration_cast<std::chrono::milliseconds>(now - begun_at);
    return result;
  }

  void apply(const Node& node, NodeResult& result) {
    const TableName live = live_name(node);
    const TableName increment = increment_of(node);
    std::string executed;
    const auto execute = [&](const std::string& statement) {
      executed += statement + ";\n";
      try {
        return session_.execute(statement).affected_rows;
      } catch (const Error& error) {
        throw node_error(error, node, {.file = node.place.file, .line = 0});
      }
    };
    hooks(node, Compiler::HookPoint::pre, executed);
    const CompiledSql compiled = options_.compiler.compile(node, request());
    result.compiled_code = compiled.sql;
    result.compiled_path = options_.compiler.target_path(node, "compiled");
    options_.artifacts.write(result.compiled_path, compiled.sql);
    const std::string fill = fmt::format("INSERT INTO {}\n{}", increment.quoted(), compiled.sql);
    executed += fill + ";\n";
    execute_for_node(session_, node, compiled, fill, model_sql_line);
    const auto columns = columns_to_insert(session_, node, live, increment);
    if (node.config.strategy == IncrementalStrategy::delete_insert) {
      execute(delete_matching(live, increment, node.config.unique_key));
    }
    result.rows = execute(insert_from(live, increment, columns));
    failpoint("in_place_after_increment");
    hooks(node, Compiler::HookPoint::post, executed);
    options_.artifacts.write(options_.compiler.target_path(node, "run"), executed);
  }

  void hooks(const Node& node, Compiler::HookPoint point, std::string& executed) {
    HookList list{.hooks = options_.compiler.compile_hooks(node, point, request()),
                  .what = point == Compiler::HookPoint::pre ? "pre-hook" : "post-hook",
                  .whose = node.unique_id,
                  .file = node.place.file};
    for (const auto& hook : list.hooks) {
      // A template may render to something else than before the work began.
      if (const auto why = cannot_stand_in_transaction(hook.sql)) refuse(node, *why);
      executed += hook.sql + ";\n";
    }
    run_hooks(session_, list);
    require_one_transaction("a hook of " + node.unique_id);
  }

  void audit(const InPlaceModel& model, Results& results) {
    std::vector<NodeResult> tests;
    for (const Node* test : model.tests) {
      NodeResult result{.unique_id = test->unique_id, .worker = 0};
      try {
        run_data_test(context(), *test, result);
      } catch (const Error& error) {
        if (!session_.alive()) throw;
        result.status = NodeStatus::error;
        result.message = error.message();
        result.error = error;
      }
      tests.push_back(std::move(result));
    }
    throw_if_any_failed({}, tests, options_.artifacts);
    std::ranges::move(tests, std::back_inserter(results.tests));
    validate(*model.node);
    for (const auto& floor : options_.request.protect.floors) {
      if (floor.table != live_name(*model.node)) continue;
      const auto broken = publish::judge_floor(floor, rows_before_.at(floor.table),
                                               publish::count_rows(session_, floor.table));
      if (!broken.empty()) {
        throw Error(ErrorKind::guard_refused,
                    fmt::format("{}; nothing was published", join(broken, "; ")));
      }
    }
  }

  void validate(const Node& node) {
    std::vector<ValidationQuery> queries;
    for (auto& query : options_.compiler.compile_validations(node, request())) {
      if (!is_query(query)) refuse(node, "a validation must be one query: " + query);
      queries.push_back({.node = &node, .query = std::move(query)});
    }
    require_all_hold(session_, queries, AskWithin::open_transaction, options_.ports.output);
  }

  /// MySQL does not tell; there the list of statements stands alone.
  void require_one_transaction(const std::string& behind) {
    if (session_.family() != ServerFamily::mariadb) return;
    if (session_.query_value("SELECT @@in_transaction") == "1") return;
    throw Error(ErrorKind::internal,
                fmt::format("{} ended the transaction of the in-place increments; part of them may "
                            "be applied",
                            behind));
  }

  void commit() {
    try {
      session_.execute("COMMIT");
      failpoint("in_place_commit_answered");
    } catch (const Error& error) {
      if (was_taken_back(error)) {
        throw Error(error.kind(),
                    fmt::format("the server refused the COMMIT of the in-place increments, so "
                                "none of them is applied and nothing was published: {}",
                                error.message()))
            .with("errno", std::string(error.context_value("errno")));
      }
      throw Error(error.kind(),
                  fmt::format("the answer to the COMMIT of the in-place increments was lost; the "
                              "next run finds in its ledger whether it happened: {}",
                              error.message()));
    }
  }

  /// Whether the server said no (a deadlock, a full disk, a server that became read-only) and the
  /// ledger agrees. Without an answer nobody knows.
  bool was_taken_back(const Error& error) {
    const bool refused = session_.alive() && publish::server_errno(error) != 0 &&
                         error.kind() != ErrorKind::unavailable &&
                         error.kind() != ErrorKind::timed_out;
    if (!refused) return false;
    try {
      session_.execute("ROLLBACK");
      return std::ranges::none_of(models_, [&](const InPlaceModel& model) {
        const auto batch = publish::open_batch(options_.publisher, model.batch.table);
        return model.step == Step::apply && batch && batch->is_same_as(model.batch);
      });
    } catch (const Error& unknown) {
      log::warn("nobody knows what became of the COMMIT: {}", unknown.message());
      return false;
    }
  }

  Connection& session_;
  const std::vector<InPlaceModel>& models_;
  const std::map<std::string, SchemaLook>& looks_;
  const InPlaceOptions& options_;
  SessionQueries warehouse_;
  const std::map<std::string, TableName> no_bases_;
  std::map<TableName, std::uint64_t> rows_before_;
};

void InPlaceIncrements::require_usable() {
  if (models_.empty()) return;
  BuildSession& session = sessions_.of(own_worker);
  for (const auto& model : models_) require_rights(session.connection, *model.node);
  Transaction(session, models_, sessions_, options_).require_hooks();
  sessions_.close(own_worker);
}

InPlaceIncrements::Results InPlaceIncrements::apply() {
  if (models_.empty()) return {};
  Results results;
  try {
    results = Transaction(sessions_.of(own_worker), models_, sessions_, options_).run();
  } catch (...) {
    sessions_.close(own_worker);
    throw;
  }
  sessions_.close(own_worker);
  Json told = Json::array();
  for (std::size_t i = 0; i < models_.size(); ++i) {
    Json item = Json::object();
    item.set("table", models_[i].batch.table.text());
    item.set("rows", results.nodes[i].rows.value_or(0));
    item.set("applied", models_[i].step == Step::apply ? "now" : "before");
    told.push_back(std::move(item));
  }
  options_.ports.output.set("in_place", std::move(told));
  return results;
}

std::vector<TableName> InPlaceIncrements::tables() const {
  std::vector<TableName> tables;
  for (const auto& model : models_) tables.push_back(model.batch.table);
  return tables;
}

}  // namespace pipeline::dbt
