#include "stages/transform/run/node_result.h"

#include <fmt/core.h>

namespace pipeline::dbt {

std::string_view word_of(NodeStatus status) {
  switch (status) {
    case NodeStatus::success:
      return "success";
    case NodeStatus::error:
      return "error";
    case NodeStatus::skipped:
      return "skipped";
    case NodeStatus::pass:
      return "pass";
    case NodeStatus::warn:
      return "warn";
    case NodeStatus::fail:
      return "fail";
  }
  return "error";
}

Json to_json(const NodeResult& result) {
  const bool is_test = result.unique_id.starts_with("test.");
  Json json = Json::object();
  json.set("unique_id", result.unique_id);
  json.set("status", word_of(result.status));
  json.set(is_test ? "failures" : "rows", result.rows ? Json(*result.rows) : Json());
  json.set("seconds", static_cast<double>(result.took.count()) / 1000);
  json.set("message", result.message);
  return json;
}

std::string thread_of(const NodeResult& result) {
  return result.worker ? fmt::format("Thread-{}", *result.worker + 1) : "";
}

NodeOutcome outcome_of(const NodeResult& result) {
  const bool is_test = result.unique_id.starts_with("test.");
  return {.unique_id = result.unique_id,
          .status = std::string(word_of(result.status)),
          .message = result.message,
          .seconds = static_cast<double>(result.took.count()) / 1000,
          .failures = is_test ? result.rows : std::nullopt,
          .rows = is_test ? std::nullopt : result.rows,
          .thread_id = thread_of(result)};
}

}  // namespace pipeline::dbt
