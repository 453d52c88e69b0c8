#include "orchestrator/alerts/message.h"

#include <algorithm>
#include <string_view>

#include <fmt/core.h>

#include "common/base/exit_code.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

// Longer causes stand whole in the history.
constexpr std::size_t cause_in_text_bytes_max = 4000;

bool is_alert(const AttemptRecord& attempt) {
  return attempt.resource.starts_with("notify:");
}

bool has_failed(const AttemptRecord& attempt) {
  switch (attempt.status) {
    case AttemptRecord::Status::failed:
    case AttemptRecord::Status::timed_out:
    case AttemptRecord::Status::aborted:
      return true;
    case AttemptRecord::Status::scheduled:
    case AttemptRecord::Status::running:
    case AttemptRecord::Status::succeeded:
      return false;
  }
  return false;
}

/// The last attempt of the work, if it failed.
const AttemptRecord* failed_attempt(const RunDetail& run) {
  const AttemptRecord* last = nullptr;
  for (const auto& attempt : run.attempts) {
    if (!is_alert(attempt)) last = &attempt;
  }
  return last != nullptr && has_failed(*last) ? last : nullptr;
}

/// A word of the shell: quoted only where it must be.
std::string shell_word(std::string_view word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/._-:=").find(c) != std::string_view::npos;
  });
  if (plain) return std::string(word);
  return "'" + replace_all(word, "'", "'\\''") + "'";
}

std::string command_of(const MessageOptions& options, std::string_view words) {
  std::string command;
  for (const auto& [name, value] : options.variables) {
    command += fmt::format("{}={} ", name, shell_word(value));
  }
  return command + fmt::format("{} --config {} {}", shell_word(options.program),
                               shell_word(options.config_path), words);
}

std::string rerun_command(const RunDetail& run, std::string_view state,
                          const MessageOptions& options) {
  return command_of(options, fmt::format("rerun --only {} --date {}", shell_word(to_lower(state)),
                                         run.run.business_date.iso()));
}

std::string duration_of(const AttemptRecord& attempt) {
  if (!attempt.ended) return "";
  const auto took = std::chrono::duration_cast<std::chrono::seconds>(
      *attempt.ended - attempt.started.value_or(attempt.scheduled));
  return fmt::format(" in {} s", took.count());
}

/// "  Staging  succeeded in 12 s", one line a state in the order of entering.
std::string states_text(const RunDetail& run) {
  std::string text;
  for (const auto& state : run.states) {
    const AttemptRecord* last = nullptr;
    std::size_t count = 0;
    for (const auto& attempt : run.attempts) {
      if (attempt.state != state.name || is_alert(attempt)) continue;
      last = &attempt;
      ++count;
    }
    if (last == nullptr) continue;
    const std::string attempts = count == 1 ? "" : fmt::format(" ({} attempts)", count);
    if (last->status == AttemptRecord::Status::succeeded) {
      text += fmt::format("  {}: succeeded{}{}\n", state.name, duration_of(*last), attempts);
    } else if (has_failed(*last)) {
      text += fmt::format("  {}: FAILED with {}{}\n", state.name, last->error, attempts);
    }
  }
  return text;
}

std::string_view meaning_of(std::string_view error) {
  const auto* entry = find_error_kind(error);
  return entry == nullptr ? std::string_view{} : entry->meaning;
}

}  // namespace

Json AlertMessage::to_json() const {
  Json document = Json::object();
  document.set("subject", subject);
  document.set("text", text);
  document.set("run_id", run_id);
  document.set("business_date", business_date.iso());
  document.set("state", state);
  document.set("error", error);
  document.set("cause", cause);
  document.set("command", command);
  document.set("log", log_path);
  return document;
}

AlertMessage compose_message(const RunDetail& run, const MessageOptions& options) {
  AlertMessage message{.run_id = run.run.id, .business_date = run.run.business_date};
  const std::string date = message.business_date.iso();
  const AttemptRecord* failed = failed_attempt(run);
  if (failed == nullptr) {
    message.subject = fmt::format("Nightly pipeline {}: nothing failed so far", date);
    message.text = fmt::format("Run {} for {}\n{}", run.run.id, date, states_text(run));
    return message;
  }
  message.state = failed->state;
  message.error = failed->error;
  message.cause = failed->cause;
  message.log_path = failed->log_path;
  message.command = rerun_command(run, failed->state, options);
  message.subject =
      fmt::format("Nightly pipeline {}: {} failed with {}", date, failed->state, failed->error);

  std::string& text = message.text;
  text = fmt::format("Run {} for {}: {} failed.\n\n{}\n", run.run.id, date, failed->state,
                     states_text(run));
  text += fmt::format("Error: {}\n", failed->error);
  if (const auto meaning = meaning_of(failed->error); !meaning.empty()) {
    text += fmt::format("Meaning: {}\n", meaning);
  }
  text += fmt::format("Cause: {}\n", head(failed->cause, cause_in_text_bytes_max));
  text += "\nNothing is half published: readers see each layer as it was last published whole.\n";
  text += fmt::format("\nTo rerun {} alone:\n  {}\n", failed->state, message.command);
  text += fmt::format("To go on with everything that is still to do:\n  {}\n",
                      command_of(options, "run"));
  if (!failed->log_path.empty()) text += fmt::format("\nLog: {}\n", failed->log_path);
  return message;
}

}  // namespace pipeline
