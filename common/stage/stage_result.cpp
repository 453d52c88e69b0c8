#include "common/stage/stage_result.h"

#include <fmt/core.h>

#include "common/base/secret.h"
#include "common/io/file.h"

namespace pipeline {
namespace {

constexpr std::int64_t schema_version = 1;
// A result is a page of JSON; anything larger is not ours.
constexpr std::size_t result_bytes_max = 64U << 20U;

}  // namespace

Json StageResult::to_json() const {
  Json document = Json::object();
  document.set("schema", schema_version);
  document.set("status", status == Status::succeeded ? "succeeded" : "failed");
  if (error) {
    Json failure = Json::object();
    failure.set("name", error->name);
    failure.set("cause", error->cause);
    failure.set("retryable", error->retryable);
    failure.set("context", error->context);
    document.set("error", std::move(failure));
  }
  document.set("output", output);
  return document;
}

StageResult StageResult::from_json(const Json& document) {
  if (document.at("schema").as_int() != schema_version) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("a stage result of schema {} is not understood",
                            document.at("schema").as_int()));
  }
  StageResult result;
  result.status =
      document.at("status").as_string() == "succeeded" ? Status::succeeded : Status::failed;
  if (const Json* failure = document.find("error")) {
    result.error = Failure{.name = failure->at("name").as_string(),
                           .cause = failure->at("cause").as_string(),
                           .retryable = failure->at("retryable").as_bool(),
                           .context = failure->at("context")};
  }
  if (const Json* found = document.find("output")) result.output = *found;
  return result;
}

StageResult StageResult::failed(const Error& error) {
  StageResult result;
  result.status = Status::failed;
  Json context = Json::object();
  for (const auto& [key, value] : error.context()) context.set(key, value);
  std::string cause = error.message();
  for (const auto& earlier : error.causes()) cause += ": " + earlier;
  result.error = Failure{.name = std::string(error.name()),
                         .cause = std::move(cause),
                         .retryable = error.retryable(),
                         .context = std::move(context)};
  return result;
}

void write_stage_result(const std::string& path, const StageResult& result) {
  replace_file(path, redact(result.to_json().dump(Json::Style::indented)) + "\n");
}

std::optional<StageResult> read_stage_result(const std::string& path) {
  const auto text = read_file_if_present(path, result_bytes_max);
  if (!text) return {};
  return StageResult::from_json(Json::parse(*text));
}

}  // namespace pipeline
