// Whether rows arrived as an INSERT would have stored them: a pure rule over the server's words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stages/staging/dump/dump_reader.h"

namespace pipeline {

/// One row of SHOW WARNINGS.
struct ServersWord {
  enum class Level { note, warning, error } level = Level::note;
  unsigned code = 0;
  std::string text;
};

/// The most words that a server remembers of one statement: its max_error_count at most.
inline constexpr std::size_t servers_words_max = 65'535;

/// What a LOAD DATA LOCAL came to.
struct RowsArrived {
  std::uint64_t sent = 0;
  std::string info;  // "Records: 3  Deleted: 0  Skipped: 1  Warnings: 0"
  std::vector<ServersWord> words;
  enum class SqlMode { lenient, strict } sql_mode = SqlMode::lenient;
};

/// LOCAL makes errors warnings, so that what ends an INSERT may pass unseen. Throws, at the place
/// of the rows and with the column where the server names one, but never with a value: dump_corrupt
/// for rows that the server did not take: they collide on a unique key or break a CHECK (INSERT
/// IGNORE may lose both, REPLACE may take the place of others); dump_refused for texts that were
/// cut or became question marks, for numbers made of texts that are none, for whatever else the
/// server warned of under a strict mode, and for so many words that not all can be seen. Other
/// values that the server changed, as dates that do not exist, pass. internal: as many rows as were
/// sent did not arrive, for no reason that the server gives.
void require_good_arrival(const dump::RowsBegin& rows, const dump::TableDefinition& table,
                          const RowsArrived& arrived);

/// What one INSERT of several rows came to, or a LOAD DATA that an error ended.
struct RowsInserted {
  std::vector<ServersWord> words;  // those of the error first, if one ended it
  RowsArrived::SqlMode sql_mode = RowsArrived::SqlMode::lenient;
  enum class End { good, by_an_error } end = End::good;
};

/// Whether an error that ended a statement tells of its rows, and not of the server or the
/// statement.
bool tells_of_rows(unsigned code, std::string_view sqlstate);

/// The same rule for an INSERT, which says aloud what LOCAL would only warn of. Any error that
/// ended it is dump_corrupt or dump_refused.
void require_good_insert(const dump::RowsBegin& rows, const dump::TableDefinition& table,
                         const RowsInserted& inserted);

/// internal, if the server did not get as many rows as were sent.
void require_all_arrived(const dump::RowsBegin& rows, std::uint64_t sent, std::uint64_t arrived);

/// How many rows came to the server: those that it counts in "Records: 3  Duplicates: 0 ...", and
/// those that broke a CHECK, which it does not count.
std::uint64_t records_of(std::string_view info, const std::vector<ServersWord>& words);

}  // namespace pipeline
