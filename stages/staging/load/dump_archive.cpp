#include "stages/staging/load/dump_archive.h"

#include <optional>
#include <vector>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/io/hashing_source.h"
#include "stages/staging/load/dump_manifest.h"

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

namespace {

/// Throws unavailable if the copy does not read back as `bytes`.
void copy_to_archive(ObjectStore& store, const std::string& from, const std::string& to,
                     const ObjectDigest& bytes) {
  if (store.stat(to)) {
    const ObjectDigest present = digest_of(store, to);
    if (present == bytes) return;
    store.copy(to, fmt::format("{}.replaced-{}", to, present.sha256.substr(0, 12)));
  }
  store.copy(from, to);
  failpoint("archive_after_copy");
  if (digest_of(store, to) == bytes) return;
  throw Error(ErrorKind::unavailable,
              fmt::format("the copy {} of {} does not read back as the same bytes; both are kept",
                          to, from));
}

/// The manifest of these very bytes, if one lies beside them: that of a new delivery stays.
std::optional<ObjectInfo> manifest_of(ObjectStore& store, const std::string& dump_key,
                                      const ObjectDigest& loaded, const DumpPlaces& places) {
  try {
    const auto object = store.stat(manifest_key(dump_key));
    const auto manifest = find_manifest(store, dump_key, places);
    if (object && manifest && manifest->sha256 == loaded.sha256) return object;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::dump_corrupt) throw;
    log::warn("{} is not archived: {}", manifest_key(dump_key), error.what());
  }
  return {};
}

/// What an earlier delivery left in the archive must not speak against this dump.
void set_aside_other_manifest(ObjectStore& store, const std::string& archived_dump,
                              const ObjectDigest& loaded, const DumpPlaces& places) {
  const std::string key = manifest_key(archived_dump);
  const auto present = store.stat(key);
  if (!present || manifest_of(store, archived_dump, loaded, places)) return;
  store.copy(key, fmt::format("{}.replaced-{}", key, digest_of(store, key).sha256.substr(0, 12)));
  store.remove_if(key, present->etag);
}

}  // namespace

Archived archive_dump(ObjectStore& store, const std::string& incoming_key,
                      const ObjectDigest& loaded, const DumpPlaces& places) {
  const auto incoming = store.stat(incoming_key);
  const bool is_loaded = incoming && digest_of(store, incoming_key) == loaded;
  if (incoming && !is_loaded) return Archived::other_bytes;
  // A death between the two removals leaves the manifest alone.
  const auto manifest = manifest_of(store, incoming_key, loaded, places);
  if (is_loaded) {
    const std::string to = processed_key(incoming_key, places);
    copy_to_archive(store, incoming_key, to, loaded);
    if (places.manifests != DumpPlaces::Manifests::ignored) {
      set_aside_other_manifest(store, to, loaded, places);
    }
  }
  if (manifest) {
    copy_to_archive(store, manifest->key, processed_key(manifest->key, places),
                    digest_of(store, manifest->key));
    failpoint("archive_after_manifest");
  }
  // A new delivery may have taken the key since it was read: that one stays.
  if (is_loaded && !store.remove_if(incoming_key, incoming->etag)) return Archived::other_bytes;
  if (is_loaded) failpoint("archive_after_delete");
  if (manifest) store.remove_if(manifest->key, manifest->etag);
  return is_loaded ? Archived::moved : Archived::was_there;
}

}  // namespace pipeline
