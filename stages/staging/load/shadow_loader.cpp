#include "stages/staging/load/shadow_loader.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "common/mariadb/identifier.h"
#include "stages/staging/load/load_board.h"
#include "stages/staging/load/load_statement.h"
#include "stages/staging/load/row_verdict.h"
#include "stages/staging/load/table_filler.h"
#include "stages/staging/load/table_verdict.h"

namespace pipeline {
namespace {

/// How much is encoded before it is handed over.
constexpr std::size_t batch_bytes = 512U << 10U;
/// Of an INSERT of several rows, where max_allowed_packet is not less.
constexpr std::size_t insert_bytes_max = 1U << 20U;
/// A packet holds a byte besides the statement and must stay below max_allowed_packet (tried with
/// MariaDB 10.11).
constexpr std::size_t packet_bytes_taken = 2;

std::uint64_t max_allowed_packet(Connection& session) {
  const std::string digits = session.query_value("SELECT @@max_allowed_packet").value_or("");
  std::uint64_t bytes = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), bytes);
  require(bytes > packet_bytes_taken, "a server tells its max_allowed_packet");
  return bytes;
}

/// Reads the dump in the calling thread while others fill tables.
class ShadowLoader {
 public:
  ShadowLoader(std::span<Connection* const> sessions, dump::DumpReader& dump,
               const ShadowLoadOptions& options)
      : sessions_(sessions), dump_(dump), options_(options), board_(options.bytes_ahead_max) {}

  LoadedDump run() {
    statement_bytes_max_ = max_allowed_packet(*sessions_.front()) - packet_bytes_taken;
    std::vector<std::thread> workers;
    const Scope::Pairs doing = Scope::current();
    try {
      for (Connection* session : sessions_) {
        workers.emplace_back([this, session, doing] { work(*session, doing); });
      }
      read();
      board_.wait_until_done(options_.check_cancelled);
    } catch (...) {
      board_.fail(std::current_exception());
      end_statements();
    }
    for (auto& worker : workers) worker.join();
    if (const auto failure = board_.failure()) std::rethrow_exception(failure);
    for (const auto& [at, filled] : filled_) {
      loaded_.tables[at].rows += filled.rows;
      loaded_.tables[at].warnings += filled.warnings;
      loaded_.rows += filled.rows;
    }
    return std::move(loaded_);
  }

 private:
  // ---- the reading thread

  void read() {
    for (bool ended = false; !ended;) {
      const dump::Event event = dump_.next();
      options_.check_cancelled();
      if (const auto* table = std::get_if<dump::TableBegins>(&event)) begin_table(*table);
      if (const auto* rows = std::get_if<dump::RowsBegin>(&event)) read_rows(*rows);
      if (const auto* skipped = std::get_if<dump::Skipped>(&event)) note_skipped(*skipped);
      if (const auto* end = std::get_if<dump::DumpEnds>(&event)) {
        loaded_.text_bytes = end->bytes;
        loaded_.trailer = end->trailer;
        ended = true;
      }
    }
    board_.finish();
  }

  void begin_table(const dump::TableBegins& event) {
    const dump::TableDefinition& table = event.definition;
    if (is_reserved_table_name(table.name)) {
      throw dump::refused_at(event.place,
                             fmt::format("creates {}, a name that publishing uses", table.name));
    }
    for (const auto& what : table.taken_off)
      log::info("{}: not carried over: {}", table.name, what);
    {
      const std::lock_guard lock(mutex_);
      tables_[table.name] = {.definition = table, .position = loaded_.tables.size()};
    }
    loaded_.tables.push_back(
        {.name = table.name, .rows = 0, .warnings = 0, .taken_off = table.taken_off});
    board_.open(table.name, event);
    current_ = table.name;
  }

  void read_rows(const dump::RowsBegin& rows) {
    const Scope scope("table", rows.table);
    const Scope place("insert", fmt::format("line {}, byte {}", rows.place.line, rows.place.byte));
    const dump::TableDefinition& definition = tables_.at(rows.table).definition;
    if (current_ != rows.table) {
      board_.open(rows.table, {});
      current_ = rows.table;
    }
    const RowPlan plan = plan_rows(definition, rows, options_.shadow, options_.rows_by);
    board_.begin_rows({.begin = rows, .plan = plan});
    const std::size_t head_bytes = head_of(rows, plan).size();
    std::uint64_t count = 0;
    while (const auto row = dump_.next_row()) {
      require_sendable(rows.table, head_bytes);
      at_row(rows.table, [&] { add(*row, plan); });
      ++count;
    }
    hand_over();
    board_.end_rows(count);
  }

  /// What stands before a row that goes alone: by LOAD DATA it is as long as a dump could write it.
  static std::string head_of(const dump::RowsBegin& rows, const RowPlan& plan) {
    if (plan.by == RowsBy::inserts) return plan.statement;
    return fmt::format("INSERT INTO {} VALUES ", quote_name(rows.table));
  }

  /// By LOAD DATA too: what a client's own INSERT cannot bring is no table that a client makes.
  void require_sendable(const std::string& table, std::size_t head_bytes) const {
    const std::size_t bytes = head_bytes + dump_.row_text().size();
    if (bytes <= statement_bytes_max_) return;
    throw dump::refused_at(
        dump_.row_place(),
        fmt::format("has a row of {} that takes an INSERT of {} bytes, more than the server's "
                    "max_allowed_packet of {} lets through; set it higher in the server's "
                    "configuration",
                    table, bytes, statement_bytes_max_ + packet_bytes_taken));
  }

  void add(dump::Row row, const RowPlan& plan) {
    switch (plan.by) {
      case RowsBy::load_data:
        encode_row(row, plan.carriers, text_);
        ++rows_in_text_;
        if (text_.size() >= batch_bytes) hand_over();
        return;
      case RowsBy::inserts:
        require_stated_values(row, plan.carriers);
        add_to_insert(plan);
        return;
    }
  }

  void add_to_insert(const RowPlan& plan) {
    const std::string_view row = dump_.row_text();
    const std::size_t bytes_max = std::min(insert_bytes_max, statement_bytes_max_);
    // Two words of the server for each value find room: it shows no more than that many.
    const std::size_t rows_max = std::max<std::size_t>(
        1, servers_words_max / (2 * std::max<std::size_t>(1, plan.carriers.size()) + 1));
    if (text_.size() + 1 + row.size() > bytes_max || rows_in_text_ == rows_max) hand_over();
    text_ += text_.empty() ? plan.statement : ",";
    text_ += row;
    ++rows_in_text_;
  }

  /// Errors of parts that know no place get the row's.
  template <typename Act>
  void at_row(const std::string& table, Act&& act) {
    try {
      act();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::dump_refused) throw;
      throw dump::refused_at(dump_.row_place(),
                             fmt::format("has a row of {} with {}", table, error.message()));
    }
  }

  void hand_over() {
    failpoint("loader_mid_rows");
    options_.check_cancelled();
    if (options_.counters != nullptr) options_.counters->rows += rows_in_text_;
    rows_in_text_ = 0;
    if (!text_.empty()) board_.give(text_);
  }

  void note_skipped(const dump::Skipped& skipped) {
    const std::string text = fmt::format("{} `{}`", skipped.what, skipped.name);
    if (std::ranges::find(loaded_.skipped, text) != loaded_.skipped.end()) return;
    log::info("not carried over: {}", text);
    loaded_.skipped.push_back(text);
  }

  /// What others have begun for a load that has failed: an ALTER may take minutes.
  void end_statements() {
    for (Connection* session : sessions_) {
      try {
        kill_from_outside(session->options(), session->id(), Victim::statement);
      } catch (const std::exception& error) {
        log::debug("the statement of session {} was not ended: {}", session->id(), error.what());
      }
    }
  }

  // ---- the others

  void work(Connection& session, const Scope::Pairs& doing) {
    Scope::adopt(doing);
    try {
      std::optional<TableFiller> filler;
      if (options_.write == ShadowLoadOptions::Write::tables) {
        filler.emplace(session, board_,
                       FillOptions{.shadow = options_.shadow,
                                   .keys_later_above_bytes = options_.keys_later_above_bytes});
      }
      while (TableLane* lane = board_.take()) {
        const Table table = table_of(lane->table);
        const FilledTable filled =
            filler ? filler->fill(*lane, table.definition) : pass_over(*lane);
        const bool was_made = lane->create.has_value();
        board_.done(*lane);
        if (options_.counters != nullptr && was_made) ++options_.counters->tables_done;
        const std::lock_guard lock(mutex_);
        filled_.emplace_back(table.position, filled);
      }
      if (filler) filler->leave();
    } catch (const LoadBoard::BoardStopped&) {
      // Whoever failed has said why.
    } catch (...) {
      board_.fail(std::current_exception());
    }
  }

  /// In place of a filler, where nothing is to be written.
  FilledTable pass_over(TableLane& lane) {
    FilledTable passed;
    while (board_.next_group(lane)) {
      while (auto batch = board_.next_batch(lane)) board_.give_back(std::move(*batch));
      passed.rows += board_.rows_of_group(lane);
    }
    return passed;
  }

  struct Table {
    dump::TableDefinition definition;
    std::size_t position = 0;  // in loaded_.tables
  };

  Table table_of(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    return tables_.at(name);
  }

  const std::span<Connection* const> sessions_;
  dump::DumpReader& dump_;
  const ShadowLoadOptions& options_;
  LoadBoard board_;

  mutable std::mutex mutex_;
  std::map<std::string, Table, std::less<>> tables_;         // written by the reader
  std::vector<std::pair<std::size_t, FilledTable>> filled_;  // by position

  // Of the reading thread.
  LoadedDump loaded_;
  std::string current_;  // the table of the open lane
  std::string text_;
  std::size_t rows_in_text_ = 0;
  std::size_t statement_bytes_max_ = 0;
};

}  // namespace

dump::Dialect dialect_of(const Connection& session) {
  // "10.11.6-MariaDB-0+deb12u1", "8.0.36", and behind some proxies "5.5.5-10.11.6-MariaDB".
  std::string_view version = session.server_version();
  if (version.starts_with("5.5.5-")) version.remove_prefix(6);
  unsigned number = 0;
  for (int part = 0; part < 3; ++part) {
    unsigned value = 0;
    const auto [end, error] =
        std::from_chars(version.data(), version.data() + version.size(), value);
    number = number * 100 + (error == std::errc() ? value : 0);
    version.remove_prefix(static_cast<std::size_t>(end - version.data()));
    if (version.starts_with('.')) version.remove_prefix(1);
  }
  return {.family = session.family() == ServerFamily::mariadb ? dump::Dialect::Family::mariadb
                                                              : dump::Dialect::Family::mysql,
          .version = number};
}

void empty_shadow(Connection& session, const std::string& schema) {
  const auto found = session.query(fmt::format(
      "SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = {}",
      quote_text(schema)));
  session.execute("SET SESSION foreign_key_checks = 0");
  for (const auto& row : found.rows) {
    const bool view = row[1] == "VIEW";
    session.execute(fmt::format("DROP {} IF EXISTS {}", view ? "VIEW" : "TABLE",
                                quote_name(schema, row[0].value_or(""))));
  }
}

LoadedDump load_into_shadow(std::span<Connection* const> sessions, dump::DumpReader& dump,
                            const ShadowLoadOptions& options) {
  require(!sessions.empty(), "a load has a session");
  return ShadowLoader(sessions, dump, options).run();
}

}  // namespace pipeline
