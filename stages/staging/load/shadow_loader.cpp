#include "stages/staging/load/shadow_loader.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
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
constexpr std::uint64_t rows_between_looks = 4096;

std::uint64_t max_allowed_packet(Connection& session) {
  const std::string digits = session.query_value("SELECT @@max_allowed_packet").value_or("");
  std::uint64_t bytes = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), bytes);
  require(bytes > packet_bytes_taken, "a server tells its max_allowed_packet");
  return bytes;
}

/// What a dump leaves to the server if it says nothing of it.
RouteOptions::ServerDefaults server_defaults(Connection& session, const std::string& shadow) {
  const auto told = session.query(
      "SELECT CONCAT_WS('|', @@GLOBAL.time_zone, @@system_time_zone), @@GLOBAL.sql_mode, "
      "@@VERSION");
  RouteOptions::ServerDefaults defaults{.time_zone = told.rows.at(0).at(0).value_or(""),
                                        .sql_mode = told.rows.at(0).at(1).value_or(""),
                                        .others = told.rows.at(0).at(2).value_or("")};
  defaults.others +=
      session
          .query_value(fmt::format("SELECT CONCAT_WS('|', '', DEFAULT_CHARACTER_SET_NAME, "
                                   "DEFAULT_COLLATION_NAME) FROM information_schema.SCHEMATA WHERE "
                                   "SCHEMA_NAME = {}",
                                   quote_text(shadow)))
          .value_or("");
  // MariaDB 11 may read CHARSET=utf8mb4 as any collation of it.
  const auto collations = session.query("SHOW VARIABLES LIKE 'character_set_collations'");
  if (!collations.rows.empty()) defaults.others += collations.rows.at(0).at(1).value_or("");
  return defaults;
}

/// Reads the dump in the calling thread while others fill tables.
class ShadowLoader {
 public:
  ShadowLoader(std::span<Connection* const> sessions, dump::DumpReader& dump,
               const ShadowLoadOptions& options)
      : sessions_(sessions), dump_(dump), options_(options), board_(options.bytes_ahead_max) {}

  LoadedDump run() {
    statement_bytes_max_ = max_allowed_packet(*sessions_.front()) - packet_bytes_taken;
    route_options_.shadow = options_.shadow;
    route_options_.load = options_.load;
    if (options_.hashes != nullptr) {
      route_options_.server_defaults = server_defaults(*options_.hashes, options_.shadow);
      route_options_.sample_salt = std::random_device()();
    }
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
    for (const auto& [at, filled] : filled_) note_filled(loaded_.tables[at], filled);
    for (const auto& table : loaded_.tables) loaded_.rows += table.rows;
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
    end_table();
    board_.finish();
  }

  /// A table whose rows are being read.
  struct Open {
    Open(const dump::TableBegins& begins, const TableBaseline& baseline, std::size_t at,
         Connection* hashes, const RouteOptions& options)
        : event(begins),
          route(baseline, event.definition, event.settings, hashes, options),
          position(at) {}

    const dump::TableBegins event;
    TableRoute route;
    const std::size_t position;  // in loaded_.tables
    enum class Lane { none, open } lane = Lane::none;
    TableLane::Before before = TableLane::Before::nothing;
    struct Held {
      RowGroup group;
      std::vector<std::string> batches;
      std::uint64_t rows = 0;
    };
    std::vector<Held> held;
    std::optional<LaneDelta::Sample> sample;

    const std::string& name() const { return event.definition.name; }
    bool holds() const { return route.way() != TableRoute::Way::straight; }
  };

  bool is_wanted(const std::string& table) const {
    return options_.only.empty() || options_.only.contains(table);
  }

  void begin_table(const dump::TableBegins& event) {
    end_table();
    const dump::TableDefinition& table = event.definition;
    if (is_reserved_table_name(table.name)) {
      throw dump::refused_at(event.place,
                             fmt::format("creates {}, a name that publishing uses", table.name));
    }
    if (!is_wanted(table.name)) return;
    for (const auto& what : table.taken_off) {
      // Another order of texts shows in results; the rest changes none.
      const bool shows = what.starts_with("collation ");
      log::write(shows ? log::Level::warn : log::Level::info,
                 fmt::format("{}: not carried over: {}", table.name, what));
    }
    const std::size_t position = loaded_.tables.size();
    {
      const std::lock_guard lock(mutex_);
      tables_[table.name] = {.definition = table, .position = position};
    }
    loaded_.tables.push_back(
        {.name = table.name, .rows = 0, .warnings = 0, .taken_off = table.taken_off});
    const auto found = options_.baselines.find(table.name);
    TableBaseline baseline;
    if (found != options_.baselines.end()) baseline = found->second;
    open_.emplace(event, baseline, position, options_.hashes, route_options_);
    // A dump that makes a table twice does so without dropping it: that is for the server to
    // refuse.
    const bool stands = baseline.shadow || !options_.only.empty();
    if (stands && made_.insert(table.name).second) {
      open_->before = TableLane::Before::copy;
    }
    loaded_.tables[position].slot = baseline.slot;
  }

  void open_lane(std::optional<LaneDelta> delta = {}) {
    TableLane lane{.table = open_->name()};
    if (!delta) lane.create = open_->event;
    lane.before = open_->before;
    lane.delta = std::move(delta);
    board_.open(std::move(lane));
    open_->lane = Open::Lane::open;
  }

  void read_rows(const dump::RowsBegin& rows) {
    if (!is_wanted(rows.table)) return;
    const Scope scope("table", rows.table);
    const Scope place("insert", fmt::format("line {}, byte {}", rows.place.line, rows.place.byte));
    if (!open_ || open_->name() != rows.table) return read_more_rows(rows);
    open_->route.begin_rows(rows);
    if (!open_->holds() && open_->lane == Open::Lane::none) open_lane();
    const RowPlan plan =
        plan_rows(open_->event.definition, rows, options_.shadow, options_.rows_by);
    begin_group({.begin = rows, .plan = plan});
    const std::size_t head_bytes = head_of(rows, plan).size();
    std::uint64_t read = 0;
    std::uint64_t sent = 0;
    while (const auto row = dump_.next_row()) {
      require_sendable(rows.table, head_bytes);
      switch (open_->route.feed(*row, dump_.row_text())) {
        case TableRoute::Row::send:
          at_row(rows.table, [&] { add(*row, plan); });
          ++sent;
          break;
        case TableRoute::Row::sample:
          at_row(rows.table, [&] { add_to_sample(*row, rows, plan); });
          break;
        case TableRoute::Row::pass:
          break;
      }
      if (++read % rows_between_looks == 0) count_rows(rows_between_looks);
    }
    count_rows(read % rows_between_looks);
    hand_over();
    end_group(sent);
    loaded_.tables[open_->position].rows += read;
  }

  /// Rows of a table that others have followed already: into what was made of it.
  void read_more_rows(const dump::RowsBegin& rows) {
    end_table();
    Table table = table_of(rows.table);
    LoadedTable& loaded = loaded_.tables[table.position];
    if (options_.hashes != nullptr && loaded.way != LoadedTable::Way::whole) {
      loaded.way = LoadedTable::Way::again;
      return;
    }
    TableLane lane{.table = rows.table};
    if (options_.hashes != nullptr) lane.forget = loaded.slot;
    loaded.content.clear();
    board_.open(std::move(lane));
    const RowPlan plan = plan_rows(table.definition, rows, options_.shadow, options_.rows_by);
    board_.begin_rows({.begin = rows, .plan = plan});
    const std::size_t head_bytes = head_of(rows, plan).size();
    std::uint64_t count = 0;
    while (const auto row = dump_.next_row()) {
      require_sendable(rows.table, head_bytes);
      at_row(rows.table, [&] { add(*row, plan); });
      ++count;
    }
    count_rows(count);
    hand_over();
    board_.end_rows(count);
    board_.close();
    loaded.rows += count;
  }

  void begin_group(RowGroup group) {
    if (open_->holds()) {
      open_->held.push_back({.group = std::move(group), .batches = {}});
    } else {
      board_.begin_rows(std::move(group));
    }
  }

  void end_group(std::uint64_t sent) {
    if (open_->holds()) {
      open_->held.back().rows = sent;
    } else {
      board_.end_rows(sent);
    }
  }

  void add_to_sample(dump::Row row, const dump::RowsBegin& rows, const RowPlan& plan) {
    constexpr std::uint64_t rows_max = 64;
    constexpr std::size_t bytes_max = 256U << 10U;
    // Generated columns, whose values a dump may bring, are not compared; by LOAD DATA they are
    // passed over.
    const bool brings_generated = std::ranges::any_of(
        plan.carriers,
        [](const ColumnCarrier& carrier) { return carrier.as == ColumnCarrier::As::skipped; });
    if (plan.by == RowsBy::inserts && brings_generated) return;
    auto& sample = open_->sample;
    if (!sample) sample = LaneDelta::Sample{.begin = rows, .by = plan.by, .rows = {}};
    if (sample->count == rows_max || sample->rows.size() + dump_.row_text().size() > bytes_max) {
      return;
    }
    switch (plan.by) {
      case RowsBy::load_data:
        encode_row(row, plan.carriers, sample->rows);
        break;
      case RowsBy::inserts:
        if (sample->count > 0) sample->rows += ',';
        sample->rows += dump_.row_text();
        break;
    }
    ++sample->count;
  }

  void end_table() {
    if (!open_) return;
    const Scope scope("table", open_->name());
    failpoint("loader_before_route_ends");
    TableRoute::End end = open_->route.finish();
    LoadedTable& loaded = loaded_.tables[open_->position];
    loaded.content = end.header.content;
    using Becomes = TableRoute::End::Becomes;
    switch (end.becomes) {
      case Becomes::loaded:
        if (open_->lane == Open::Lane::none) open_lane();
        send_held();
        if (options_.hashes != nullptr) {
          board_.conclude({.slot = loaded.slot, .header = std::move(end.header)});
        }
        break;
      case Becomes::changed:
        loaded.way = LoadedTable::Way::changes;
        loaded.rows_sent = end.delta->rows_sent;
        loaded.rows_deleted = end.delta->keys.size() / end.delta->key.bytes();
        open_lane(LaneDelta{.delta = std::move(*end.delta),
                            .slot = loaded.slot,
                            .header = std::move(end.header),
                            .table = open_->event,
                            .sample = std::move(open_->sample)});
        send_held();
        break;
      case Becomes::ready:
        loaded.way = LoadedTable::Way::ready;
        open_check({options_.shadow, open_->name()}, LaneCheck::Of::candidate, end.header.rows);
        break;
      case Becomes::untouched:
        loaded.way = LoadedTable::Way::untouched;
        loaded.slot = delta::other(loaded.slot);
        open_check({options_.schema, open_->name()}, LaneCheck::Of::live, end.header.rows);
        break;
      case Becomes::again:
        loaded.way = LoadedTable::Way::again;
        break;
    }
    board_.close();
    open_.reset();
  }

  void open_check(TableName table, LaneCheck::Of of, std::uint64_t rows) {
    TableLane lane{.table = open_->name()};
    lane.check = LaneCheck{.table = std::move(table),
                           .rows = rows,
                           .sample = std::move(open_->sample),
                           .of = of,
                           .settings = open_->event.settings};
    board_.open(std::move(lane));
  }

  void send_held() {
    for (auto& held : open_->held) {
      if (held.rows == 0) continue;
      board_.begin_rows(std::move(held.group));
      for (auto& batch : held.batches) board_.give(batch);
      board_.end_rows(held.rows);
    }
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
    rows_in_text_ = 0;
    if (text_.empty()) return;
    if (!open_ || !open_->holds()) return board_.give(text_);
    open_->route.hold(text_.capacity());
    if (!open_->route.given_up()) open_->held.back().batches.push_back(std::move(text_));
    text_ = {};
    if (open_->route.given_up()) {
      for (auto& held : open_->held) held.batches.clear();
    }
  }

  void count_rows(std::uint64_t rows) {
    options_.check_cancelled();
    board_.require_running();
    if (options_.counters != nullptr) options_.counters->rows += rows;
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
                                   .keys_later_above_bytes = options_.keys_later_above_bytes,
                                   .rebuild = options_.rebuild});
      }
      while (TableLane* lane = board_.take()) {
        const Table table = table_of(lane->table);
        const FilledTable filled =
            filler ? filler->fill(*lane, table.definition) : pass_over(*lane);
        const bool was_made = lane->create || lane->delta || lane->check;
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

  static void note_filled(LoadedTable& table, const FilledTable& filled) {
    table.warnings += filled.warnings;
    if (filled.outcome == FilledTable::Outcome::not_as_told) table.way = LoadedTable::Way::again;
    if (table.way == LoadedTable::Way::whole) table.rows_sent += filled.rows;
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
  std::optional<Open> open_;
  std::set<std::string> made_;  // tables of which a copy stood in the shadow
  RouteOptions route_options_;
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

LoadedDump load_into_shadow(std::span<Connection* const> sessions, dump::DumpReader& dump,
                            const ShadowLoadOptions& options) {
  require(!sessions.empty(), "a load has a session");
  return ShadowLoader(sessions, dump, options).run();
}

}  // namespace pipeline
