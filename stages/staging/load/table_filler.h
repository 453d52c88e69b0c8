// Makes one table of the dump in the shadow schema and pours its rows into it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/mariadb/connection.h"
#include "stages/staging/load/load_board.h"
#include "stages/staging/load/row_verdict.h"

namespace pipeline {

struct FillOptions {
  std::string shadow;  // the schema to fill
  /// A table of more encoded bytes gets its secondary keys behind its rows, in one ALTER TABLE,
  /// which sorts them; below, what the statement costs is more than what it saves.
  std::uint64_t keys_later_above_bytes = 1U << 20U;
};

/// What became of one lane.
struct FilledTable {
  std::uint64_t rows = 0;
  std::uint64_t warnings = 0;  // of the server, about values
};

/// Works on a session of its own, which must allow LOAD DATA with its own handler (unless the rows
/// go as INSERTs) and is given the dump's time zone, sql_mode and character sets. One thread.
class TableFiller {
 public:
  /// `session` and `board` must outlive it.
  TableFiller(Connection& session, LoadBoard& board, FillOptions options);

  /// Takes the lane to its end. `definition` is that of its table. Throws dump_corrupt if rows
  /// collide on a unique key, what require_good_arrival() and require_good_insert() throw,
  /// sql_rejected with the table's name for what the server refuses, and BoardStopped.
  FilledTable fill(TableLane& lane, const dump::TableDefinition& definition);

  /// The session as other work expects it.
  void leave();

 private:
  enum class Keys { whole, later };

  void create(const dump::TableBegins& table, Keys keys);
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
