// Moves a loaded dump out of the way, so that a crash at any step leaves it in at least one place.
#pragma once

#include <cstdint>
#include <string>

#include "common/object_store/object_store.h"
#include "stages/staging/load/stored_dumps.h"

namespace pipeline {

/// SHA-256 (lower-case hex) and size of an object's bytes.
struct ObjectDigest {
  std::string sha256;
  std::uint64_t bytes = 0;
  bool operator==(const ObjectDigest&) const = default;
};
ObjectDigest digest_of(ObjectStore& store, const std::string& key);

enum class Archived {
  moved,        // copied, compared, removed
  was_there,    // the incoming object is gone already
  other_bytes,  // the incoming object is not the one that was loaded; it stays
};

/// Copies the incoming object to its processed key, reads the copy back, and only then removes the
/// incoming one; with it the manifest beside it, if that is of these bytes and not ignored, also
/// where a death left it alone. An older delivery of the same name in the archive is kept beside it
/// as
/// "<key>.replaced-<start of its sha256>". May be called any number of times. Throws unavailable if
/// the copy does not read back as the same bytes; then the incoming object is still there.
Archived archive_dump(ObjectStore& store, const std::string& incoming_key,
                      const ObjectDigest& loaded, const DumpPlaces& places);

}  // namespace pipeline
