#include "stages/staging/load/dump_archive.h"

#include <vector>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/io/hashing_source.h"

namespace pipeline {

ObjectDigest digest_of(ObjectStore& store, const std::string& key) {
  const auto object = store.get(key, 0);
  HashingSource hashing(*object);
  std::vector<char> buffer(1U << 20U);
  while (hashing.read(buffer) > 0) {
  }
  ObjectDigest digest{.sha256 = {}, .bytes = hashing.bytes()};
  digest.sha256 = hashing.finish();
  return digest;
}

Archived archive_dump(ObjectStore& store, const std::string& incoming_key,
                      const ObjectDigest& loaded, const DumpPlaces& places) {
  const auto incoming = store.stat(incoming_key);
  if (!incoming) return Archived::was_there;
  const std::string to = processed_key(incoming_key, places);
  const bool archived_already = store.stat(to) && digest_of(store, to) == loaded;
  if (digest_of(store, incoming_key) != loaded) return Archived::other_bytes;
  if (!archived_already) {
    if (store.stat(to)) {
      store.copy(to, fmt::format("{}.replaced-{}", to, digest_of(store, to).sha256.substr(0, 12)));
    }
    store.copy(incoming_key, to);
    failpoint("archive_after_copy");
    if (digest_of(store, to) != loaded) {
      throw Error(
          ErrorKind::unavailable,
          fmt::format("the copy {} of {} does not read back as the same bytes; both are kept", to,
                      incoming_key));
    }
  }
  // A new delivery may have taken the key since it was read: that one stays.
  if (!store.remove_if(incoming_key, incoming->etag)) return Archived::other_bytes;
  failpoint("archive_after_delete");
  return Archived::moved;
}

}  // namespace pipeline
