#include "orchestrator/history/run_store.h"

#include <algorithm>
#include <array>
#include <random>
#include <type_traits>
#include <utility>
#include <variant>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/redacted_json.h"
#include "common/base/secret.h"
#include "common/base/text.h"
#include "orchestrator/history/schema.h"
#include "orchestrator/history/sqlite.h"

namespace pipeline {
namespace {

constexpr std::size_t cause_bytes_max = 32U << 10U;  // the service's limit for a Cause
constexpr std::size_t json_bytes_max = 4U << 20U;    // a stage's result with every table is ~1 MB
constexpr std::string_view interrupted_error = "Pipeline.Interrupted";

constexpr std::array<std::pair<AttemptRecord::Status, std::string_view>, 6> attempt_words{{
    {AttemptRecord::Status::scheduled, "SCHEDULED"},
    {AttemptRecord::Status::running, "RUNNING"},
    {AttemptRecord::Status::succeeded, "SUCCEEDED"},
    {AttemptRecord::Status::failed, "FAILED"},
    {AttemptRecord::Status::timed_out, "TIMED_OUT"},
    {AttemptRecord::Status::aborted, "ABORTED"},
}};

AttemptRecord::Status parse_attempt_status(std::string_view word) {
  for (const auto& [status, name] : attempt_words) {
    if (name == word) return status;
  }
  throw Error(ErrorKind::config_invalid,
              fmt::format("the run history holds an attempt with the unknown status {}", word));
}

std::string stored_cause(std::string_view cause) {
  return head(redact(cause), cause_bytes_max);
}

std::string stored_json(const Json& value) {
  std::string text = redacted(value).dump();
  if (text.size() <= json_bytes_max) return text;
  Json note = Json::object();
  note.set("omitted_bytes", static_cast<std::int64_t>(text.size()));
  return note.dump();
}

/// The definition as it was written; one in JSON is written anew if a secret stands in it escaped.
std::string stored_definition(std::string_view text) {
  std::string stored = redact(text);
  try {
    const Json document = Json::parse(stored);
    const Json clean = redacted(document);
    if (!(clean == document)) stored = clean.dump(Json::Style::indented);
  } catch (const Error&) {
    // It is YAML: there is nothing to look at but the text.
  }
  return stored;
}

std::string random_suffix() {
  std::random_device source;
  return fmt::format("{:04x}", source() & 0xFFFFU);
}

// "2026-02-02T07:00:00+09:00" -> "070000"
std::string start_digits(Instant start) {
  return replace_all(format_jst(start).substr(11, 8), ":", "");
}

Instant parse_stored(const std::string& text) {
  if (const auto instant = parse_utc(text)) return *instant;
  throw Error(ErrorKind::config_invalid,
              fmt::format("the run history holds \"{}\" where a time should be", text));
}

std::optional<Instant> parse_optional(const SqliteStatement& row, int column) {
  if (row.is_null(column)) return {};
  return parse_stored(row.text(column));
}

Json parse_json(const SqliteStatement& row, int column) {
  return row.is_null(column) ? Json() : Json::parse(row.text(column));
}

constexpr std::string_view run_columns =
    "id, kind, business_date, status, started_utc, ended_utc, failed_state, error, cause,"
    " only_state, requested_by, host, pid, boot_id, process_start_ticks";

RunSummary read_run(const SqliteStatement& row) {
  const auto date = BusinessDate::parse(row.text(2));
  const auto status = parse_run_status(row.text(3));
  if (!date || !status) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("the run history holds a run {} with a date or status that no program "
                            "of ours writes",
                            row.text(0)));
  }
  return {.id = row.text(0),
          .kind = row.text(1) == "rerun" ? RunKind::rerun : RunKind::run,
          .business_date = *date,
          .status = *status,
          .started = parse_stored(row.text(4)),
          .ended = parse_optional(row, 5),
          .failed_state = row.text(6),
          .error = row.text(7),
          .cause = row.text(8),
          .only_state = row.text(9),
          .requested_by = row.text(10),
          .owner = {.host = row.text(11),
                    .pid = row.integer(12),
                    .boot_id = row.text(13),
                    .start_ticks = row.integer(14)}};
}

AttemptRecord read_attempt(const SqliteStatement& row) {
  AttemptRecord attempt{.state = row.text(0),
                        .number = static_cast<int>(row.integer(1)),
                        .resource = row.text(2),
                        .status = parse_attempt_status(row.text(3)),
                        .scheduled = parse_stored(row.text(4)),
                        .started = parse_optional(row, 5),
                        .ended = parse_optional(row, 6),
                        .error = row.text(7),
                        .cause = row.text(8),
                        .exit_code = {},
                        .signal = row.text(10),
                        .pid = {},
                        .log_path = row.text(12),
                        .result = parse_json(row, 13)};
  if (!row.is_null(9)) attempt.exit_code = static_cast<int>(row.integer(9));
  if (!row.is_null(11)) attempt.pid = row.integer(11);
  return attempt;
}

/// What an event says besides its type and state, in Step Functions' member names.
struct DetailsOf {
  Json operator()(const event::ExecutionStarted& e) const { return with("input", e.input); }
  Json operator()(const event::StateEntered& e) const { return with("input", e.input); }
  Json operator()(const event::TaskScheduled& e) const {
    Json details = task(e.attempt);
    details.set("resourceType", "process");
    details.set("resource", e.resource);
    if (e.timeout) details.set("timeoutInSeconds", std::int64_t{e.timeout->count()});
    return details;
  }
  Json operator()(const event::TaskStarted& e) const {
    Json details = task(e.attempt);
    if (e.start.pid) details.set("pid", *e.start.pid);
    details.set("logPath", e.start.log_path);
    return details;
  }
  Json operator()(const event::TaskEnded& e) const {
    Json details = task(e.attempt);
    if (const auto* success = std::get_if<TaskSuccess>(&e.report.outcome)) {
      details.set("output", success->output);
    } else if (const auto* failure = std::get_if<TaskFailure>(&e.report.outcome)) {
      details.set("error", failure->error);
      details.set("cause", head(failure->cause, cause_bytes_max));
    } else if (const auto* timeout = std::get_if<TaskTimeout>(&e.report.outcome)) {
      details.set("error", "States.Timeout");
      details.set("cause", head(timeout->cause, cause_bytes_max));
    }
    if (e.report.exit_code) details.set("exitCode", *e.report.exit_code);
    if (!e.report.signal.empty()) details.set("signal", e.report.signal);
    return details;
  }
  Json operator()(const event::RetryScheduled& e) const {
    Json details = with("retry", e.retry);
    details.set("delayInMilliseconds", std::int64_t{e.delay.count()});
    return details;
  }
  Json operator()(const event::StateExited& e) const { return with("output", e.output); }
  Json operator()(const event::BranchesReached&) const { return Json::object(); }
  Json operator()(const event::IterationReached& e) const {
    return with("index", std::uint64_t{e.index});
  }
  Json operator()(const event::ExecutionEnded& e) const {
    if (e.result.status == RunStatus::succeeded) return with("output", e.result.output);
    Json details = with("error", e.result.error);
    details.set("cause", head(e.result.cause, cause_bytes_max));
    return details;
  }

 private:
  static Json with(std::string_view key, Json value) {
    Json details = Json::object();
    details.set(key, std::move(value));
    return details;
  }
  static Json task(int attempt) { return with("attempt", attempt); }
};

std::string state_of(const HistoryEvent::Body& body) {
  return std::visit(
      [](const auto& e) -> std::string {
        if constexpr (requires { e.state; }) {
          return e.state;
        } else {
          return {};
        }
      },
      body);
}

struct OutcomeRecord {
  AttemptRecord::Status status;
  std::string error;
  std::string cause;
};

struct OutcomeOf {
  OutcomeRecord operator()(const TaskSuccess&) const {
    return {AttemptRecord::Status::succeeded, "", ""};
  }
  OutcomeRecord operator()(const TaskFailure& outcome) const {
    return {AttemptRecord::Status::failed, outcome.error, outcome.cause};
  }
  OutcomeRecord operator()(const TaskTimeout& outcome) const {
    return {AttemptRecord::Status::timed_out, "States.Timeout", outcome.cause};
  }
  OutcomeRecord operator()(const TaskCancelled&) const {
    return {AttemptRecord::Status::aborted, "Pipeline.Cancelled", "the orchestrator was stopped"};
  }
};

}  // namespace

std::string history_path(const std::string& state_dir) {
  return state_dir + "/history.sqlite";
}

std::string_view word_of(RunKind kind) {
  return kind == RunKind::run ? "run" : "rerun";
}

std::string_view word_of(AttemptRecord::Status status) {
  return attempt_words[static_cast<std::size_t>(status)].second;
}

/// The connection and the statements; every public function of RunStore is one transaction of it.
class RunStore::Database {
 public:
  explicit Database(const std::string& path) : sqlite_(path) { migrate_history(sqlite_); }

  std::string insert_run(const NewRun& run, RunStatus status, Instant now) {
    std::string id = free_id(run.business_date, now);
    sqlite_.prepare("INSERT OR IGNORE INTO definition (sha256, text) VALUES (?, ?)")
        .bind(1, run.definition_sha256)
        .bind(2, stored_definition(run.definition_text))
        .run();
    const Owner owner = this_process();
    auto insert = sqlite_.prepare(
        "INSERT INTO run (id, kind, business_date, status, started_utc, ended_utc,"
        " definition_sha256, only_state, input_json, requested_by, host, pid, boot_id,"
        " process_start_ticks) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(1, id)
        .bind(2, word_of(run.kind))
        .bind(3, run.business_date.iso())
        .bind(4, word_of(status))
        .bind(5, format_utc(now));
    if (status != RunStatus::running) insert.bind(6, format_utc(now));
    insert.bind(7, run.definition_sha256)
        .bind(8, run.only_state)
        .bind(9, stored_json(run.input))
        .bind(10, run.requested_by)
        .bind(11, owner.host)
        .bind(12, owner.pid)
        .bind(13, owner.boot_id)
        .bind(14, owner.start_ticks)
        .run();
    return id;
  }

  void append(const HistoryEvent& event) {
    insert_event(event.run_id, event.at, event_type(event.body), state_of(event.body),
                 std::visit(DetailsOf{}, event.body));
    std::visit([&](const auto& body) { apply(event, body); }, event.body);
  }

  void insert_event(std::string_view run_id, Instant at, std::string_view type,
                    std::string_view state, const Json& details) {
    sqlite_
        .prepare(
            "INSERT INTO state_event (run_id, number, at_utc, type, state, details_json)"
            " SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5"
            " FROM state_event WHERE run_id = ?1")
        .bind(1, run_id)
        .bind(2, format_utc(at))
        .bind(3, type)
        .bind(4, state)
        .bind(5, stored_json(details))
        .run();
  }

  void end_run(std::string_view run_id, Instant at, const RunResult& result) {
    auto update = sqlite_.prepare(
        "UPDATE run SET status = ?2, ended_utc = ?3, failed_state = ?4, error = ?5, cause = ?6,"
        " output_json = ?7 WHERE id = ?1");
    update.bind(1, run_id)
        .bind(2, word_of(result.status))
        .bind(3, format_utc(at))
        .bind(4, result.failed_state)
        .bind(5, result.error)
        .bind(6, stored_cause(result.cause));
    if (result.status == RunStatus::succeeded) update.bind(7, stored_json(result.output));
    update.run();
  }

  std::vector<RunSummary> runs(std::string_view condition_and_order,
                               std::optional<std::string_view> text = {},
                               std::optional<std::int64_t> number = {}) const {
    auto query =
        sqlite_.prepare(fmt::format("SELECT {} FROM run {}", run_columns, condition_and_order));
    if (text) query.bind(1, *text);
    if (number) query.bind(1, *number);
    std::vector<RunSummary> found;
    while (query.step()) found.push_back(read_run(query));
    return found;
  }

  RunDetail detail(RunSummary run) const {
    RunDetail detail{.run = std::move(run)};
    auto row = sqlite_.prepare(
        "SELECT definition_sha256, text, input_json FROM run JOIN definition ON sha256 ="
        " definition_sha256 WHERE id = ?");
    row.bind(1, detail.run.id);
    if (row.step()) {
      detail.definition_sha256 = row.text(0);
      detail.definition_text = row.text(1);
      detail.input = parse_json(row, 2);
    }
    detail.states = states(detail.run.id);
    detail.attempts = attempts(detail.run.id);
    return detail;
  }

  std::vector<EventRecord> events(std::string_view run_id) const {
    auto query = sqlite_.prepare(
        "SELECT number, at_utc, type, state, details_json FROM state_event WHERE run_id = ?"
        " ORDER BY number");
    query.bind(1, run_id);
    std::vector<EventRecord> found;
    while (query.step()) {
      found.push_back({.number = query.integer(0),
                       .at = parse_stored(query.text(1)),
                       .type = query.text(2),
                       .state = query.text(3),
                       .details = parse_json(query, 4)});
    }
    return found;
  }

  /// Ends the run and its open attempts as interrupted.
  void settle(const RunDetail& open, Instant now) {
    Instant last_sign = open.run.started;
    for (const auto& event : events(open.run.id)) last_sign = std::max(last_sign, event.at);
    RunResult result{.status = RunStatus::aborted,
                     .error = std::string(interrupted_error),
                     .cause = fmt::format("the orchestrator (process {} on {}) ended without "
                                          "recording an end; settled at {}",
                                          open.run.owner.pid, open.run.owner.host, format_jst(now)),
                     .failed_state = {},
                     .output = {}};
    for (const auto& state : open.states) {
      if (!state.exited) result.failed_state = state.name;
    }
    for (const auto& attempt : open.attempts) {
      if (!attempt.ended) settle(open.run.id, attempt, last_sign, now);
    }
    Json details = Json::object();
    details.set("error", result.error);
    details.set("cause", result.cause);
    insert_event(open.run.id, now, "ExecutionAborted", "", details);
    end_run(open.run.id, last_sign, result);
  }

  SqliteDatabase& sqlite() { return sqlite_; }

 private:
  std::string free_id(BusinessDate date, Instant now) const {
    // Two starts in one second that draw the same suffix are rare; sixteen in a row do not happen.
    constexpr int draws_max = 16;
    for (int draw = 0; draw < draws_max; ++draw) {
      std::string id = fmt::format("{}-{}-{}", date.compact(), start_digits(now), random_suffix());
      auto taken = sqlite_.prepare("SELECT 1 FROM run WHERE id = ?");
      taken.bind(1, id);
      if (!taken.step()) return id;
    }
    throw Error(ErrorKind::internal, "no free run id was found");
  }

  void apply(const HistoryEvent&, const event::ExecutionStarted&) {}
  void apply(const HistoryEvent&, const event::StateEntered&) {}
  void apply(const HistoryEvent&, const event::RetryScheduled&) {}
  void apply(const HistoryEvent&, const event::StateExited&) {}
  void apply(const HistoryEvent&, const event::BranchesReached&) {}
  void apply(const HistoryEvent&, const event::IterationReached&) {}

  void apply(const HistoryEvent& event, const event::TaskScheduled& body) {
    sqlite_
        .prepare(
            "INSERT INTO attempt (run_id, state, number, resource, status, scheduled_utc)"
            " VALUES (?, ?, ?, ?, 'SCHEDULED', ?)")
        .bind(1, event.run_id)
        .bind(2, body.state)
        .bind(3, body.attempt)
        .bind(4, body.resource)
        .bind(5, format_utc(event.at))
        .run();
  }

  void apply(const HistoryEvent& event, const event::TaskStarted& body) {
    auto update = sqlite_.prepare(
        "UPDATE attempt SET status = 'RUNNING', started_utc = ?4, pid = ?5, log_path = ?6"
        " WHERE run_id = ?1 AND state = ?2 AND number = ?3");
    update.bind(1, event.run_id)
        .bind(2, body.state)
        .bind(3, body.attempt)
        .bind(4, format_utc(event.at))
        .bind(6, body.start.log_path);
    if (body.start.pid) update.bind(5, *body.start.pid);
    update.run();
  }

  void apply(const HistoryEvent& event, const event::TaskEnded& body) {
    const OutcomeRecord outcome = std::visit(OutcomeOf{}, body.report.outcome);
    auto update = sqlite_.prepare(
        "UPDATE attempt SET status = ?4, ended_utc = ?5, error = ?6, cause = ?7, exit_code = ?8,"
        " signal = ?9, result_json = ?10 WHERE run_id = ?1 AND state = ?2 AND number = ?3");
    update.bind(1, event.run_id)
        .bind(2, body.state)
        .bind(3, body.attempt)
        .bind(4, word_of(outcome.status))
        .bind(5, format_utc(event.at))
        .bind(6, outcome.error)
        .bind(7, stored_cause(outcome.cause))
        .bind(9, body.report.signal);
    if (body.report.exit_code) update.bind(8, *body.report.exit_code);
    if (!body.report.result.is_null()) update.bind(10, stored_json(body.report.result));
    update.run();
  }

  void apply(const HistoryEvent& event, const event::ExecutionEnded& body) {
    end_run(event.run_id, event.at, body.result);
  }

  void settle(std::string_view run_id, const AttemptRecord& attempt, Instant last_sign,
              Instant now) {
    const std::string cause =
        "the orchestrator ended while this attempt ran; how it ended is not known";
    Json details = Json::object();
    details.set("attempt", attempt.number);
    details.set("error", interrupted_error);
    details.set("cause", cause);
    insert_event(run_id, now, "TaskStateAborted", attempt.state, details);
    sqlite_
        .prepare(
            "UPDATE attempt SET status = 'ABORTED', ended_utc = ?4, error = ?5, cause = ?6"
            " WHERE run_id = ?1 AND state = ?2 AND number = ?3")
        .bind(1, run_id)
        .bind(2, attempt.state)
        .bind(3, attempt.number)
        .bind(4, format_utc(last_sign))
        .bind(5, interrupted_error)
        .bind(6, cause)
        .run();
  }

  std::vector<StateRecord> states(std::string_view run_id) const {
    std::vector<StateRecord> found;
    for (const auto& event : events(run_id)) {
      constexpr std::string_view entered = "StateEntered";
      constexpr std::string_view exited = "StateExited";
      if (event.type.ends_with(entered)) {
        found.push_back({.name = event.state,
                         .type = event.type.substr(0, event.type.size() - entered.size()),
                         .entered = event.at,
                         .exited = {}});
      } else if (event.type.ends_with(exited)) {
        // A Parallel is exited behind the states of its branches.
        const auto open = std::find_if(found.rbegin(), found.rend(), [&](const StateRecord& state) {
          return state.name == event.state && !state.exited;
        });
        if (open != found.rend()) open->exited = event.at;
      }
    }
    return found;
  }

  std::vector<AttemptRecord> attempts(std::string_view run_id) const {
    // rowid: in the order of scheduling, also within one millisecond.
    auto query = sqlite_.prepare(
        "SELECT state, number, resource, status, scheduled_utc, started_utc, ended_utc, error,"
        " cause, exit_code, signal, pid, log_path, result_json FROM attempt WHERE run_id = ?"
        " ORDER BY rowid");
    query.bind(1, run_id);
    std::vector<AttemptRecord> found;
    while (query.step()) found.push_back(read_attempt(query));
    return found;
  }

  SqliteDatabase sqlite_;
};

RunStore::RunStore(const std::string& path) : db_(std::make_unique<Database>(path)) {}
RunStore::~RunStore() = default;
RunStore::RunStore(RunStore&&) noexcept = default;
RunStore& RunStore::operator=(RunStore&&) noexcept = default;

std::string RunStore::begin(const NewRun& run, Instant now) {
  SqliteTransaction transaction(db_->sqlite());
  if (const auto open = db_->runs("WHERE status = 'RUNNING'"); !open.empty()) {
    throw Error(ErrorKind::already_running,
                fmt::format("run {} has not ended in the history", open.front().id));
  }
  std::string id = db_->insert_run(run, RunStatus::running, now);
  failpoint("history.begin");
  transaction.commit();
  return id;
}

std::string RunStore::record_already_running(const NewRun& run, Instant now) {
  SqliteTransaction transaction(db_->sqlite());
  const auto holders = db_->runs("WHERE status = 'RUNNING'");
  std::string id = db_->insert_run(run, RunStatus::aborted, now);
  db_->append({.run_id = id, .at = now, .body = event::ExecutionStarted{.input = run.input}});
  const std::string holder =
      holders.empty() ? std::string("another orchestrator")
                      : fmt::format("run {} (process {} on {})", holders.front().id,
                                    holders.front().owner.pid, holders.front().owner.host);
  const RunResult result{
      .status = RunStatus::aborted,
      .error = std::string(entry_of(ErrorKind::already_running).name),
      .cause = fmt::format("{} holds the lock of the state directory; nothing was started", holder),
      .failed_state = {},
      .output = {}};
  db_->append({.run_id = id, .at = now, .body = event::ExecutionEnded{.result = result}});
  transaction.commit();
  return id;
}

std::vector<RunDetail> RunStore::open_runs() const {
  std::vector<RunDetail> open;
  for (auto& run : db_->runs("WHERE status = 'RUNNING'")) {
    open.push_back(db_->detail(std::move(run)));
  }
  return open;
}

std::vector<RunSummary> RunStore::settle_interrupted(Instant now) {
  SqliteTransaction transaction(db_->sqlite());
  std::vector<RunSummary> settled;
  for (const auto& open : open_runs()) {
    db_->settle(open, now);
    settled.push_back(db_->runs("WHERE id = ?", open.run.id).front());
  }
  transaction.commit();
  return settled;
}

void RunStore::record(const HistoryEvent& event) {
  SqliteTransaction transaction(db_->sqlite());
  db_->append(event);
  failpoint("history.before_commit");
  transaction.commit();
  failpoint("history.after_commit");
}

std::vector<RunSummary> RunStore::list(int limit) const {
  return db_->runs("ORDER BY started_utc DESC, rowid DESC LIMIT ?", {}, limit);
}

std::optional<RunDetail> RunStore::find(std::string_view id) const {
  auto found = id == "latest" ? list(1) : db_->runs("WHERE id = ?", id);
  if (found.empty()) return {};
  return db_->detail(std::move(found.front()));
}

std::optional<RunSummary> RunStore::last_run(BusinessDate date) const {
  auto found = db_->runs(
      "WHERE business_date = ? AND error <> 'Pipeline.AlreadyRunning' ORDER BY started_utc DESC,"
      " rowid DESC LIMIT 1",
      date.iso());
  if (found.empty()) return {};
  return std::move(found.front());
}

std::vector<EventRecord> RunStore::events(std::string_view run_id) const {
  return db_->events(run_id);
}

}  // namespace pipeline
