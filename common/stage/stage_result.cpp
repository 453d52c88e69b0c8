#include "common/stage/stage_result.h"

#include <unistd.h>

#include <filesystem>

#include <fmt/core.h>

#include "common/base/secret.h"
#include "common/io/file.h"

namespace pipeline {
namespace {

constexpr std::int64_t schema_version = 1;
// A result is a page of JSON; anything larger is not ours.
constexpr std::size_t result_bytes_max = 64U << 20U;
// What a result takes at most on an ordinary day.
constexpr std::size_t result_bytes_usual = 64U << 10U;

Error no_result_place(ErrorKind kind, const std::string& why) {
  return Error(kind,
               fmt::format("the result file could not be written at the end, so nothing is begun: "
                           "{}; --result-file names it",
                           why));
}

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

void require_result_place(const std::string& path) {
  const std::filesystem::path place(path);
  std::error_code ignored;
  if (place.has_parent_path() && !std::filesystem::is_directory(place.parent_path(), ignored)) {
    throw no_result_place(ErrorKind::config_invalid,
                          fmt::format("{} is no folder", place.parent_path().string()));
  }
  if (std::filesystem::is_directory(place, ignored)) {
    throw no_result_place(ErrorKind::config_invalid, fmt::format("{} is a folder", path));
  }
  const std::string trial = fmt::format("{}.{}.trial", path, ::getpid());
  try {
    FileSink sink(trial);
    sink.write(std::string(result_bytes_usual, ' '));
  } catch (const Error& error) {
    ::unlink(trial.c_str());
    throw no_result_place(error.kind(), error.message());
  }
  ::unlink(trial.c_str());
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
