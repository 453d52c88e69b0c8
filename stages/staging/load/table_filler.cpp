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

/// The batches of one group, as a stream.
class BatchSource : public ByteSource {
 public:
  BatchSource(LoadBoard& board, TableLane& lane) : board_(board), lane_(lane) {}

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
  const auto begin = std::chrono::steady_clock::now();
  const bool large = board_.exceeds(lane, options_.keys_later_above_bytes);
  auto group = board_.next_group(lane);
  Keys keys = Keys::whole;
  if (lane.create) {
    if (large && group && !definition.keys_later.additions.empty()) keys = Keys::later;
    create(*lane.create, keys);
  }
  while (group) {
    // IGNORE and REPLACE mean collisions, and those are told by the keys.
    if (keys == Keys::later && group->begin.verb != dump::InsertHead::Verb::insert) {
      add_keys(*lane.create);
      keys = Keys::whole;
    }
    load(lane, *group, definition);
    group = board_.next_group(lane);
  }
  const auto loaded = std::chrono::steady_clock::now();
  if (keys == Keys::later) add_keys(*lane.create);
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

void TableFiller::create(const dump::TableBegins& event, Keys keys) {
  const dump::TableDefinition& table = event.definition;
  const Scope place("create", place_text(event.place));
  failpoint("loader_before_table");
  // A zero date as a default, for one, needs the dump's lenient sql_mode here too.
  follow(event.settings);
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

void TableFiller::load(TableLane& lane, const RowGroup& group,
                       const dump::TableDefinition& definition) {
  const dump::RowsBegin& rows = group.begin;
  const Scope place("insert", place_text(rows.place));
  follow(rows.settings);
  BatchSource source(board_, lane);
  const ExecuteResult result = session_.load_local(group.plan.statement, source);
  const std::uint64_t sent = board_.rows_of_group(lane);
  require_good_arrival(rows, definition, arrival_of(result, sent));
  filled_.rows += sent;
  filled_.warnings += result.warnings;
  if (result.warnings == 0) return;
  log::warn("{}: the server changed values while it took the rows ({} warnings)", rows.table,
            result.warnings);
}

RowsArrived TableFiller::arrival_of(const ExecuteResult& result, std::uint64_t sent) {
  RowsArrived arrived{.sent = sent, .info = result.info, .words = {}};
  if (result.warnings == 0) return arrived;
  for (const auto& row : session_.query("SHOW WARNINGS").rows) {
    ServersWord word{.level = ServersWord::Level::error, .code = 0, .text = row.at(2).value_or("")};
    if (row.at(0) == "Warning") word.level = ServersWord::Level::warning;
    if (row.at(0) == "Note") word.level = ServersWord::Level::note;
    const std::string code = row.at(1).value_or("");
    std::from_chars(code.data(), code.data() + code.size(), word.code);
    arrived.words.push_back(std::move(word));
  }
  const std::string mode = session_.query_value("SELECT @@SESSION.sql_mode").value_or("");
  if (mode.find("STRICT_") != std::string::npos) arrived.sql_mode = RowsArrived::SqlMode::strict;
  return arrived;
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
  throw Error(ErrorKind::dump_refused,
              fmt::format("the dump sets no sql_mode and the server's own is {}, under which "
                          "quotes and backslashes mean something else",
                          other));
}

void TableFiller::set_client_charset(const std::string& charset) {
  session_.execute("SET SESSION character_set_client = " + quote_text(charset));
}

}  // namespace pipeline
