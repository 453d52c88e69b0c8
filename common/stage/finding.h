// One line of `orchestrator doctor`: what was looked at, whether it is in order, what to do.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/base/json.h"

namespace pipeline {

/// Everything that is looked at, in the order in which it is told.
enum class Check {
  config_file,
  config_permissions,
  state_machine,
  alert_channel,
  program,
  dbt_project,
  state_folder,
  free_space,
  host_clock,
  host_time_zone,
  systemd_unit,
  aws_identity,
  store_list,
  store_read,
  store_write,
  store_clock,
  login,
  grants,
  no_excess,
  vault,
  consumers,
  warehouse_identity,
  server_version,
  server_tls,
  takes_writes,
  server_clock,
  server_time_zone,
  named_time_zones,
  session_clock,
  local_infile,
  letter_case,
  sql_mode,
  packet_size,
  statement_limit,
  binlog_format,
  durability,
  file_per_table,
  server_disk,
};

/// One line of the table of checks, from which docs/reference/doctor.md is made.
struct CheckEntry {
  Check check;
  std::string_view id;     // "store-write": in JSON
  std::string_view group;  // "store"
  std::string_view name;   // "write to the store"
  std::string_view why;    // what is looked at, and why it matters
  std::string_view warns;  // when it warns; empty: never
  std::string_view fails;  // when it fails; empty: never
};

/// All of them, in the order of the enum; those of one group stand together.
std::span<const CheckEntry> checks();
const CheckEntry& entry_of(Check check);
/// nullptr if there is none.
const CheckEntry* find_check(std::string_view id);

enum class Verdict { ok, warn, fail };

/// "ok", "warn", "fail"
std::string_view word_of(Verdict verdict);

struct Finding {
  Check check;
  std::string about;  // which of several: an account, a unit, a folder; empty if there is but one
  Verdict verdict = Verdict::ok;
  std::string found;              // as others said it; to_json() and the table blot secrets out
  std::string advice;             // what to type; empty if it is in order
  std::optional<ErrorKind> kind;  // of a failure: what a run would end with

  /// "login of publish"
  std::string name() const;
  bool operator==(const Finding& other) const = default;
};

Finding in_order(Check check, std::string about, std::string found);
Finding warning(Check check, std::string about, std::string found, std::string advice);
Finding failure(Check check, std::string about, const Error& error, std::string advice);
Finding failure(Check check, std::string about, ErrorKind kind, std::string found,
                std::string advice);

/// {"check","group","name","about","verdict","found","advice","error"}; "error" is null unless it
/// failed. Known secrets are blotted out in its texts: once they are escaped as JSON it is too
/// late.
Json to_json(const Finding& finding);
/// Throws config_invalid for a document that is none.
Finding finding_from_json(const Json& document);

/// Who looks tells each finding as soon as it is known: a look that hangs afterwards takes none
/// back.
using Tell = std::function<void(Finding)>;

/// Prints each finding as one line of JSON on standard output, without secrets.
Tell tell_as_lines();

}  // namespace pipeline
