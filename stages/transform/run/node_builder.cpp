#include "stages/transform/run/node_builder.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/io/file.h"
#include "stages/publish/marker.h"
#include "stages/publish/sql.h"
#include "stages/transform/run/candidate_copy.h"
#include "stages/transform/run/increment.h"
#include "stages/transform/run/node_error.h"
#include "stages/transform/run/node_sql.h"
#include "stages/transform/run/seed_loader.h"
#include "stages/transform/run/sql_text.h"

namespace pipeline::dbt {
namespace {

class NodeBuilder {
 public:
  NodeBuilder(const BuildContext& context, const Node& node, NodeResult& result)
      : context_(context),
        session_(context.session),
        node_(node),
        table_(candidate_name(node)),
        result_(result) {}

  void build() {
    drop_leftovers();
    switch (node_.config.materialized) {
      case Materialization::seed:
        build_seed();
        break;
      case Materialization::view:
        build_view();
        break;
      case Materialization::table:
        build_table();
        break;
      case Materialization::incremental:
        build_incremental();
        break;
      case Materialization::test:
        throw Error(ErrorKind::internal, "a test is not built");
    }
    context_.artifacts.write(context_.compiler.target_path(node_, "run"), executed_);
  }

 private:
  CompileRequest request() const {
    return {.naming = Naming::shadow, .run = &context_.state, .warehouse = &context_.warehouse};
  }

  const std::string& table_options() const {
    return context_.looks.at(node_.relation.schema).table_options;
  }

  CompiledSql compile() {
    const auto begin = context_.clock.now();
    write_compiled();
    CompiledSql compiled = context_.compiler.compile(node_, request());
    result_.compiling = {begin, context_.clock.now()};
    return compiled;
  }

  /// With live names, for people. A template that asks the server about a table which is not
  /// published yet cannot be written so.
  void write_compiled() {
    CompileRequest live = request();
    live.naming = Naming::live;
    try {
      result_.compiled_code = context_.compiler.compile(node_, live).sql;
      result_.compiled_path = context_.compiler.target_path(node_, "compiled");
      context_.artifacts.write(result_.compiled_path, result_.compiled_code);
    } catch (const Error& error) {
      if (!session_.alive()) throw;
      log::debug("no compiled SQL with live names of {}: {}", node_.unique_id, error.message());
    }
  }

  /// A statement of ours about the node: its faults have no line.
  ExecuteResult execute(const std::string& statement) {
    executed_ += statement + ";\n";
    try {
      return session_.execute(statement);
    } catch (const Error& error) {
      throw node_error(error, node_, {.file = node_.place.file, .line = 0});
    }
  }

  /// A statement that ends with the model's SQL.
  ExecuteResult execute_model(const std::string& statement, const CompiledSql& compiled) {
    executed_ += statement + ";\n";
    return execute_for_node(session_, node_, compiled, statement, model_sql_line);
  }

  void drop_leftovers() {
    for (const auto& name : {table_, scratch_table(table_)}) {
      execute("DROP VIEW IF EXISTS " + name.quoted());
      execute("DROP TABLE IF EXISTS " + name.quoted());
    }
    executed_.clear();
  }

  void hooks(Compiler::HookPoint point) {
    const bool pre = point == Compiler::HookPoint::pre;
    HookList list{.hooks = context_.compiler.compile_hooks(node_, point, request()),
                  .what = pre ? "pre-hook" : "post-hook",
                  .whose = node_.unique_id,
                  .file = node_.place.file};
    // As in dbt: what stands outside the transaction comes before it or after it.
    const auto first = pre ? Hook::Transaction::outside : Hook::Transaction::inside;
    // Not std::ranges: Clang 14 cannot read GCC 12's.
    std::stable_partition(list.hooks.begin(), list.hooks.end(),
                          [first](const Hook& hook) { return hook.transaction == first; });
    for (const auto& hook : list.hooks) executed_ += hook.sql + ";\n";
    if (!list.hooks.empty()) result_.hooks = NodeResult::Hooks::begun;
    run_hooks(session_, list);
  }

  void build_seed() {
    hooks(Compiler::HookPoint::pre);
    const std::string& file = node_.place.file;
    const std::map<std::string, std::string> types(node_.config.column_types.begin(),
                                                   node_.config.column_types.end());
    const SeedTable seed =
        type_seed(parse_csv(read_file(context_.compiler.project().dir + "/" + file), file,
                            node_.config.delimiter),
                  types, file);
    try {
      load_seed(session_, table_, seed, table_options());
    } catch (const Error& error) {
      throw node_error(error, node_, {.file = file, .line = 0});
    }
    add_declared_indexes();
    hooks(Compiler::HookPoint::post);
    result_.rows = seed.rows.size();
  }

  void build_view() {
    hooks(Compiler::HookPoint::pre);
    const CompiledSql compiled = compile();
    execute_model(create_view_as(table_, compiled.sql), compiled);
    hooks(Compiler::HookPoint::post);
  }

  void build_table() {
    hooks(Compiler::HookPoint::pre);
    create_whole();
    hooks(Compiler::HookPoint::post);
  }

  void create_whole() {
    const CompiledSql compiled = compile();
    result_.rows = execute_model(create_table_as(table_, table_options(), compiled.sql), compiled)
                       .affected_rows;
    add_declared_indexes();
  }

  void add_declared_indexes() {
    if (node_.config.indexes.empty()) return;
    execute(add_indexes(table_, node_.config.indexes, long_columns(session_, table_)));
  }

  void build_incremental() {
    const auto base = context_.bases.find(node_.unique_id);
    if (base == context_.bases.end()) {
      build_table();
      return;
    }
    copy_candidate(session_, base->second, table_);
    executed_ += fmt::format("-- {} is a copy of {}\n", table_.text(), base->second.text());
    hooks(Compiler::HookPoint::pre);
    const TableName scratch = scratch_table(table_);
    const CompiledSql compiled = compile();
    execute_model(create_table_as(scratch, table_options(), compiled.sql), compiled);
    const auto columns = columns_to_insert(session_, node_, table_, scratch);
    if (node_.config.strategy == IncrementalStrategy::delete_insert) {
      index_increment(session_, node_, scratch);
      execute(delete_matching(table_, scratch, node_.config.unique_key));
    }
    result_.rows = execute(insert_from(table_, scratch, columns)).affected_rows;
    execute("DROP TABLE " + scratch.quoted());
    hooks(Compiler::HookPoint::post);
  }

  const BuildContext& context_;
  Connection& session_;
  const Node& node_;
  TableName table_;
  std::string executed_;  // for target/run
  NodeResult& result_;
};

}  // namespace

TableName candidate_name(const Node& node) {
  return {publish::shadow_schema(node.relation.schema), node.relation.identifier};
}

void run_hooks(Connection& session, const HookList& list) {
  int number = 0;
  for (const auto& hook : list.hooks) {
    ++number;
    try {
      for (const auto& statement : statements_of_hook(hook.sql)) session.execute(statement);
      failpoint("run_after_hook");
    } catch (const Error& error) {
      const std::string of = list.whose.empty() ? "" : " of " + list.whose;
      throw hook_error(error, list.refused_kind, fmt::format("{} {}{}", list.what, number, of),
                       list.file);
    }
  }
}

void build_node(const BuildContext& context, const Node& node, NodeResult& result) {
  NodeBuilder(context, node, result).build();
}

}  // namespace pipeline::dbt
