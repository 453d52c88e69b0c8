// A refused dump that stays where it is would be the oldest one that is to be loaded on every
// morning to come, and be refused again. Moved, it is told once, and the morning after says which
// day is missing and where its dump lies.
//
// Moving is safe in the order of the archive: copy, read the copy back, note the reason, and only
// then remove what was refused, if it is still that. A file that somebody writes to slowly looks
// like a dump that ends early; taken away under the hands of its writer it would be lost. So a dump
// is left alone until it has not changed for some minutes.
#include "stages/staging/load/dump_quarantine.h"

#include <algorithm>
#include <vector>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/failpoint.h"
#include "common/base/redacted_json.h"
#include "common/base/text.h"
#include "common/io/file.h"

namespace pipeline {
namespace {

constexpr std::size_t buffer_bytes = 1U << 20U;
constexpr std::size_t hash_digits = 12;
constexpr std::string_view refused_mark = ".refused-";

std::string quarantine_key(const std::string& key, const DumpPlaces& places,
                           const std::string& sha256) {
  return fmt::format("{}{}{}{}", places.quarantine_prefix, key.substr(places.prefix.size()),
                     refused_mark, sha256.substr(0, hash_digits));
}

/// Whoever writes it may still be at it. A store that does not say when it was changed says the
/// beginning of time.
bool may_be_written(const ObjectInfo& object, const DumpPlaces& places,
                    std::chrono::system_clock::time_point now) {
  const bool unknown_age = object.modified == std::chrono::system_clock::time_point{};
  return unknown_age || now - object.modified < places.quarantine_after;
}

}  // namespace

void require_same_bytes(ObjectStore& store, const std::string& key, const ObjectDigest& refused) {
  const auto object = store.get(key, 0);
  std::vector<char> buffer(buffer_bytes);
  Sha256 hash;
  std::uint64_t left = refused.bytes;
  while (left > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size()));
    const std::size_t count = object->read(std::span(buffer).first(wanted));
    if (count == 0) break;
    hash.update({buffer.data(), count});
    left -= count;
  }
  if (left == 0 && hash.finish() == refused.sha256) return;
  throw Error(
      ErrorKind::unavailable,
      fmt::format("the store gave other bytes of {} when its first {} were read again: they "
                  "were damaged on their way, or it is still being written",
                  key, refused.bytes));
}

std::optional<std::string> quarantine_dump(ObjectStore& store, const StoredDump& dump,
                                           const DumpPlaces& places,
                                           std::chrono::system_clock::time_point now,
                                           const Json& reason) {
  if (places.quarantine_prefix.empty() || dump.where != StoredDump::Where::incoming) return {};
  if (may_be_written(dump.object, places, now)) return {};
  std::optional<ObjectInfo> manifest;
  if (places.manifests != DumpPlaces::Manifests::ignored) {
    manifest = store.stat(manifest_key(dump.object.key));
  }
  if (manifest && may_be_written(*manifest, places, now)) return {};
  const auto is_what_was_refused = [&] {
    const auto there = store.stat(dump.object.key);
    return there && there->etag == dump.object.etag;
  };
  if (!is_what_was_refused()) return {};
  const ObjectDigest whole = digest_of(store, dump.object.key);
  if (!is_what_was_refused()) return {};
  const std::string to = quarantine_key(dump.object.key, places, whole.sha256);
  if (!store.stat(to) || digest_of(store, to) != whole) {
    store.copy(dump.object.key, to);
    failpoint("quarantine_after_copy");
    if (digest_of(store, to) != whole) return {};  // delivered again between the two
  }
  // The manifest was refused with its dump, whatever it says.
  if (manifest) {
    const std::string manifest_to = quarantine_key(manifest->key, places, whole.sha256);
    store.copy(manifest->key, manifest_to);
    if (digest_of(store, manifest_to) != digest_of(store, manifest->key)) return {};
    failpoint("quarantine_after_manifest");
  }
  const std::string text = redacted(reason).dump() + "\n";
  TextSource bytes(text);
  store.put(to + ".json", bytes);
  failpoint("quarantine_before_remove");
  if (!store.remove_if(dump.object.key, dump.object.etag)) return {};
  failpoint("quarantine_after_remove");
  if (manifest) store.remove_if(manifest->key, manifest->etag);
  return to;
}

std::vector<StoredDump> list_quarantine(ObjectStore& store, const DumpPlaces& places) {
  std::vector<StoredDump> dumps;
  if (places.quarantine_prefix.empty()) return dumps;
  for (const auto& object : store.list(places.quarantine_prefix)) {
    const std::string name = object.key.substr(places.quarantine_prefix.size());
    const auto mark = name.rfind(refused_mark);
    if (mark == std::string::npos || name.ends_with(".json")) continue;
    const auto date = date_of_dump(name.substr(0, mark), places.pattern);
    if (!date) continue;
    dumps.push_back({.date = *date, .object = object, .where = StoredDump::Where::quarantine});
  }
  std::ranges::stable_sort(dumps, {}, &StoredDump::date);
  return dumps;
}

}  // namespace pipeline
