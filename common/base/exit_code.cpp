#include "common/base/exit_code.h"

#include <array>

namespace pipeline {
namespace {

using enum ErrorKind;
constexpr auto no = Retryable::no;
constexpr auto yes = Retryable::yes;

constexpr std::array entries{
    ErrorKindEntry{
        sql_rejected, "Pipeline.SqlRejected", 1, no,
        "The server refused a statement; the message has its words, the file and the line."},
    ErrorKindEntry{data_test_failed, "Pipeline.DataTestFailed", 1, no,
                   "A data test found rows it should not find; the candidate was not published."},
    ErrorKindEntry{hook_failed, "Pipeline.HookFailed", 1, no,
                   "A hook of a model failed; nothing of the layer was published."},
    ErrorKindEntry{
        on_run_end_failed, "Pipeline.OnRunEndFailed", 1, no,
        "The models are published, an on-run-end hook failed; a rerun runs only the hooks."},
    ErrorKindEntry{published_with_failed_tests, "Pipeline.PublishedWithFailedTests", 1, no,
                   "The layer is published although data tests failed, as on_test_failure says; a "
                   "rerun finds nothing new."},
    ErrorKindEntry{partial_failure, "Pipeline.PartialFailure", 1, no,
                   "Several nodes failed in different ways; the result file lists them."},
    ErrorKindEntry{internal, "Pipeline.Internal", 2, no, "A mistake in the pipeline itself."},
    ErrorKindEntry{
        config_invalid, "Pipeline.ConfigInvalid", 10, no,
        "Command line, pipeline.yaml, dbt project or state machine is wrong; nothing was touched."},
    ErrorKindEntry{dump_not_yet, "Pipeline.DumpNotYet", 11, no,
                   "The dump of the business date has not arrived."},
    ErrorKindEntry{
        dump_continuity, "Pipeline.DumpContinuity", 12, no,
        "The dumps of one or more dates are missing between the live date and the next dump."},
    ErrorKindEntry{
        dump_freshness, "Pipeline.DumpFreshness", 13, no,
        "The dump is older than what is live, or the same bytes were loaded under another date."},
    ErrorKindEntry{dump_corrupt, "Pipeline.DumpCorrupt", 14, no,
                   "The dump is truncated, damaged or incomplete."},
    ErrorKindEntry{dump_refused, "Pipeline.DumpRefused", 14, no,
                   "The dump holds a statement that a load must not run."},
    ErrorKindEntry{access_denied, "Pipeline.AccessDenied", 15, no,
                   "A login, a grant or a file permission is missing."},
    ErrorKindEntry{unavailable, "Pipeline.Unavailable", 16, yes,
                   "The database server or the object store does not answer."},
    ErrorKindEntry{lock_contention, "Pipeline.LockContention", 17, yes,
                   "A lock of somebody else was not released in time."},
    ErrorKindEntry{already_running, "Pipeline.AlreadyRunning", 18, yes,
                   "Another run holds the lock of this target."},
    ErrorKindEntry{resource_exhausted, "Pipeline.ResourceExhausted", 19, no,
                   "Disk, memory or packet size ran out."},
    ErrorKindEntry{timed_out, "Pipeline.TimedOut", 20, yes, "A time limit ran out."},
    ErrorKindEntry{guard_refused, "Pipeline.GuardRefused", 21, no,
                   "A safety rule forbids it; the message says which and how to go on."},
    ErrorKindEntry{wrong_database, "Pipeline.WrongDatabase", 22, no,
                   "The server is not the one the pipeline was set up for, or it is read-only."},
    ErrorKindEntry{cancelled, "Pipeline.Cancelled", 130, no, "Stopped by SIGTERM or SIGINT."},
};

}  // namespace

std::span<const ErrorKindEntry> error_kinds() {
  return entries;
}

const ErrorKindEntry& entry_of(ErrorKind kind) {
  return entries[static_cast<std::size_t>(kind)];
}

const ErrorKindEntry* find_error_kind(std::string_view name) {
  for (const auto& entry : entries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

const ErrorKindEntry* find_error_kind(int exit_code) {
  for (const auto& entry : entries) {
    if (entry.exit_code == exit_code) return &entry;
  }
  return nullptr;
}

}  // namespace pipeline
