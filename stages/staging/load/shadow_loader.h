// Pours a dump into the shadow schema, table by table, as it is read.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "common/mariadb/connection.h"
#include "stages/staging/dump/dump_reader.h"
#include "stages/staging/load/load_progress.h"
#include "stages/staging/load/load_statement.h"
#include "stages/staging/load/table_baseline.h"
#include "stages/staging/load/table_filler.h"
#include "stages/staging/load/table_route.h"

namespace pipeline {

struct LoadedTable {
  std::string name;
  std::uint64_t rows = 0;
  std::uint64_t warnings = 0;  // of the server, about values that it took
  std::vector<std::string> taken_off;
  enum class Way {
    whole,      // all rows were sent
    changes,    // those that changed
    ready,      // none: the copy in the shadow was right already
    untouched,  // none: what is live is right already, and no candidate stands in the shadow
    again,      // it is to be read once more: what stands in the shadow is not the dump's
  } way = Way::whole;
  std::uint64_t rows_sent = 0;
  std::uint64_t rows_deleted = 0;     // changed ones too
  std::string content = {};           // hash of definition and rows; empty: not known
  delta::Slot slot = delta::Slot::a;  // of the copy that is to be live
};

struct LoadedDump {
  std::vector<LoadedTable> tables;   // in the dump's order, those without rows too
  std::vector<std::string> skipped;  // "view `v`"
  std::uint64_t rows = 0;
  std::uint64_t text_bytes = 0;  // uncompressed
  dump::DumpEnds::Trailer trailer = dump::DumpEnds::Trailer::there;
};

/// The dialect that a server speaks, for the dump's conditional comments.
dump::Dialect dialect_of(const Connection& session);

struct ShadowLoadOptions {
  std::string schema = {};  // whose shadow it is: looked at where nothing changed
  std::string shadow;       // the schema to fill
  /// nothing: the dump is read, checked and encoded all the same, but of the server only
  /// max_allowed_packet is asked.
  enum class Write { tables, nothing } write = Write::tables;
  RowsBy rows_by = RowsBy::load_data;
  std::size_t bytes_ahead_max = 96U << 20U;  // of rows that wait for a session
  /// Tables of more encoded bytes get their secondary keys behind their rows.
  std::uint64_t keys_later_above_bytes = 1U << 20U;
  /// What may be gone on from; `changes` needs it and `hashes`.
  TableBaselines baselines = {};
  RouteOptions::Load load = RouteOptions::Load::whole;
  FillOptions::Rebuild rebuild = FillOptions::Rebuild::no;
  /// Of the reading thread, which keeps hashes of rows beside each table; nullptr: none are kept.
  Connection* hashes = nullptr;
  /// Of these tables alone; empty: of all.
  std::set<std::string> only = {};
  /// Throws to end the load; called often.
  std::function<void()> check_cancelled = [] {};
  /// Rows and tables are counted here; nullptr: nowhere. Must outlive the call.
  LoadCounters* counters = nullptr;
};

/// Makes the tables of `dump` in the shadow, or changes the copies that `baselines` names, as many
/// at once as there are sessions. They must allow LOAD DATA with their own handler if rows go by
/// it; each has a thread, is given the dump's time zone and sql_mode, and may be lost on an error.
/// The dump is read in the calling thread, as far ahead as bytes_ahead_max allows. Returns after it
/// was read to its good end. Throws what the dump throws; dump_refused for a row that, alone in an
/// INSERT, is more than the server's max_allowed_packet, before it is sent; dump_corrupt if rows
/// collide on a unique key, which LOAD DATA would only warn of; sql_rejected with the table's name
/// for what the server refuses. On an error what stands in the shadow is some of it of this dump,
/// some not; find_baselines() tells which.
LoadedDump load_into_shadow(std::span<Connection* const> sessions, dump::DumpReader& dump,
                            const ShadowLoadOptions& options);

}  // namespace pipeline
