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
  std::vector<std::string> argv;  // as pipeline.yaml has it; what follows the program is not shown
  std::vector<std::string> options;  // added to it
  std::string part;                  // "store"
  /// What the stage tells, unless a failure that it tells explains why not: each of these that it
  /// has not told is a failure. One that ends too early and has told them all is a failure too.
  std::vector<Check> expected;
  std::string config_path;
  std::vector<std::string> environment;
  std::string folder;  // of ours, for result file and log
  std::chrono::milliseconds time_limit{30'000};
};

/// What the stage told, and a failure if it was ended, died or failed before its last finding, or
/// said nothing.
/// Throws cancelled alone.
std::vector<Finding> ask_stage(const StageVisit& visit, std::stop_token stop);

/// The findings in a stage's output, one a line; lines that are none are passed over.
std::vector<Finding> parse_findings(std::string_view output);

}  // namespace pipeline
