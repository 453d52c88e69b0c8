// Takes a refused dump out of the way of the loads to come, with the reason beside it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/object_store/object_store.h"
#include "stages/staging/load/dump_archive.h"
#include "stages/staging/load/stored_dumps.h"

namespace pipeline {

/// Reads as many bytes of the object again as `refused` counts. Throws unavailable if they are not
/// the same: then it was not the dump that was refused, but what came of it on its way. Other kinds
/// of the store.
void require_same_bytes(ObjectStore& store, const std::string& key, const ObjectDigest& refused);

/// Moves an incoming dump to "<quarantine prefix><name>.refused-<start of its sha256>" and puts
/// `reason` beside it as "....json". A crash at any step leaves the dump in at least one place, and
/// the next refusal goes on. Returns the new key; nullopt if the dump stays where it is: it is
/// archived, it was delivered again meanwhile, or it is younger than
/// DumpPlaces::quarantine_after, so that whoever writes it may still be at it. Throws the kinds of
/// the store.
std::optional<std::string> quarantine_dump(ObjectStore& store, const StoredDump& dump,
                                           const DumpPlaces& places,
                                           std::chrono::system_clock::time_point now,
                                           const Json& reason);

/// The refused dumps by date; a date may have several.
std::vector<StoredDump> list_quarantine(ObjectStore& store, const DumpPlaces& places);

}  // namespace pipeline
