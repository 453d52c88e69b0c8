#include "orchestrator/doctor/stage_findings.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/process/child_process.h"
#include "common/stage/stage_result.h"

namespace pipeline {
namespace {

constexpr std::chrono::seconds grace{2};

/// Why the stage ended before its last finding, as it says itself; else how it ended.
Error why_it_ended(const StageVisit& visit, const ChildResult& ended,
                   const std::string& result_path) {
  if (ended.stopped_by == ChildResult::StoppedBy::time_limit) {
    return Error(ErrorKind::timed_out,
                 fmt::format("{} was at it for {:.0f} s without an answer and was ended",
                             visit.stage, std::chrono::duration<double>(visit.time_limit).count()));
  }
  try {
    const auto result = read_stage_result(result_path);
    if (result && result->error) {
      const auto* kind = find_error_kind(result->error->name);
      return Error(kind != nullptr ? kind->kind : ErrorKind::internal,
                   fmt::format("{}: {}", visit.stage, result->error->cause));
    }
  } catch (const Error&) {  // it died in the middle of it
  }
  const bool started = ended.end != ChildResult::End::start_failed;
  return Error(started ? ErrorKind::internal : ErrorKind::config_invalid,
               fmt::format("{}: {}", visit.stage, ended.text()));
}

Error silent(const StageVisit& visit) {
  return Error(ErrorKind::config_invalid,
               fmt::format("{} ended with exit code 0 and said nothing of it: it is no stage of "
                           "this pipeline, or of another version",
                           visit.stage));
}

/// To be typed. Arguments of pipeline.yaml may hold a token that comes from the environment.
std::string program_of(const StageVisit& visit) {
  std::string text = visit.argv.front();
  if (visit.argv.size() > 1) text += " ...";
  for (const auto& option : visit.options) text += " " + option;
  return text;
}

}  // namespace

std::vector<Finding> parse_findings(std::string_view output) {
  std::vector<Finding> findings;
  for (const auto& line : split(output, '\n')) {
    try {
      findings.push_back(finding_from_json(Json::parse(line)));
    } catch (const Error&) {  // of another version, or cut by the end of the process
      continue;
    }
  }
  return findings;
}

std::vector<Finding> ask_stage(const StageVisit& visit, std::stop_token stop) {
  const std::string result_path = visit.folder + "/result.json";
  std::error_code ignored;
  std::filesystem::remove(result_path, ignored);
  ChildOptions child{.argv = visit.argv,
                     .environment = visit.environment,
                     .input = {},
                     .log_path = visit.folder + "/log",
                     .output = ChildOptions::Output::captured,
                     .time_limit = visit.time_limit,
                     .grace = grace};
  child.argv.insert(child.argv.end(), visit.options.begin(), visit.options.end());
  child.argv.insert(child.argv.end(), {"check", "--doctor", visit.part, "--config",
                                       visit.config_path, "--result-file", result_path});
  const ChildResult ended = run_child(child, {}, std::move(stop));
  if (ended.stopped_by == ChildResult::StoppedBy::request) {
    throw Error(ErrorKind::cancelled, "stopped by a signal");
  }
  auto findings = parse_findings(ended.output);
  const bool in_order = ended.succeeded() && ended.stopped_by == ChildResult::StoppedBy::nobody;
  // What failed says why there is nothing of others: without a login nobody tells of the server.
  const bool has_failure =
      std::ranges::find(findings, Verdict::fail, &Finding::verdict) != findings.end();
  if (in_order && has_failure) return findings;
  const Error why = in_order ? silent(visit) : why_it_ended(visit, ended, result_path);
  const std::string advice = fmt::format("{} check --doctor {} --config {} shows it",
                                         program_of(visit), visit.part, visit.config_path);
  std::vector<Finding> missing;
  for (const Check check : visit.expected) {
    const bool is_told = std::ranges::find(findings, check, &Finding::check) != findings.end();
    if (!is_told) missing.push_back(failure(check, "", why, advice));
  }
  if (missing.empty() && !in_order)
    missing.push_back(failure(visit.expected.back(), visit.stage, why, advice));
  std::ranges::move(missing, std::back_inserter(findings));
  return findings;
}

}  // namespace pipeline
