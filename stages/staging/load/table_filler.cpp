#include "stages/staging/load/table_filler.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "common/mariadb/identifier.h"
#include "stages/staging/load/load_statement.h"

namespace pipeline {
namespace {

/// "Server Error Message Reference": ER_DUP_ENTRY, ER_DUP_ENTRY_WITH_KEY_NAME.
constexpr std::string_view rows_collide[] = {"1062", "1586"};
/// ER_GENERATED_COLUMN_NON_DEFAULT ("Warning: ... has been ignored") of MariaDB.
constexpr unsigned value_of_generated = 1906;

/// The batches of one group, as a stream.
class BatchSource : public ByteSource {
 public:
  BatchSource(LoadBoard& board, TableLane& lane) : board_(board), lane_(lane) {}
  ~BatchSource() override {
    if (!batch_.empty()) board_.give_back(std::move(batch_));
  }
  BatchSource(const BatchSource&) = delete;
  BatchSource& operator=(const BatchSource&) = delete;

  std::size_t read(std::span<char> buffer) override {
    while (given_ == batch_.size()) {
      if (ended_ == Ended::yes) return 0;
      if (!batch_.empty()) board_.give_back(std::exchange(batch_, {}));
      given_ = 0;
      auto next = board_.next_batch(lane_);
      if (!next) {
        ended_ = Ended::yes;
        return 0;
      }
      batch_ = std::move(*next);
    }
    const std::size_t count = std::min(buffer.size(), batch_.size() - given_);
    std::copy_n(batch_.data() + given_, count, buffer.data());
    given_ += count;
    return count;
  }

 private:
  LoadBoard& board_;
  TableLane& lane_;
  std::string batch_;
  std::size_t given_ = 0;
  enum class Ended { no, yes } ended_ = Ended::no;
};

template <typename Act>
class AtExit {
 public:
  explicit AtExit(Act act) : act_(std::move(act)) {}
  ~AtExit() { act_(); }
  AtExit(const AtExit&) = delete;
  AtExit& operator=(const AtExit&) = delete;

 private:
  Act act_;
};

unsigned to_number(std::string_view digits) {
  unsigned number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

/// The server counts the rows of one statement, a person those of the table: "... at row 3".
std::string with_row_of_all(std::string text, std::uint64_t rows_before) {
  constexpr std::string_view opening = " at row ";
  const auto at = text.rfind(opening);
  if (at == std::string::npos || rows_before == 0) return text;
  const std::string digits = text.substr(at + opening.size());
  return text.substr(0, at + opening.size()) + std::to_string(to_number(digits) + rows_before);
}

std::string place_text(const dump::Place& place) {
  return fmt::format("line {}, byte {}", place.line, place.byte);
}

}  // namespace

TableFiller::TableFiller(Connection& session, LoadBoard& board, FillOptions options)
    : session_(session), board_(board), options_(std::move(options)) {
  session_.execute(
      fmt::format("SET SESSION foreign_key_checks = 0, unique_checks = 1, max_error_count = {}",
                  servers_words_max));
}

FilledTable TableFiller::fill(TableLane& lane, const dump::TableDefinition& definition) {
  const Scope scope("table", lane.table);
  filled_ = {};
  if (lane.check) return check(lane, definition);
  return lane.delta ? change(lane, definition) : make(lane, definition);
}

FilledTable TableFiller::make(TableLane& lane, const dump::TableDefinition& definition) {
  const auto begin = std::chrono::steady_clock::now();
  if (lane.forget) {
    delta::TableState(session_, options_.shadow, lane.table, *lane.forget).drop();
  }
  const bool large = board_.exceeds(lane, options_.keys_later_above_bytes);
  auto group = board_.next_group(lane);
  Keys keys = Keys::whole;
  if (lane.create) {
    if (large && group && !definition.keys_later.additions.empty()) keys = Keys::later;
    create(*lane.create, keys, lane.before);
  }
  while (group) {
    // IGNORE and REPLACE mean collisions, and those are told by the keys.
    if (keys == Keys::later && group->begin.verb != dump::InsertHead::Verb::insert) {
      add_keys(*lane.create);
      keys = Keys::whole;
    }
    send(lane, *group, definition);
    group = board_.next_group(lane);
  }
  const auto loaded = std::chrono::steady_clock::now();
  if (keys == Keys::later) add_keys(*lane.create);
  note_state(lane);
  using Seconds = std::chrono::duration<double>;
  log::debug("{}: {} rows, {} bytes in {:.2f} s, keys behind them in {:.2f} s", lane.table,
             filled_.rows, lane.bytes, Seconds(loaded - begin).count(),
             Seconds(std::chrono::steady_clock::now() - loaded).count());
  return filled_;
}

void TableFiller::leave() {
  session_.execute("SET NAMES utf8mb4");  // what it writes from here on is not the dump's
  following_.reset();
}

void TableFiller::create(const dump::TableBegins& event, Keys keys, TableLane::Before before) {
  const dump::TableDefinition& table = event.definition;
  const Scope place("create", place_text(event.place));
  failpoint("loader_before_table");
  board_.require_running();
  // A zero date as a default, for one, needs the dump's lenient sql_mode here too.
  follow(event.settings);
  if (before == TableLane::Before::copy) {
    session_.execute("DROP TABLE IF EXISTS " + quote_name(options_.shadow, table.name));
  }
  // The definition alone is read in the dump's character set; everything else is in utf8mb4.
  set_client_charset(event.settings.charset);
  session_.execute(fmt::format("CREATE TABLE {} {}", quote_name(options_.shadow, table.name),
                               keys == Keys::later ? table.keys_later.body : table.body));
  set_client_charset("utf8mb4");
}

void TableFiller::add_keys(const dump::TableBegins& event) {
  const dump::TableDefinition& table = event.definition;
  const Scope place("create", place_text(event.place));
  failpoint("loader_before_keys");
  board_.require_running();
  follow(event.settings);
  set_client_charset(event.settings.charset);
  try {
    session_.execute(fmt::format("ALTER TABLE {} {}", quote_name(options_.shadow, table.name),
                                 join(table.keys_later.additions, ", ")));
  } catch (const Error& error) {
    const auto number = error.context_value("errno");
    if (std::ranges::find(rows_collide, number) == std::end(rows_collide)) throw;
    throw dump::corrupt_at(
        event.place, fmt::format("has rows of {} that the server did not take: they collide on a "
                                 "unique key",
                                 table.name));
  }
  set_client_charset("utf8mb4");
}

void TableFiller::send(TableLane& lane, const RowGroup& group,
                       const dump::TableDefinition& definition) {
  const Scope place("insert", place_text(group.begin.place));
  follow(group.begin.settings);
  const bool by_inserts = group.plan.by == RowsBy::inserts;
  const std::uint64_t warnings =
      by_inserts ? insert(lane, group, definition) : load(lane, group, definition);
  filled_.rows += board_.rows_of_group(lane);
  filled_.warnings += warnings;
  if (warnings == 0) return;
  log::warn("{}: the server changed values while it took the rows ({} warnings)", group.begin.table,
            warnings);
}

/// How many warnings the server gave.
std::uint64_t TableFiller::load(TableLane& lane, const RowGroup& group,
                                const dump::TableDefinition& definition) {
  BatchSource source(board_, lane);
  const ExecuteResult result = judging_errors(group.begin, definition, 0, [&] {
    return session_.load_local(group.plan.statement, source);
  });
  RowsArrived arrived{.sent = board_.rows_of_group(lane), .info = result.info, .words = {}};
  if (result.warnings > 0) {
    arrived.words = servers_words(0);
    arrived.sql_mode = sql_mode();
  }
  require_good_arrival(group.begin, definition, arrived);
  return result.warnings;
}

/// Likewise. Each batch is a whole statement.
std::uint64_t TableFiller::insert(TableLane& lane, const RowGroup& group,
                                  const dump::TableDefinition& definition) {
  const dump::RowsBegin& rows = group.begin;
  Insert sum;
  set_client_charset(rows.settings.charset);
  while (auto batch = board_.next_batch(lane)) {
    const AtExit give_back([&] { board_.give_back(std::move(*batch)); });
    const Insert one = insert_batch(*batch, rows, definition, sum.records);
    sum.records += one.records;
    sum.warnings += one.warnings;
  }
  set_client_charset("utf8mb4");
  require_all_arrived(rows, board_.rows_of_group(lane), sum.records);
  return sum.warnings;
}

TableFiller::Insert TableFiller::insert_batch(const std::string& statement,
                                              const dump::RowsBegin& rows,
                                              const dump::TableDefinition& definition,
                                              std::uint64_t rows_before) {
  const ExecuteResult result =
      judging_errors(rows, definition, rows_before, [&] { return session_.execute(statement); });
  RowsInserted inserted{.words = {}};
  if (result.warnings > 0) {
    inserted.words = servers_words(rows_before);
    inserted.sql_mode = sql_mode();
  }
  require_good_insert(rows, definition, inserted);
  // mariadb-dump writes the values of generated columns, which nobody wants.
  const auto ignored = std::ranges::count(inserted.words, value_of_generated, &ServersWord::code);
  // The server counts the rows only where the statement has more than one.
  return {.records = result.info.empty() ? 1 : records_of(result.info, inserted.words),
          .warnings = result.warnings - static_cast<std::uint64_t>(ignored)};
}

/// Runs a statement that brings rows; an error that tells of them becomes a verdict on the dump.
template <typename Act>
ExecuteResult TableFiller::judging_errors(const dump::RowsBegin& rows,
                                          const dump::TableDefinition& definition,
                                          std::uint64_t rows_before, Act&& act) {
  try {
    return act();
  } catch (const Error& error) {
    const auto number = to_number(error.context_value("errno"));
    if (!tells_of_rows(number, error.context_value("sqlstate"))) throw;
    require_good_insert(rows, definition,
                        {.words = servers_words(rows_before),
                         .sql_mode = sql_mode(),
                         .end = RowsInserted::End::by_an_error});
    throw;
  }
}

/// `rows_before`: of the same group, in earlier statements.
std::vector<ServersWord> TableFiller::servers_words(std::uint64_t rows_before) {
  std::vector<ServersWord> words;
  for (const auto& row : session_.query("SHOW WARNINGS").rows) {
    ServersWord word{.level = ServersWord::Level::error,
                     .code = to_number(row.at(1).value_or("")),
                     .text = with_row_of_all(row.at(2).value_or(""), rows_before)};
    if (row.at(0) == "Warning") word.level = ServersWord::Level::warning;
    if (row.at(0) == "Note") word.level = ServersWord::Level::note;
    words.push_back(std::move(word));
  }
  return words;
}

RowsArrived::SqlMode TableFiller::sql_mode() {
  const std::string mode = session_.query_value("SELECT @@SESSION.sql_mode").value_or("");
  return mode.find("STRICT_") != std::string::npos ? RowsArrived::SqlMode::strict
                                                   : RowsArrived::SqlMode::lenient;
}

/// Gives the session the dump's time zone and sql_mode, or the server's own where the dump leaves
/// them to it, as a client would.
void TableFiller::follow(const dump::SessionSettings& settings) {
  if (!following_ || settings.time_zone != following_->time_zone) {
    session_.execute("SET SESSION time_zone = " + (settings.time_zone
                                                       ? quote_text(*settings.time_zone)
                                                       : std::string("DEFAULT")));
  }
  if (!following_ || settings.sql_mode != following_->sql_mode) {
    session_.execute("SET SESSION sql_mode = " +
                     (settings.sql_mode ? quote_text(*settings.sql_mode) : std::string("DEFAULT")));
    if (!settings.sql_mode) require_readable_default_mode();
  }
  follow_collation(settings);
  following_ = settings;
}

/// Of the literals in defaults and generated columns.
void TableFiller::follow_collation(const dump::SessionSettings& settings) {
  if (following_ && settings.connection_charset == following_->connection_charset &&
      settings.connection_collation == following_->connection_collation) {
    return;
  }
  session_.execute("SET SESSION character_set_connection = " +
                   quote_text(settings.connection_charset));
  if (settings.connection_collation.empty()) return;
  session_.execute("SET SESSION collation_connection = " +
                   quote_text(settings.connection_collation));
}

void TableFiller::require_readable_default_mode() {
  const auto mode = session_.query_value("SELECT @@SESSION.sql_mode").value_or("");
  const auto other = dump::mode_of_other_grammar(mode);
  if (other.empty()) return;
  // It is the server's fault, so no quarantine for the dump.
  throw Error(
      ErrorKind::wrong_database,
      fmt::format("the dump sets no sql_mode and the server's own is {}, under which quotes "
                  "and backslashes mean something else; take it out of the server's "
                  "sql_mode",
                  other));
}

void TableFiller::set_client_charset(const std::string& charset) {
  session_.execute("SET SESSION character_set_client = " + quote_text(charset));
}

}  // namespace pipeline
