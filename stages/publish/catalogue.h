// The list of backups: which table, of which generation and date, and whether it still exists.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/mariadb/connection.h"
#include "common/mariadb/identifier.h"

namespace pipeline::publish {

struct Backup {
  TableName live;
  std::string backup_name;
  std::string run_id;                         // the run that swapped it out
  std::uint64_t generation = 0;               // that it holds
  std::optional<BusinessDate> business_date;  // that it holds
  std::uint64_t rows = 0;
  enum class Verified { no, yes } verified = Verified::no;
  std::chrono::system_clock::time_point created_at;
};

/// The backups that were not dropped, newest first. All tables when `live` is nullopt.
std::vector<Backup> list_backups(Connection& connection, const std::optional<TableName>& live = {});

/// From what an incremental model starts when it is built for `date`.
struct IncrementalBase {
  enum class Start {
    nothing,  // there never was a table, or its first version was built for this very date
    live,     // the live table is of an earlier date
    backup,   // the date was applied already: the generation before it
    lost,     // history is missing that once was there: the caller must not go on by itself
  } start = Start::nothing;
  TableName table;   // to copy from: live and backup
  std::string lost;  // for people: what is missing and what to do
};

/// Never guesses: a table that was published and is gone, tables without their marker, and a date
/// applied twice without the generation before it, are `lost`.
IncrementalBase incremental_base(Connection& connection, const TableName& live, BusinessDate date);

}  // namespace pipeline::publish
