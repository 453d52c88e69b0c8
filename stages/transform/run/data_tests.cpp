#include "stages/transform/run/data_tests.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "stages/publish/sql.h"
#include "stages/transform/run/node_error.h"

namespace pipeline::dbt {
namespace {

constexpr std::size_t tests_named_max = 10;

NodeStatus judge(const NodeConfig& config, bool should_warn, bool should_error) {
  if (config.severity == Severity::error && should_error) return NodeStatus::fail;
  return should_warn ? NodeStatus::warn : NodeStatus::pass;
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

NodeResult run_data_test(const BuildContext& context, const Node& test) {
  const auto begin = std::chrono::steady_clock::now();
  CompileRequest request{
      .naming = Naming::live, .run = &context.state, .warehouse = &context.warehouse};
  NodeResult result{.unique_id = test.unique_id};
  result.compiled_path = context.compiler.target_path(test, "compiled");
  context.artifacts.write(result.compiled_path, context.compiler.compile(test, request).sql);
  request.naming = Naming::shadow;
  const CompiledSql compiled = context.compiler.compile(test, request);
  const std::string query = test_query(test.config, compiled.sql);
  context.artifacts.write(context.compiler.target_path(test, "run"), query);
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
  if (result.status != NodeStatus::pass) {
    result.message = fmt::format("{} failing rows", *result.rows);
  }
  result.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
  return result;
}

void throw_if_any_failed(const std::vector<NodeResult>& results, const Artifacts& artifacts) {
  std::vector<std::string> named;
  std::string first_query;
  std::size_t failed = 0;
  for (const auto& result : results) {
    if (result.status != NodeStatus::fail) continue;
    if (failed++ == 0) first_query = artifacts.absolute(result.compiled_path);
    if (named.size() < tests_named_max) {
      named.push_back(fmt::format("{} ({} rows)", result.unique_id, result.rows.value_or(0)));
    }
  }
  if (failed == 0) return;
  if (failed > named.size()) named.push_back(fmt::format("{} more", failed - named.size()));
  throw Error(ErrorKind::data_test_failed,
              fmt::format("{} data test{} failed, so nothing was published: {}; the query of the "
                          "first: {}",
                          failed, failed == 1 ? "" : "s", join(named, ", "), first_query))
      .with("failed_tests", std::to_string(failed));
}

}  // namespace pipeline::dbt
