// The dumps in the object store, by their date.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/io/byte_stream.h"
#include "common/object_store/object_store.h"

namespace pipeline {

/// Where dumps lie and how they are called.
struct DumpPlaces {
  std::string prefix = "dumps/";
  std::string pattern = "gghouse_%Y%m%d.sql.gz";  // %Y %m %d: the dump's JST date, each once
  std::string processed_prefix = "processed/";
  std::string quarantine_prefix = "quarantine/";  // empty: refused dumps stay where they are
  std::chrono::minutes quarantine_after{10};      // since their last change
  /// Of the files beside dumps that say what is in them.
  enum class Manifests { ignored, optional, required } manifests = Manifests::ignored;
};

struct StoredDump {
  BusinessDate date;
  ObjectInfo object;
  enum class Where {
    incoming,    // under prefix: not loaded yet, or not archived yet
    processed,   // under processed_prefix: was loaded once
    quarantine,  // under quarantine_prefix: was refused
  } where = Where::incoming;
  enum class Format { text, gzip, zstd };
  /// By its name.
  Format format() const;
  bool compressed() const { return format() != Format::text; }
};

/// What inflates the bytes of `dump`; null if they are text. `bytes` must outlive it.
std::unique_ptr<ByteSource> inflate_dump(const StoredDump& dump, ByteSource& bytes);

/// The date of a dump called `name` (a key without its prefix): the whole name must match the
/// pattern, and the date must exist in the calendar. Where the pattern ends in ".gz" or ".zst", the
/// name may end in either or in neither. nullopt otherwise.
std::optional<BusinessDate> date_of_dump(std::string_view name, std::string_view pattern);

/// One dump a date, oldest first: the incoming one where both are there; of several forms the one
/// that the pattern names, then another compressed one. Throws the kinds of the store.
std::vector<StoredDump> list_dumps(ObjectStore& store, const DumpPlaces& places);

/// The key of the manifest beside a dump: its own, with .json in place of .sql.gz, .sql.zst, .sql,
/// .gz or .zst.
std::string manifest_key(std::string_view dump_key);

/// The key under which an incoming dump, or the manifest beside it, is archived.
std::string processed_key(std::string_view incoming_key, const DumpPlaces& places);

}  // namespace pipeline
