// The ledger of loaded dumps: which bytes became which generation of staging.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/mariadb/connection.h"
#include "stages/publish/marker.h"
#include "stages/staging/load/table_verdict.h"

namespace pipeline {

/// A row of pipeline.loaded_dump.
struct LedgerEntry {
  std::uint64_t generation = 0;
  std::string run_id;
  BusinessDate business_date;
  std::string object_key;
  std::string object_sha256;
  std::uint64_t object_bytes = 0;
  std::vector<IncomingTable> owned;  // the tables of staging that are the loader's, with their rows
  std::string override_reason;       // empty: none
};

/// What the ledger says of a generation that was published.
struct PublishedLoad {
  BusinessDate business_date;
  std::uint64_t generation = 0;
  std::string run_id;
  std::chrono::system_clock::time_point published_at;
};

/// Writes the entry as planned: it counts as published only when mark_published() has seen the
/// marker.
void write_planned(Connection& session, const LedgerEntry& entry);

/// Sets published_at of the entry that the live marker shows. Any number of times; also for what a
/// dead run published.
void mark_published(Connection& session, std::uint64_t generation, const std::string& run_id);

/// The entry of this generation and run, nullopt if there is none.
std::optional<LedgerEntry> read_entry(Connection& session, std::uint64_t generation,
                                      const std::string& run_id);

/// What the copies in the shadow are, going by the records alone.
enum class Copies {
  of_a_first_load,  // nothing was ever published: what lies there, killed loads left
  paired,           // those that the publish of the live generation left there, or went on from
  unknown,          // a schema was put back, emptied or filled by others since: nobody knows
};

/// A publish exchanges the marker together with the tables, so the marker in the shadow tells to
/// which generation the copies beside it belong: the one that was published last before `live`, or
/// one that was planned on top of it.
Copies copies_in(Connection& session, const std::string& shadow,
                 const std::optional<publish::Marker>& live);

/// The date under which these bytes were published, if under another than `date`.
std::optional<BusinessDate> published_under_other_date(Connection& session,
                                                       const std::string& sha256,
                                                       BusinessDate date);

/// What was published of `first` and later dates, by generation; the newest 10,000.
std::vector<PublishedLoad> published_since(Connection& session, BusinessDate first);

/// The oldest date that was ever published; nullopt if none was.
std::optional<BusinessDate> first_published(Connection& session);

}  // namespace pipeline
