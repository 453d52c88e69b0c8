#include "orchestrator/report/text_report.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "common/base/exit_code.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

using Row = std::vector<std::string>;

constexpr std::string_view interrupted = "Pipeline.Interrupted";

/// A run as people should see it: one whose orchestrator is dead does not go on, whatever the
/// history still says. The next start settles it in the history too.
RunSummary as_seen(RunSummary run, const ReportOptions& options) {
  if (run.status != RunStatus::running || options.owner_alive(run.owner)) return run;
  run.status = RunStatus::aborted;
  run.error = interrupted;
  run.cause = "its orchestrator is dead; the next start records that";
  return run;
}

RunDetail as_seen(RunDetail detail, const ReportOptions& options) {
  detail.run = as_seen(std::move(detail.run), options);
  if (detail.run.status == RunStatus::running) return detail;
  for (auto& attempt : detail.attempts) {
    const bool open = attempt.status == AttemptRecord::Status::scheduled ||
                      attempt.status == AttemptRecord::Status::running;
    if (!open) continue;
    attempt.status = AttemptRecord::Status::aborted;
    attempt.error = interrupted;
    attempt.cause = "how it ended is not known";
  }
  return detail;
}

/// `end` if it is known, now for what goes on, nullopt for what ended nobody knows when.
std::optional<Instant> end_or_now(std::optional<Instant> end, const RunSummary& run,
                                  const ReportOptions& options) {
  if (end || run.status != RunStatus::running) return end;
  return options.now;
}

std::string duration_between(Instant start, std::optional<Instant> end) {
  if (!end) return "-";
  return format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(*end - start));
}

// "2026-02-02T07:00:00+09:00" -> "2026-02-02 07:00:00"
std::string short_jst(Instant instant) {
  return replace_all(format_jst(instant).substr(0, 19), "T", " ");
}

std::string kind_text(const RunSummary& run) {
  const std::string kind(word_of(run.kind));
  return run.only_state.empty() ? kind : fmt::format("{} {}", kind, run.only_state);
}

// Names and error texts are ASCII or rarely not; a wide character only shifts its own line.
std::size_t width_of(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

std::string render_table(const std::vector<Row>& rows, std::string_view indent) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line(indent);
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    line.resize(line.find_last_not_of(' ') + 1);
    text.append(line).append("\n");
  }
  return text;
}

std::string indented(std::string_view text, std::string_view indent) {
  std::string result;
  for (const auto& line : split(trim(text), '\n')) result.append(indent).append(line).append("\n");
  return result;
}

std::string render_head(const RunDetail& detail, const ReportOptions& options) {
  const RunSummary& run = detail.run;
  std::vector<Row> rows{{"business date", run.business_date.iso()},
                        {"kind", kind_text(run)},
                        {"started", format_jst(run.started)}};
  if (run.ended) rows.push_back({"ended", format_jst(*run.ended)});
  rows.push_back({"duration", duration_between(run.started, end_or_now(run.ended, run, options))});
  if (!run.requested_by.empty()) rows.push_back({"requested by", run.requested_by});
  rows.push_back({"ran as", fmt::format("process {} on {}", run.owner.pid, run.owner.host)});
  rows.push_back({"definition", "sha256 " + detail.definition_sha256.substr(0, 12)});
  if (!run.failed_state.empty()) rows.push_back({"failed in", run.failed_state});
  if (!run.error.empty()) rows.push_back({"error", run.error});
  std::string text = fmt::format("Run {}  {}\n", run.id, word_of(run.status));
  text += render_table(rows, "  ");
  if (!run.cause.empty()) text += "  cause\n" + indented(run.cause, "    ");
  return text;
}

std::string state_result(const StateRecord& state, const RunDetail& detail) {
  std::string result = state.exited ? "passed" : "entered";
  if (state.type == "Fail") result = "ended the run";
  for (const auto& attempt : detail.attempts) {
    if (attempt.state == state.name) result = word_of(attempt.status);
  }
  return result;
}

std::string render_states(const RunDetail& detail, const ReportOptions& options) {
  if (detail.states.empty()) return "";
  std::vector<Row> rows{{"STATE", "TYPE", "RESULT", "ATTEMPTS", "DURATION"}};
  for (const auto& state : detail.states) {
    const auto count = std::ranges::count_if(
        detail.attempts, [&](const auto& attempt) { return attempt.state == state.name; });
    std::optional<Instant> end = state.exited;
    if (!end && state.type == "Task") end = end_or_now(detail.run.ended, detail.run, options);
    rows.push_back({state.name, state.type, state_result(state, detail),
                    count == 0 ? "-" : fmt::format("{}", count),
                    duration_between(state.entered, end)});
  }
  return "\n" + render_table(rows, "");
}

std::string how_it_ended(const AttemptRecord& attempt) {
  if (!attempt.signal.empty()) return fmt::format("signal {}", attempt.signal);
  if (attempt.exit_code) return fmt::format("exit code {}", *attempt.exit_code);
  return "";
}

std::string render_attempts(const RunDetail& detail, const ReportOptions& options) {
  if (detail.attempts.empty()) return "";
  std::string text = "\nAttempts\n";
  for (const auto& attempt : detail.attempts) {
    const auto end = end_or_now(attempt.ended, detail.run, options);
    text +=
        fmt::format("  {} #{}  {}  {}  {}  {}\n", attempt.state, attempt.number, attempt.resource,
                    word_of(attempt.status), short_jst(attempt.started.value_or(attempt.scheduled)),
                    duration_between(attempt.started.value_or(attempt.scheduled), end));
    if (!attempt.error.empty()) {
      const std::string ending = how_it_ended(attempt);
      text += fmt::format("    {}{}\n", attempt.error,
                          ending.empty() ? "" : fmt::format(" ({})", ending));
      text += indented(attempt.cause, "      ");
    }
    if (!attempt.log_path.empty()) text += fmt::format("    log {}\n", attempt.log_path);
  }
  return text;
}

/// The log to read first: of the last attempt of the state that failed, else of the last attempt.
std::string log_to_read(const RunDetail& detail) {
  std::string log;
  bool found_failed = false;
  for (const auto& attempt : detail.attempts) {
    const bool of_failed = attempt.state == detail.run.failed_state;
    if (attempt.log_path.empty() || (found_failed && !of_failed)) continue;
    log = attempt.log_path;
    found_failed = found_failed || of_failed;
  }
  return log;
}

std::string_view meaning_of(std::string_view error) {
  if (error == interrupted) {
    return "The orchestrator was stopped or died; what was published stays, nothing is half "
           "published.";
  }
  const auto* entry = find_error_kind(error);
  return entry != nullptr ? entry->meaning : std::string_view{};
}

std::string render_next(const RunDetail& detail) {
  const RunSummary& run = detail.run;
  const std::string log = log_to_read(detail);
  if (run.status == RunStatus::succeeded) return "";
  if (run.status == RunStatus::running) {
    return log.empty() ? "" : fmt::format("\nNext\n  tail -f {}\n", log);
  }
  std::string text = "\nNext\n";
  if (const auto meaning = meaning_of(run.error); !meaning.empty()) {
    text += fmt::format("  {}\n", meaning);
  }
  if (!log.empty()) text += fmt::format("  less {}\n", log);
  if (run.error == entry_of(ErrorKind::already_running).name) {
    return text + "  orchestrator history\n";
  }
  const std::string date = run.business_date.iso();
  const bool failed_in_stage =
      std::ranges::any_of(detail.attempts, [&](const AttemptRecord& attempt) {
        return attempt.state == run.failed_state && attempt.resource.starts_with("stage:");
      });
  if (failed_in_stage) {
    text += fmt::format("  orchestrator rerun --only {} --date {}    # this layer alone\n",
                        to_lower(run.failed_state), date);
  }
  return text + "  orchestrator run    # everything that is still to do, oldest day first\n";
}

}  // namespace

std::string format_duration(std::chrono::milliseconds duration) {
  const auto milliseconds = std::max<std::int64_t>(duration.count(), 0);
  if (milliseconds < 1000) return fmt::format("{}ms", milliseconds);
  // Tenths are cut, not rounded, so that 59.96 s does not read 60.0s.
  if (milliseconds < 60'000) {
    return fmt::format("{}.{}s", milliseconds / 1000, milliseconds % 1000 / 100);
  }
  const std::int64_t seconds = milliseconds / 1000;
  if (seconds < 3600) return fmt::format("{}m {:02}s", seconds / 60, seconds % 60);
  return fmt::format("{}h {:02}m", seconds / 3600, seconds % 3600 / 60);
}

std::string render_history(std::span<const RunSummary> runs, const ReportOptions& options) {
  if (runs.empty()) return "No run is recorded yet.\n";
  std::vector<Row> rows{
      {"RUN", "DATE", "KIND", "STATUS", "STARTED (JST)", "DURATION", "FAILED IN", "ERROR"}};
  for (const auto& recorded : runs) {
    const RunSummary run = as_seen(recorded, options);
    rows.push_back({run.id, run.business_date.iso(), kind_text(run),
                    std::string(word_of(run.status)), short_jst(run.started),
                    duration_between(run.started, end_or_now(run.ended, run, options)),
                    run.failed_state, run.error});
  }
  return render_table(rows, "");
}

std::string render_run(const RunDetail& run, const ReportOptions& options) {
  const RunDetail seen = as_seen(run, options);
  return render_head(seen, options) + render_states(seen, options) +
         render_attempts(seen, options) + render_next(seen);
}

}  // namespace pipeline
