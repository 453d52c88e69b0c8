// Whether systemd starts the pipeline: the units of deploy/systemd, installed, understood, enabled.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "common/stage/finding.h"

namespace pipeline {

/// What is known of one unit.
struct UnitFacts {
  std::string name;                    // "nightly-pipeline.timer"
  std::string path;                    // of its file; empty: it is not installed
  std::string verify;                  // what systemd-analyze objects to; empty: nothing
  std::optional<std::string> enabled;  // "enabled", "disabled"; nullopt: nobody to ask
  std::optional<std::string> failed;   // "failed", "inactive"; nullopt: nobody to ask
};

/// Pure. The timer must be enabled, else it warns; the drill's need not be. `runs` says whether
/// systemd is there.
enum class Systemd { runs, is_absent };
Finding judge_unit(const UnitFacts& unit, Systemd systemd);

struct SystemdPlaces {
  std::vector<std::string> unit_folders = {"/etc/systemd/system", "/run/systemd/system",
                                           "/usr/lib/systemd/system", "/lib/systemd/system"};
  std::string running_mark = "/run/systemd/system";  // sd_booted(3)
};

/// One line a unit; a single one where neither systemd nor a unit is there.
std::vector<Finding> look_at_systemd(const SystemdPlaces& places, const std::stop_token& stop);

}  // namespace pipeline
