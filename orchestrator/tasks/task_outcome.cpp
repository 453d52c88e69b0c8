#include "orchestrator/tasks/task_outcome.h"

#include <optional>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/exit_code.h"
#include "common/base/text.h"
#include "common/stage/stage_result.h"

namespace pipeline {
namespace {

// A process that ends on its own, by a signal or because it never began.
constexpr std::string_view start_failed = "Process.StartFailed";
constexpr std::string_view output_invalid = "Process.OutputInvalid";
constexpr std::string_view reserved_prefix = "States.";

// The documents of all stages travel together to the end of a run, which ends at 256 KiB; the
// history keeps what a stage said whole.
constexpr std::size_t passed_output_bytes_max = 64U << 10U;

std::string internal_name() {
  return std::string(entry_of(ErrorKind::internal).name);
}

TaskFailure failure(std::string_view error, std::string cause, const AttemptFacts& facts) {
  if (!facts.log_path.empty()) cause += "; its log: " + facts.log_path;
  return {.error = std::string(error), .cause = std::move(cause)};
}

/// The report without its outcome.
TaskReport facts_of(const ChildResult& child) {
  TaskReport report;
  if (child.end == ChildResult::End::exited) report.exit_code = child.exit_code;
  report.signal = child.signal;
  return report;
}

std::optional<TaskOutcome> ended_by_us(const ChildResult& child, const AttemptFacts& facts) {
  switch (child.stopped_by) {
    case ChildResult::StoppedBy::nobody:
      return {};
    case ChildResult::StoppedBy::time_limit:
      return TaskTimeout{.cause = fmt::format("{} was stopped after its limit of {} s; its log: {}",
                                              facts.program, facts.time_limit.count() / 1000,
                                              facts.log_path)};
    case ChildResult::StoppedBy::request:
      // What had succeeded all the same stays a success.
      if (child.succeeded()) return {};
      return TaskCancelled{};
  }
  return {};
}

/// What the process alone tells; nullopt if it ended with exit code 0.
std::optional<TaskFailure> process_failure(const ChildResult& child, const AttemptFacts& facts) {
  switch (child.end) {
    case ChildResult::End::start_failed:
      return TaskFailure{.error = std::string(start_failed),
                         .cause = fmt::format("{} {}", facts.program, child.text())};
    case ChildResult::End::signalled:
      return failure("Process.Signal." + child.signal,
                     fmt::format("{} was ended by signal {}", facts.program, child.signal), facts);
    case ChildResult::End::exited:
      break;
  }
  if (child.exit_code == 0) return {};
  return failure(fmt::format("Process.ExitCode.{}", child.exit_code),
                 fmt::format("{} ended with exit code {}", facts.program, child.exit_code), facts);
}

/// The same, with exit codes read by the table that all stages share.
std::optional<TaskFailure> stage_process_failure(const ChildResult& child,
                                                 const AttemptFacts& facts) {
  auto found = process_failure(child, facts);
  if (!found || child.end != ChildResult::End::exited) return found;
  if (const auto* entry = find_error_kind(child.exit_code)) {
    found->error = entry->name;
    found->cause =
        fmt::format("{} ended with exit code {} ({}) and left no result file; its log: {}",
                    facts.program, child.exit_code, entry->meaning, facts.log_path);
  }
  return found;
}

TaskFailure told_failure(const StageResult& result, const AttemptFacts& facts) {
  if (!result.error || result.error->name.empty()) {
    return failure(internal_name(),
                   fmt::format("{} reported a failure without an error name", facts.program),
                   facts);
  }
  if (result.error->name.starts_with(reserved_prefix)) {
    return failure(
        internal_name(),
        fmt::format("{} reported the error {}, a name that only the orchestrator may use: {}",
                    facts.program, result.error->name, result.error->cause),
        facts);
  }
  return {.error = result.error->name, .cause = result.error->cause};
}

/// A stage says something of each table: with thousands of them only what is said of all passes on.
Json passed_output(const Json& output) {
  if (!output.is_object() || output.dump().size() <= passed_output_bytes_max) return output;
  Json passed = Json::object();
  Json left_out = Json::array();
  for (const auto& [name, value] : output.as_object()) {
    if (value.is_array() || value.is_object()) {
      left_out.push_back(name);
    } else {
      passed.set(name, value);
    }
  }
  passed.set("left_out", std::move(left_out));
  return passed;
}

TaskOutcome stage_outcome(const ChildResult& child, const ResultFile& file,
                          const AttemptFacts& facts) {
  if (auto ours = ended_by_us(child, facts)) return *ours;
  std::optional<StageResult> told;
  std::string unreadable;
  if (const auto* broken = std::get_if<UnreadableResultFile>(&file)) unreadable = broken->why;
  if (const auto* document = std::get_if<Json>(&file)) {
    try {
      told = StageResult::from_json(*document);
    } catch (const Error& error) {
      unreadable = error.message();
    }
  }
  if (told && told->status == StageResult::Status::failed) return told_failure(*told, facts);
  if (auto found = stage_process_failure(child, facts)) return *found;
  if (!unreadable.empty()) {
    return failure(
        internal_name(),
        fmt::format("{} left a result file that cannot be read: {}", facts.program, unreadable),
        facts);
  }
  return TaskSuccess{.output = told ? passed_output(told->output) : Json::object()};
}

TaskOutcome command_outcome(const ChildResult& child, const AttemptFacts& facts) {
  if (auto ours = ended_by_us(child, facts)) return *ours;
  if (auto found = process_failure(child, facts)) return *found;
  if (child.captured == ChildResult::Captured::cut) {
    return failure(output_invalid,
                   fmt::format("{} wrote more than {} to standard output", facts.program,
                               human_bytes(child.output.size())),
                   facts);
  }
  if (trim(child.output).empty()) return TaskSuccess{.output = Json::object()};
  try {
    return TaskSuccess{.output = Json::parse(child.output)};
  } catch (const Error& error) {
    return failure(output_invalid,
                   fmt::format("{} wrote to standard output what is not JSON: {}", facts.program,
                               error.message()),
                   facts);
  }
}

}  // namespace

ResultFile read_result_file(const std::string& path) {
  try {
    const auto result = read_stage_result(path);
    if (!result) return NoResultFile{};
    return result->to_json();
  } catch (const Error& error) {
    return UnreadableResultFile{.why = error.message()};
  }
}

TaskReport judge_stage(const ChildResult& child, const ResultFile& file,
                       const AttemptFacts& facts) {
  TaskReport report = facts_of(child);
  if (const auto* document = std::get_if<Json>(&file)) report.result = *document;
  report.outcome = stage_outcome(child, file, facts);
  return report;
}

TaskReport judge_command(const ChildResult& child, const AttemptFacts& facts) {
  TaskReport report = facts_of(child);
  report.outcome = command_outcome(child, facts);
  return report;
}

}  // namespace pipeline
