#include "stages/transform/run/data_tests.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/sql.h"
#include "stages/transform/run/node_error.h"

namespace pipeline::dbt {
namespace {

NodeStatus judge(const NodeConfig& config, bool should_warn, bool should_error) {
  if (config.severity == Severity::error && should_error) return NodeStatus::fail;
  return should_warn ? NodeStatus::warn : NodeStatus::pass;
}

/// In dbt's words; nothing for a test that passed.
std::string message_of(const NodeResult& result, const NodeConfig& config) {
  if (result.status == NodeStatus::pass) return {};
  const bool fails = result.status == NodeStatus::fail;
  return fmt::format("Got {} result{}, configured to {} if {}", *result.rows,
                     *result.rows == 1 ? "" : "s", fails ? "fail" : "warn",
                     fails ? config.error_if : config.warn_if);
}

/// The line of `query` on which the test's own SQL begins.
int line_of(std::string_view query, std::string_view sql) {
  const auto at = query.find(trim(sql));
  if (at == std::string_view::npos) return 1;
  const auto skipped = sql.find_first_not_of(" \t\r\n");
  const std::string_view blank = sql.substr(0, skipped == std::string_view::npos ? 0 : skipped);
  return 1 + static_cast<int>(std::count(query.begin(), query.begin() + at, '\n') -
                              std::count(blank.begin(), blank.end(), '\n'));
}

}  // namespace

void run_data_test(const BuildContext& context, const Node& test, NodeResult& result) {
  const auto begin = context.clock.now();
  CompileRequest request{
      .naming = Naming::live, .run = &context.state, .warehouse = &context.warehouse};
  result.compiled_code = context.compiler.compile(test, request).sql;
  result.compiled_path = context.compiler.target_path(test, "compiled");
  context.artifacts.write(result.compiled_path, result.compiled_code);
  request.naming = Naming::shadow;
  const CompiledSql compiled = context.compiler.compile(test, request);
  const std::string query = test_query(test.config, compiled.sql);
  context.artifacts.write(context.compiler.target_path(test, "run"), query);
  result.compiling = {begin, context.clock.now()};
  ResultTable answer;
  try {
    answer = context.session.query(query);
  } catch (const Error& error) {
    throw node_error(error, test, place_of_fault(error, compiled, line_of(query, compiled.sql)));
  }
  if (answer.rows.size() != 1 || answer.rows.front().size() < 3) {
    throw Error(ErrorKind::internal, "a test's query must give one row of three columns")
        .with("node", test.unique_id);
  }
  const Row& row = answer.rows.front();
  for (std::size_t column = 0; column < 3; ++column) {
    if (row[column]) continue;
    throw Error(ErrorKind::sql_rejected,
                fmt::format("{}: the test {} counts NULL failures, so it judges nothing; give its "
                            "fail_calc a coalesce()",
                            test.place.file, test.unique_id))
        .with("node", test.unique_id);
  }
  const auto holds = [&](std::size_t column) { return publish::to_number(row[column]) != 0; };
  result.rows = publish::to_number(row[0]);
  result.status = judge(test.config, holds(1), holds(2));
  result.message = message_of(result, test.config);
}

}  // namespace pipeline::dbt
