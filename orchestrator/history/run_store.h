// The history of all runs in one SQLite file: every event is on the disk before the next step.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "orchestrator/engine/history_sink.h"
#include "orchestrator/history/owner.h"

namespace pipeline {

using Instant = std::chrono::system_clock::time_point;

/// "STATE_DIR/history.sqlite"
std::string history_path(const std::string& state_dir);

enum class RunKind { run, rerun };
std::string_view word_of(RunKind kind);  // "run", "rerun"

struct NewRun {
  RunKind kind = RunKind::run;
  BusinessDate business_date;
  std::string definition_text;
  std::string definition_sha256;
  Json input = Json::object();
  std::string only_state;    // empty: the whole machine
  std::string requested_by;  // "systemd timer", a user's name
};

struct RunSummary {
  std::string id;  // "20260202-070000-ab12": business date, time of start (JST), random
  RunKind kind = RunKind::run;
  BusinessDate business_date;
  RunStatus status = RunStatus::running;
  Instant started;
  std::optional<Instant> ended;
  std::string failed_state;
  std::string error;
  std::string cause;
  std::string only_state;
  std::string requested_by;
  Owner owner;
};

struct StateRecord {
  std::string name;
  std::string type;
  Instant entered;
  std::optional<Instant> exited;
};

struct AttemptRecord {
  enum class Status { scheduled, running, succeeded, failed, timed_out, aborted };
  std::string state;
  int number = 1;
  std::string resource;
  Status status = Status::scheduled;
  Instant scheduled;
  std::optional<Instant> started;
  std::optional<Instant> ended;
  std::string error;
  std::string cause;
  std::optional<int> exit_code;
  std::string signal;
  std::optional<std::int64_t> pid;
  std::string log_path;
  Json result;  // the stage's result file
};
/// "SCHEDULED", "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"
std::string_view word_of(AttemptRecord::Status status);

struct EventRecord {
  std::int64_t number = 1;  // from 1, in this run
  Instant at;
  std::string type;  // "TaskScheduled"
  std::string state;
  Json details;
};

struct RunDetail {
  RunSummary run;
  std::string definition_sha256;
  std::string definition_text;
  Json input;
  std::vector<StateRecord> states;      // in the order of entering
  std::vector<AttemptRecord> attempts;  // in the order of scheduling
};

/// One connection; use it from one thread, and never across a fork. Every function throws Error:
/// resource_exhausted when the disk is full or fails, access_denied when the file may not be
/// written, config_invalid for a file that is no history or was written by a newer program,
/// lock_contention after ten seconds behind another writer.
class RunStore : public HistorySink {
 public:
  /// Opens or makes the file and brings its schema up to date.
  explicit RunStore(const std::string& path);
  ~RunStore() override;
  RunStore(RunStore&&) noexcept;
  RunStore& operator=(RunStore&&) noexcept;

  /// Records a run as RUNNING, owned by this process, and returns its id. Hold the RunLock and
  /// settle first: throws already_running if another run is RUNNING. The first write of a start,
  /// so a disk that takes no history ends it before anything else is touched.
  std::string begin(const NewRun& run, Instant now);
  /// Records a run that could not start because another one holds the lock: ABORTED with
  /// Pipeline.AlreadyRunning. Returns its id.
  std::string record_already_running(const NewRun& run, Instant now);
  /// The runs that are RUNNING, with their attempts: whose processes to look for before settling.
  std::vector<RunDetail> open_runs() const;
  /// Ends every RUNNING run, and its open attempts, as ABORTED with Pipeline.Interrupted and
  /// returns them as they are now; `ended` is the last thing that was recorded of the run. Hold the
  /// RunLock: with it, whoever owned them is dead.
  std::vector<RunSummary> settle_interrupted(Instant now);

  void record(const HistoryEvent& event) override;

  /// Newest start first.
  std::vector<RunSummary> list(int limit) const;
  /// By id, or by "latest"; nullopt if there is none.
  std::optional<RunDetail> find(std::string_view id) const;
  /// The newest run of that date, skipped ones (Pipeline.AlreadyRunning) left out.
  std::optional<RunSummary> last_run(BusinessDate date) const;
  std::vector<EventRecord> events(std::string_view run_id) const;

 private:
  class Database;
  std::unique_ptr<Database> db_;
};

}  // namespace pipeline
