// A staging that another system filled goes on as the loader's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "stages/publish/marker.h"
#include "stages/staging/load/stored_dumps.h"

namespace pipeline {

/// What was asked for on the command line.
struct StagingAdoptionWish {
  BusinessDate date;  // of the dump that staging holds
  enum class DryRun { no, yes } dry_run = DryRun::no;
  std::string reason;  // may be empty
};

/// A relation of staging and what becomes of it.
struct StagingRelation {
  std::string name;
  std::optional<std::uint64_t> rows;          // of a table
  std::optional<std::uint64_t> rows_in_dump;  // if the dump is that of the date and brings it
  enum class Kind {
    of_dumps,  // the next load replaces it
    leftover,  // of dbt, or a backup by hand: stays
    other,     // no dump brings it: stays
  } kind = Kind::other;
  std::string is;  // for people
};

struct StagingAdoption {
  /// The marker that stands there already, or that was put.
  publish::Marker marker;
  enum class Outcome { adopted, already, would_be_adopted, refused } outcome = Outcome::refused;
  /// Of an earlier adoption.
  std::optional<BusinessDate> adopted_as_of;
  /// The dump that told which tables come from dumps.
  std::optional<StoredDump> told_by;
  std::vector<StagingRelation> relations;
  std::vector<std::string> refused;     // why it cannot be adopted
  std::vector<std::string> statements;  // that an administrator may type against it
  std::vector<std::string> warnings;
};

}  // namespace pipeline
