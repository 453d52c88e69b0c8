// What the loader says is live and pending, and which business date to run next.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/json.h"

namespace pipeline {

/// `staging_loader check --json`.
struct StagingCheck {
  struct Layer {
    std::string name;
    std::optional<BusinessDate> business_date;  // nullopt: never published
    /// Whether the layer below it got a new generation of the same date since it was built.
    enum class Built { current, outdated } built = Built::current;
  };
  std::optional<BusinessDate> live;   // of staging; nullopt: never loaded
  std::vector<BusinessDate> pending;  // dumps newer than the live one
  std::vector<BusinessDate> missing;  // dates between them that have no dump
  std::vector<Layer> layers;
};

/// Throws config_invalid if the document is not the loader's.
StagingCheck parse_staging_check(const Json& document);

/// The date to run next, nullopt if all is done. `today` is the date asked for, `done` the dates
/// that this start has already run to success.
/// Oldest first, because each day's dump is read once only: first the live date again if a layer is
/// behind it (what a stage has done it does not do twice), then each pending date up to `today`,
/// then `today` itself if it is not live: its dump is missing, which the loader waits for and
/// reports. If nothing at all is to be done `today` is run once, and the stages say so.
std::optional<BusinessDate> next_date(const StagingCheck& check, BusinessDate today,
                                      const std::set<BusinessDate>& done);

struct AskOptions {
  std::vector<std::string> loader;  // argv without options
  std::string config_path;
  std::vector<std::string> environment;
  std::string log_path;  // what the loader says on standard error
  std::chrono::seconds time_limit{120};
};

/// Asks the loader. Throws an Error of the kind that its exit code tells, timed_out, cancelled, or
/// internal if its answer cannot be understood.
StagingCheck ask_loader(const AskOptions& options, std::stop_token stop);

}  // namespace pipeline
