// Runs `orchestrator doctor` in an installation of a test, and holds what it said.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/stage/finding.h"
#include "tests/integration/bad_input_house.h"

namespace pipeline {

/// What the doctor said.
struct Diagnosis {
  test::ProgramResult program;
  std::vector<Finding> findings;

  std::set<std::string> names() const;
  /// nullptr if there is no such line.
  const Finding* line(const std::string& name) const;
  std::vector<std::string> names_of(Verdict verdict) const;
};

/// Makes the passwords readable by their owner alone.
void close_secrets(const BadInputHouse& house);

/// Runs `orchestrator doctor --json`; fails the test unless its answer is JSON of as many findings,
/// its exit code the one that stands there, and no secret in it.
Diagnosis ask_doctor(const BadInputHouse& house,
                     const std::map<std::string, std::string>& env = {});

/// What a trouble must look like in the table.
struct Trouble {
  std::string line;  // "login of load"
  Verdict verdict = Verdict::fail;
  std::string error;                // "Pipeline.AccessDenied"; empty for a warning
  std::vector<std::string> found;   // all of it is in what was found
  std::vector<std::string> advice;  // all of it is in what to type
};

/// Fails the test unless the line says so.
void expect_trouble(const Diagnosis& diagnosis, const Trouble& trouble);

/// Fails the test unless every line of `sound` is still there, but for those of `without`.
void expect_other_lines(const Diagnosis& diagnosis, const Diagnosis& sound,
                        const std::set<std::string>& without = {});

}  // namespace pipeline
