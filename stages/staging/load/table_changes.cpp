// Changes the copy of a table that lies in the shadow into what the dump says, in one transaction:
// all rows that go or changed are deleted first, then all that come or changed are inserted, since
// a value of a unique key may move from one row to another. Its hashes change in the same
// transaction: whoever kills this process leaves the copy as it was, or as it is to be, and the
// state that describes it.
//
// A state speaks of texts and not of what the server holds. So before the transaction some rows
// that did not change are compared with what a load would make of them today, and the server's own
// counts are held against the state: rows in all, then rows deleted and rows taken. Whatever does
// not fit is no fault of the dump; the table is loaded whole then.
#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/io/file.h"
#include "common/mariadb/identifier.h"
#include "stages/publish/row_comparison.h"
#include "stages/publish/sql.h"
#include "stages/staging/load/load_rights.h"
#include "stages/staging/load/table_filler.h"

namespace pipeline {
namespace {

constexpr std::string_view sample_table = "pipeline_sample__hashes";

/// What says that the copy is not as its state tells. Anything else that a server says is a fault
/// of the server, and ends the load.
bool tells_of_the_copy(const Error& error) {
  if (refuses_local_infile(error)) return false;
  constexpr std::array kinds{ErrorKind::dump_corrupt, ErrorKind::dump_refused,
                             ErrorKind::sql_rejected, ErrorKind::internal};
  return std::ranges::find(kinds, error.kind()) != kinds.end();
}

Error not_as_told(std::string what) {
  return {ErrorKind::internal, std::move(what)};
}

}  // namespace

void TableFiller::note_state(const TableLane& lane) {
  auto made = board_.state_of(lane);
  if (!made) return;
  delta::TableState state(session_, options_.shadow, lane.table, made->slot);
  // As those see it who compare it later: a TIMESTAMP's default is shown in the session's zone.
  session_.execute("SET SESSION time_zone = '+00:00', sql_mode = " +
                   quote_text(session_.options().sql_mode));
  following_.reset();
  made->header.definition = delta::definition_hash(session_, {options_.shadow, lane.table});
  failpoint("loader_before_state");
  state.write_header(made->header);
}

FilledTable TableFiller::change(TableLane& lane, const dump::TableDefinition& definition) {
  try {
    apply(lane, definition);
  } catch (const Error& error) {
    if (!session_.alive() || !tells_of_the_copy(error)) throw;
    clean_session();
    log::warn("{} does not take the day's changes and is loaded whole: {}", lane.table,
              error.what());
    board_.drop_rest(lane);
    filled_ = {.outcome = FilledTable::Outcome::not_as_told};
  }
  return filled_;
}

FilledTable TableFiller::check(TableLane& lane, const dump::TableDefinition& definition) {
  const LaneCheck& check = *lane.check;
  try {
    follow(check.settings);
    if (check.sample) require_sample(check.table, *check.sample, definition);
    require_rows(check.table, check.rows);
  } catch (const Error& error) {
    if (!session_.alive() || !tells_of_the_copy(error)) throw;
    clean_session();
    log::warn("{} is not what the dump of a day before made of it, and is loaded whole: {}",
              check.table.text(), error.what());
    filled_.outcome = FilledTable::Outcome::not_as_told;
    return filled_;
  }
  if (check.of == LaneCheck::Of::candidate) rebuild(check.table);
  return filled_;
}

/// After a failure in the middle of something.
void TableFiller::clean_session() {
  session_.execute("ROLLBACK");
  session_.execute("DROP TEMPORARY TABLE IF EXISTS " + quote_name(options_.shadow, sample_table));
  session_.execute("SET NAMES utf8mb4");
  following_.reset();
}

void TableFiller::rebuild(const TableName& candidate) {
  if (options_.rebuild == FillOptions::Rebuild::no) return;
  session_.execute(fmt::format("ALTER TABLE {} FORCE", candidate.quoted()));
}

void TableFiller::require_rows(const TableName& copy, std::uint64_t rows) {
  const std::uint64_t there = publish::count_rows(session_, copy);
  if (there == rows) return;
  throw not_as_told(fmt::format("it has {} rows in place of {}", there, rows));
}

void TableFiller::apply(TableLane& lane, const dump::TableDefinition& definition) {
  const TableName copy{options_.shadow, lane.table};
  LaneDelta& change = *lane.delta;
  follow(change.table.settings);
  // Before, since a server counts rows that were changed in the same transaction one by one: with
  // MariaDB 10.11 that took longer than everything else.
  require_rows(copy, change.delta.rows_before);
  if (change.sample) require_sample(copy, *change.sample, definition);
  // A statement that ends transactions, so it comes before this one's. Where the largest number
  // goes, the next one stays above it.
  if (definition.auto_increment) {
    session_.execute(fmt::format("ALTER TABLE {} AUTO_INCREMENT = {}", copy.quoted(),
                                 *definition.auto_increment));
  }
  delta::TableState state(session_, options_.shadow, lane.table, change.slot);
  session_.execute("START TRANSACTION");
  delete_rows(change.delta, copy);
  failpoint("loader_mid_changes");
  while (auto group = board_.next_group(lane)) send(lane, *group, definition);
  if (filled_.rows != change.delta.rows_sent) {
    throw not_as_told(fmt::format("{} rows came of {}", filled_.rows, change.delta.rows_sent));
  }
  state.write_chunks(change.delta.chunks, change.header.epoch);
  state.forget_superseded(change.header.epoch);
  state.write_header(change.header);
  failpoint("loader_before_changes_commit");
  board_.require_running();
  session_.execute("COMMIT");
  failpoint("loader_after_changes_commit");
  rebuild(copy);
}

void TableFiller::delete_rows(const TableDelta& delta, const TableName& copy) {
  const std::size_t key_bytes = delta.key.bytes();
  const std::size_t some_bytes = delta.key.keys_per_condition() * key_bytes;
  const std::string_view keys = delta.keys;
  std::uint64_t deleted = 0;
  for (std::size_t at = 0; at < keys.size(); at += some_bytes) {
    const auto some = keys.substr(at, some_bytes);
    deleted += session_
                   .execute(fmt::format("DELETE FROM {} WHERE {}", copy.quoted(),
                                        delta.key.condition(some)))
                   .affected_rows;
  }
  const std::uint64_t wanted = keys.size() / key_bytes;
  if (deleted == wanted) return;
  throw not_as_told(fmt::format("of {} rows to be deleted {} were there", wanted, deleted));
}

/// Rows of which the state says that they are there: loaded beside, and compared byte by byte.
void TableFiller::require_sample(const TableName& copy, const LaneDelta::Sample& sample,
                                 const dump::TableDefinition& definition) {
  std::vector<publish::TableColumn> columns;
  std::vector<std::string> names;
  for (auto& column : publish::columns_of(session_, copy)) {
    const dump::Column* const known = definition.find_column(column.name);
    const bool brought = std::ranges::any_of(sample.begin.columns, [&](const std::string& name) {
      return definition.find_column(name) == known;
    });
    if (known == nullptr || !brought || known->generated == dump::Column::Generated::yes) continue;
    names.push_back(column.name);
    columns.push_back(std::move(column));
  }
  const TableName beside{options_.shadow, std::string(sample_table)};
  session_.execute(
      fmt::format("CREATE TEMPORARY TABLE {} ENGINE=InnoDB AS SELECT {} FROM {} WHERE "
                  "FALSE",
                  beside.quoted(), publish::name_list(names), copy.quoted()));
  load_sample(sample, definition);
  const publish::RowComparison comparison(columns, columns, definition.primary_key());
  const auto equal = publish::to_number(session_.query_value(fmt::format(
      "SELECT COUNT(*) FROM {} AS again JOIN {} AS copy ON {} WHERE {}", beside.quoted(),
      copy.quoted(), comparison.same_key("again", "copy"), comparison.same_row("again", "copy"))));
  session_.execute(fmt::format("DROP TEMPORARY TABLE {}", beside.quoted()));
  if (equal == sample.count) return;
  throw not_as_told(fmt::format("of {} rows that should be there {} are as the dump has them",
                                sample.count, equal));
}

void TableFiller::load_sample(const LaneDelta::Sample& sample,
                              const dump::TableDefinition& definition) {
  dump::TableDefinition beside = definition;
  beside.name = sample_table;
  const RowPlan plan = plan_rows(beside, sample.begin, options_.shadow, sample.by);
  follow(sample.begin.settings);
  if (sample.by == RowsBy::load_data) {
    TextSource rows(sample.rows);
    session_.load_local(plan.statement, rows);
    return;
  }
  set_client_charset(sample.begin.settings.charset);
  session_.execute(plan.statement + sample.rows);
  set_client_charset("utf8mb4");
}

}  // namespace pipeline
