// Decides how an attempt ended from all that it left: result file, exit code, signal.
#pragma once

#include <chrono>
#include <string>
#include <variant>

#include "common/base/json.h"
#include "common/process/child_process.h"
#include "orchestrator/engine/task_runner.h"

namespace pipeline {

/// What lies where the result file was asked for.
struct NoResultFile {};
struct UnreadableResultFile {
  std::string why;
};
/// The document as it was written.
using ResultFile = std::variant<NoResultFile, UnreadableResultFile, Json>;

/// The result file of one attempt; its name belongs to that attempt alone.
ResultFile read_result_file(const std::string& path);

/// What the judgement is about, for its messages.
struct AttemptFacts {
  std::string program;   // argv[0]
  std::string log_path;  // named in a cause that the stage did not give itself
  std::chrono::milliseconds time_limit{0};
};

/// For a stage. In order of belief: our own kill; a result file that tells of a failure; a signal;
/// a failed start; an exit code by the table of error kinds, else Process.ExitCode.N; a result file
/// that tells of success. So success needs the exit code 0 and no word against it. A result file
/// that names no error, or one beginning with "States.", is Pipeline.Internal: those belong to the
/// engine. An output past 64 KiB passes on without its lists and objects, whose names it lists
/// under "left_out"; the report's result has them.
TaskReport judge_stage(const ChildResult& child, const ResultFile& file, const AttemptFacts& facts);

/// For a command, whose standard output is its result: a JSON document or nothing. Its exit codes
/// are its own: Process.ExitCode.N. Output that is no JSON, or too long, is Process.OutputInvalid.
TaskReport judge_command(const ChildResult& child, const AttemptFacts& facts);

}  // namespace pipeline
