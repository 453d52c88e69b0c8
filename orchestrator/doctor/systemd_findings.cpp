#include "orchestrator/doctor/systemd_findings.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/core.h>

#include "common/base/text.h"
#include "common/process/child_process.h"
#include "common/process/spawn.h"

namespace pipeline {
namespace {

constexpr std::chrono::seconds answer_limit{10};
constexpr std::string_view pipeline_timer = "nightly-pipeline.timer";
constexpr std::array<std::string_view, 5> unit_names{
    "nightly-pipeline.service", pipeline_timer, "nightly-pipeline-alert@.service",
    "nightly-pipeline-drill.service", "nightly-pipeline-drill.timer"};
constexpr std::string_view package =
    "apt install ./nightly-pipeline_VERSION_amd64.deb (./dev package builds it)";

bool is_timer(std::string_view name) {
  return name.ends_with(".timer");
}

/// Standard output of the program; nullopt if it did not run to its end.
std::optional<std::string> output_of(std::vector<std::string> argv, std::stop_token stop) {
  const ChildResult ended = run_child({.argv = std::move(argv),
                                       .environment = child_environment({}, {}),
                                       .input = {},
                                       .log_path = "",
                                       .output = ChildOptions::Output::captured,
                                       .time_limit = answer_limit,
                                       .grace = std::chrono::seconds(1)},
                                      {}, std::move(stop));
  if (ended.stopped_by == ChildResult::StoppedBy::request) {
    throw Error(ErrorKind::cancelled, "stopped by a signal");
  }
  const bool answered =
      ended.end == ChildResult::End::exited && ended.stopped_by == ChildResult::StoppedBy::nobody;
  return answered ? std::optional(std::string(trim(ended.output))) : std::nullopt;
}

/// What systemd-analyze objects to; it writes that to standard error.
std::string verify(const std::string& path, std::stop_token stop) {
  if (find_program("systemd-analyze").empty()) return "";
  return output_of({"sh", "-c", "exec systemd-analyze verify \"$1\" 2>&1", "sh", path},
                   std::move(stop))
      .value_or("");
}

std::string path_of(std::string_view unit, const SystemdPlaces& places) {
  std::error_code ignored;
  for (const auto& folder : places.unit_folders) {
    std::string path = fmt::format("{}/{}", folder, unit);
    if (std::filesystem::exists(path, ignored)) return path;
  }
  return "";
}

}  // namespace

Finding judge_unit(const UnitFacts& unit, Systemd systemd) {
  const auto warn = [&](std::string found, std::string advice) {
    return warning(Check::systemd_unit, unit.name, std::move(found), std::move(advice));
  };
  if (unit.path.empty()) return warn("not installed", std::string(package));
  if (!unit.verify.empty()) {
    return warn(unit.verify, fmt::format("systemd-analyze verify {}", unit.path));
  }
  if (systemd == Systemd::is_absent) {
    return warn(fmt::format("{}; but no systemd runs here to start it", unit.path),
                "let something else start `orchestrator run` at 07:00 in Tokyo");
  }
  if (unit.failed == "failed") {
    return warn("its last run failed",
                fmt::format("journalctl -u {}; orchestrator show; then systemctl reset-failed {}",
                            unit.name, unit.name));
  }
  if (!is_timer(unit.name)) return in_order(Check::systemd_unit, unit.name, unit.path);
  const std::string enabled = unit.enabled.value_or("unknown whether it is enabled");
  if (unit.name == pipeline_timer && enabled != "enabled") {
    return warn(enabled, fmt::format("systemctl enable --now {}", unit.name));
  }
  return in_order(Check::systemd_unit, unit.name, fmt::format("{}, {}", unit.path, enabled));
}

std::vector<Finding> look_at_systemd(const SystemdPlaces& places, const std::stop_token& stop) {
  std::error_code ignored;
  const auto systemd = std::filesystem::is_directory(places.running_mark, ignored)
                           ? Systemd::runs
                           : Systemd::is_absent;
  std::vector<UnitFacts> units;
  for (const auto name : unit_names) {
    UnitFacts unit{.name = std::string(name),
                   .path = path_of(name, places),
                   .verify = "",
                   .enabled = {},
                   .failed = {}};
    if (!unit.path.empty()) unit.verify = verify(unit.path, stop);
    if (!unit.path.empty() && systemd == Systemd::runs) {
      if (is_timer(name)) unit.enabled = output_of({"systemctl", "is-enabled", unit.name}, stop);
      unit.failed = output_of({"systemctl", "is-failed", unit.name}, stop);
    }
    units.push_back(std::move(unit));
  }
  const bool nothing =
      std::ranges::all_of(units, [](const auto& unit) { return unit.path.empty(); });
  if (nothing && systemd == Systemd::is_absent) {
    return {warning(Check::systemd_unit, std::string(pipeline_timer),
                    "not installed, and no systemd runs here",
                    fmt::format("{}; without systemd let something else start `orchestrator run` "
                                "at 07:00 in Tokyo",
                                package))};
  }
  std::vector<Finding> findings;
  for (const auto& unit : units) findings.push_back(judge_unit(unit, systemd));
  return findings;
}

}  // namespace pipeline
