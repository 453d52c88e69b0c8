// What `history` and `show` print, as pure functions of what the history holds.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>

#include "orchestrator/history/run_store.h"

namespace pipeline {

struct ReportOptions {
  Instant now;  // for the duration of a run that goes on
  /// Whether the owner of a RUNNING run lives; a dead one is shown as interrupted.
  std::function<bool(const Owner&)> owner_alive = is_alive;
};

/// A table, newest first: run, date, kind, status, start (JST), duration, where and why it failed.
/// One line that says so if there are no runs.
std::string render_history(std::span<const RunSummary> runs, const ReportOptions& options);

/// One run: states, attempts with durations, errors and log paths, and what to type next.
std::string render_run(const RunDetail& run, const ReportOptions& options);

/// "850ms", "12.3s", "6m 05s", "2h 03m"; "0ms" for less than a millisecond and below zero.
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace pipeline
