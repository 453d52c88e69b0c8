// Asks a stage what it finds, for a bounded time.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "common/stage/finding.h"

namespace pipeline {

/// One `check --doctor PART` of one stage.
struct StageVisit {
  std::string stage;              // "staging_loader", for messages
  std::vector<std::string> argv;  // without options
  std::string part;               // "store"
  /// What the stage tells in any case: if it ends too early, each of these that it has not told is
  /// a failure; about the stage if it has told them all.
  std::vector<Check> expected;
  std::string config_path;
  std::vector<std::string> environment;
  std::string folder;  // of ours, for result file and log
  std::chrono::milliseconds time_limit{30'000};
};

/// What the stage told, and a failure if it was ended, died or failed before its last finding.
/// Throws cancelled alone.
std::vector<Finding> ask_stage(const StageVisit& visit, std::stop_token stop);

/// The findings in a stage's output, one a line; lines that are none are passed over.
std::vector<Finding> parse_findings(std::string_view output);

}  // namespace pipeline
