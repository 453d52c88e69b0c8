// What whoever delivers a dump says of it, in a small file beside it, and whether that agrees.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/object_store/object_store.h"
#include "stages/staging/load/dump_archive.h"
#include "stages/staging/load/shadow_loader.h"
#include "stages/staging/load/stored_dumps.h"

namespace pipeline {

struct DumpManifest {
  std::string key;
  std::uint64_t size_bytes = 0;                              // of the object, compressed if it is
  std::string sha256;                                        // of the object, lower case
  std::optional<std::map<std::string, std::uint64_t>> rows;  // by table
  std::optional<BusinessDate> newest_source_date;
};

/// Of at most 1 MiB. `size` and `sha256` must be there, `rows` and `newest_source_date` may be;
/// other members are passed over. Throws dump_corrupt, naming key and member, for what is none.
DumpManifest parse_manifest(std::string_view text, const std::string& key);

/// The manifest beside the dump, nullopt if there is none or if the configuration ignores them.
/// Throws what parse_manifest() throws and the kinds of the store.
std::optional<DumpManifest> find_manifest(ObjectStore& store, const std::string& dump_key,
                                          const DumpPlaces& places);

/// What can be told before the dump is read: that it has `size` bytes, and that the newest date of
/// the source is not before the day before the dump's date. Throws dump_corrupt, naming the member.
void require_agrees(const DumpManifest& manifest, const StoredDump& dump);

/// What can be told behind it: that these bytes were read, and that the dump has the tables of
/// `rows`, no others, and each with as many rows. Throws dump_corrupt, naming the member and at
/// most 20 tables.
void require_agrees(const DumpManifest& manifest, const ObjectDigest& read,
                    const std::vector<LoadedTable>& tables);

}  // namespace pipeline
