#include "stages/transform/run/run_results.h"

#include <fmt/core.h>

#include "common/base/clock.h"
#include "common/base/secret.h"
#include "common/base/text.h"

namespace pipeline::dbt {
namespace {

double seconds_of(std::chrono::milliseconds duration) {
  return static_cast<double>(duration.count()) / 1000;
}

Json published_json(Publishing publishing) {
  switch (publishing) {
    case Publishing::not_begun:
      return false;
    case Publishing::unknown:
      return {};
    case Publishing::done:
      return true;
  }
  return {};
}

/// What the statement said, in dbt-mysql's form: {"_message": "SUCCESS 3", "code",
/// "rows_affected"}.
Json response_json(const Node& node, const NodeResult& result, Publishing publishing) {
  Json response = Json::object();
  switch (result.status) {
    case NodeStatus::error:
    case NodeStatus::skipped:
      return response;
    case NodeStatus::success:
    case NodeStatus::pass:
    case NodeStatus::warn:
    case NodeStatus::fail:
      break;
  }
  const bool is_test = node.type == ResourceType::test;
  // A test's statement gives one row, whatever it counts.
  const std::uint64_t rows = is_test ? 1 : result.rows.value_or(0);
  const std::string_view code = node.type == ResourceType::seed ? "INSERT" : "SUCCESS";
  response.set("_message", fmt::format("{} {}", code, rows));
  response.set("code", code);
  response.set("rows_affected", rows);
  if (!is_test) response.set("published", published_json(publishing));
  return response;
}

Json message_json(const NodeResult& result, const Json& response) {
  if (!result.message.empty()) return redact(head(result.message, message_bytes_max));
  const Json* said = result.status == NodeStatus::success ? response.find("_message") : nullptr;
  return said != nullptr ? *said : Json();
}

}  // namespace

Json timing_json(std::string_view name, const NodeResult::Span& span) {
  Json timing = Json::object();
  timing.set("name", name);
  timing.set("started_at", format_utc(span.begin));
  timing.set("completed_at", format_utc(span.end));
  return timing;
}

Json run_result_json(const Node& node, const NodeResult& result, Publishing publishing) {
  Json timing = Json::array();
  if (result.compiling) {
    timing.push_back(timing_json("compile", *result.compiling));
  } else if (result.executing) {
    // dbt tells both phases of every node that was begun, of a seed too.
    const auto begin = result.executing->begin;
    timing.push_back(timing_json("compile", {.begin = begin, .end = begin}));
  }
  if (result.executing) timing.push_back(timing_json("execute", *result.executing));
  const Json response = response_json(node, result, publishing);
  const bool is_test = node.type == ResourceType::test;
  const bool has_code = node.type != ResourceType::seed;
  Json json = Json::object();
  json.set("status", word_of(result.status));
  json.set("timing", std::move(timing));
  json.set("thread_id", result.worker ? thread_of(result) : "MainThread");
  json.set("execution_time", seconds_of(result.took));
  json.set("adapter_response", response);
  json.set("message", message_json(result, response));
  json.set("failures", is_test && result.rows ? Json(*result.rows) : Json());
  json.set("unique_id", node.unique_id);
  json.set("compiled", has_code ? Json(!result.compiled_path.empty()) : Json());
  json.set("compiled_code", result.compiled_code.empty() ? Json() : Json(result.compiled_code));
  json.set("relation_name",
           node.type == ResourceType::model ? Json(node.relation.render()) : Json());
  return json;
}

void write_run_results(const RunResults& run, const std::vector<RunResultEntry>& entries,
                       const WriteText& write) {
  write("{\"metadata\": ");
  write(artifact_metadata(run.facts, "run-results/v5").dump());
  write(", \"results\": [");
  bool first = true;
  for (const auto& [node, result] : entries) {
    if (!first) write(",\n");
    first = false;
    write(run_result_json(node, result, run.publishing).dump());
  }
  write("], \"elapsed_time\": ");
  write(Json(seconds_of(run.elapsed)).dump());
  write(", \"args\": ");
  write(redact(run.args.dump()));
  write("}\n");
}

}  // namespace pipeline::dbt
