// The file that a stage hands to the orchestrator: how it ended, why, and what it counted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/json.h"

namespace pipeline {

/// Schema 1:
/// {"schema":1,"status":"succeeded|failed","error":{"name","cause","retryable","context"},
/// "output":{...}}. `output` is the stage's own: counts, timings, what it published.
struct StageResult {
  enum class Status { succeeded, failed };
  struct Failure {
    std::string name;   // "Pipeline.SqlRejected"
    std::string cause;  // for people: message, place, what to do
    bool retryable = false;
    Json context = Json::object();
  };
  Status status = Status::succeeded;
  std::optional<Failure> error;
  Json output = Json::object();

  Json to_json() const;
  /// Throws config_invalid if the document is not of schema 1.
  static StageResult from_json(const Json& document);
  static StageResult failed(const Error& error);
};

/// Throws unless a result can be written to `path` now: config_invalid for a folder that is not
/// there, otherwise the kinds of file_error (a full disk is resource_exhausted). Leaves no file.
void require_result_place(const std::string& path);
/// Writes to `path` by a temporary file, fsync and rename; secrets are redacted.
void write_stage_result(const std::string& path, const StageResult& result);
/// nullopt if the file does not exist; throws config_invalid if it is not a result.
std::optional<StageResult> read_stage_result(const std::string& path);

}  // namespace pipeline
