// The one table of error kinds: exit code, name in state machines, whether a retry can help.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace pipeline {

/// What went wrong, as the caller, the operator and the state machine need to tell it apart.
/// Adding a kind adds a line to the table in exit_code.cpp and an entry in
/// docs/reference/exit-codes.md.
enum class ErrorKind {
  sql_rejected,                 // the server refused a statement of a model, hook or load
  data_test_failed,             // every failure of the run is a data test of severity error
  hook_failed,                  // a pre-hook or post-hook failed; nothing of the layer is published
  on_run_end_failed,            // the models are published, an on-run-end hook failed
  published_with_failed_tests,  // the layer is published although data tests failed, as configured
  partial_failure,              // several kinds of failure in one run
  internal,                     // our own mistake
  config_invalid,               // command line, pipeline.yaml, dbt project, state machine
  dump_not_yet,                 // the dump of the business date is not there (yet)
  dump_continuity,              // a date between the live generation and this dump has no dump
  dump_freshness,      // the dump is older than what is live, or its bytes were loaded before
  dump_corrupt,        // truncated, damaged or incomplete
  dump_refused,        // well formed, but it asks for what a load must not do
  access_denied,       // wrong password, missing grant, no permission on a file
  unavailable,         // the server or the store does not answer
  lock_contention,     // 1205, 1213, metadata locks
  already_running,     // another run holds the lock
  resource_exhausted,  // disk, memory, packet size
  timed_out,           // a limit of ours ran out
  guard_refused,       // a safety rule forbids what was asked
  wrong_database,      // not the server this pipeline was set up for, or read-only
  cancelled,           // SIGTERM, SIGINT
};

enum class Retryable { no, yes };

struct ErrorKindEntry {
  ErrorKind kind;
  std::string_view name;  // as in ErrorEquals, with the prefix "Pipeline."
  int exit_code;
  Retryable retryable;  // what the bundled state machine does; an imported one says it itself
  std::string_view meaning;
};

/// All kinds, in the order of the enum. The documents and `--help` are made from it.
std::span<const ErrorKindEntry> error_kinds();

const ErrorKindEntry& entry_of(ErrorKind kind);

/// The entry whose name is `name` ("Pipeline.SqlRejected"), nullptr if there is none.
const ErrorKindEntry* find_error_kind(std::string_view name);

/// The name to report for a child that ended with `exit_code` and left no result file:
/// the first entry with that code. nullptr for 0 and for codes that are not ours.
const ErrorKindEntry* find_error_kind(int exit_code);

}  // namespace pipeline
