// Makes one table of the dump in the shadow schema and pours its rows into it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"
#include "stages/staging/load/load_board.h"
#include "stages/staging/load/row_verdict.h"

namespace pipeline {

struct FillOptions {
  std::string shadow;  // the schema to fill
  /// A table of more encoded bytes gets its secondary keys behind its rows, in one ALTER TABLE,
  /// which sorts them; below, what the statement costs is more than what it saves.
  std::uint64_t keys_later_above_bytes = 1U << 20U;
  /// Whether a copy that was changed is made anew before it becomes live: a reader who looks
  /// through an old snapshot then gets an error in place of what stood there two publishes ago.
  enum class Rebuild { no, yes } rebuild = Rebuild::no;
};

/// What became of one lane.
struct FilledTable {
  std::uint64_t rows = 0;
  std::uint64_t warnings = 0;  // of the server, about values
  /// not_as_told: the copy in the shadow is not what its state says, or does not take the changes;
  /// it was left as it is, and is to be loaded whole.
  enum class Outcome { filled, not_as_told } outcome = Outcome::filled;
};

/// Works on a session of its own, which must allow LOAD DATA with its own handler (unless the rows
/// go as INSERTs) and is given the dump's time zone, sql_mode and character sets. One thread.
class TableFiller {
 public:
  /// `session` and `board` must outlive it.
  TableFiller(Connection& session, LoadBoard& board, FillOptions options);

  /// Takes the lane to its end. `definition` is that of its table. Throws dump_corrupt if rows
  /// collide on a unique key, what require_good_arrival() and require_good_insert() throw,
  /// sql_rejected with the table's name for what the server refuses, and BoardStopped. A lane that
  /// changes a copy is one transaction, its state's included, and blames nobody: what goes wrong
  /// with the rows is Outcome::not_as_told.
  FilledTable fill(TableLane& lane, const dump::TableDefinition& definition);

  /// The session as other work expects it.
  void leave();

 private:
  enum class Keys { whole, later };

  FilledTable make(TableLane& lane, const dump::TableDefinition& definition);
  void note_state(const TableLane& lane);
  FilledTable check(TableLane& lane, const dump::TableDefinition& definition);
  void clean_session();
  void rebuild(const TableName& candidate);
  FilledTable change(TableLane& lane, const dump::TableDefinition& definition);
  void apply(TableLane& lane, const dump::TableDefinition& definition);
  void delete_rows(const TableDelta& delta, const TableName& copy);
  void require_rows(const TableName& copy, std::uint64_t rows);
  void require_sample(const TableName& copy, const LaneDelta::Sample& sample,
                      const dump::TableDefinition& definition);
  void load_sample(const LaneDelta::Sample& sample, const dump::TableDefinition& definition);
  void create(const dump::TableBegins& table, Keys keys, TableLane::Before before);
  void add_keys(const dump::TableBegins& table);
  void send(TableLane& lane, const RowGroup& group, const dump::TableDefinition& definition);
  std::uint64_t load(TableLane& lane, const RowGroup& group,
                     const dump::TableDefinition& definition);
  std::uint64_t insert(TableLane& lane, const RowGroup& group,
                       const dump::TableDefinition& definition);
  struct Insert {
    std::uint64_t records = 0;
    std::uint64_t warnings = 0;
  };
  Insert insert_batch(const std::string& statement, const dump::RowsBegin& rows,
                      const dump::TableDefinition& definition, std::uint64_t rows_before);
  template <typename Act>
  ExecuteResult judging_errors(const dump::RowsBegin& rows, const dump::TableDefinition& definition,
                               std::uint64_t rows_before, Act&& act);
  std::vector<ServersWord> servers_words(std::uint64_t rows_before);
  RowsArrived::SqlMode sql_mode();
  void follow(const dump::SessionSettings& settings);
  void follow_collation(const dump::SessionSettings& settings);
  void require_readable_default_mode();
  void set_client_charset(const std::string& charset);

  Connection& session_;
  LoadBoard& board_;
  FillOptions options_;
  std::optional<dump::SessionSettings> following_;
  FilledTable filled_;
};

}  // namespace pipeline
