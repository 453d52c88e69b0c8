// The findings of all who looked as one table, and what the process returns for them.
#pragma once

#include <string>
#include <vector>

#include "common/stage/finding.h"

namespace pipeline {

/// In the order of the checks, those of one check in the order in which they came. Of findings
/// with one name the worst stay; of those that are alike, and of those in order, the first.
std::vector<Finding> merged(std::vector<Finding> findings);

/// 0 if nothing failed, else that of the first failure.
int exit_code_of(const std::vector<Finding>& findings);

/// The table for people: a title for each group, a line for each finding, below it what to do.
std::string render(const std::vector<Finding>& findings);

/// {"ok", "exit_code", "findings": [...]}
Json report_json(const std::vector<Finding>& findings);

}  // namespace pipeline
