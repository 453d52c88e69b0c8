// What stages and orchestrator judge by the same measure: free room, clocks that differ, owners.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/stage/finding.h"

namespace pipeline {

struct Space {
  std::uint64_t free_bytes = 0;  // for who is no root
  std::uint64_t total_bytes = 0;
};

/// warn below 5 GiB or 10 %, fail below 1 GiB.
Verdict verdict_of(const Space& space);

/// `path`, or the nearest folder above it that is there; "." for a relative path of which nothing
/// is.
std::string nearest_there(const std::string& path);

/// Of the file system on which `path` lies, or its nearest folder that is there. Throws the kinds
/// of file_error.
Space space_at(const std::string& path);

/// How `path` stands: `about` says which place it is.
Finding space_finding(Check check, const std::string& about, const std::string& path);

/// warn above 30 s, fail above 5 minutes, in either direction.
Verdict verdict_of(std::chrono::milliseconds offset);

/// `there` against `here`, which may be wrong by `doubt`; that is taken off before it is judged.
/// `whose` is "the store's clock".
struct ClockReading {
  std::chrono::system_clock::time_point here;
  std::chrono::system_clock::time_point there;
  std::chrono::milliseconds doubt{0};
};
Finding clock_finding(Check check, std::string_view whose, const ClockReading& reading);

/// "nightly-pipeline", or "user 1234" for one without a name.
std::string user_name(uid_t user);

/// nullopt if nothing is there, or it cannot be looked at.
std::optional<uid_t> owner_of(const std::string& path);

/// A warning with `found` where the folder at `path` belongs to another user than the one who
/// looks: what that one may do, the pipeline's may not, and what it makes is in the pipeline's way.
/// nullopt where it is the same, or nothing is there.
std::optional<Finding> finding_of_owner(Check check, const std::string& path,
                                        std::string_view found);

}  // namespace pipeline
