#include "stages/staging/load/dump_manifest.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "common/io/file.h"

namespace pipeline {
namespace {

constexpr std::size_t manifest_bytes_max = 1U << 20U;
constexpr std::size_t sha256_digits = 64;
constexpr std::size_t tables_named_max = 20;

[[noreturn]] void refuse(const std::string& key, const std::string& what) {
  throw Error(ErrorKind::dump_corrupt, fmt::format("the manifest {} {}", key, what));
}

/// Reads the members of one manifest.
class ManifestReader {
 public:
  ManifestReader(const Json& document, const std::string& key) : document_(document), key_(key) {}

  DumpManifest read() const {
    if (!document_.is_object()) refuse(key_, "is no JSON object");
    DumpManifest manifest{.key = key_,
                          .size_bytes = count(needed("size"), "size"),
                          .sha256 = sha256(needed("sha256")),
                          .rows = {},
                          .newest_source_date = {}};
    if (const Json* rows = document_.find("rows")) manifest.rows = counts(*rows);
    if (const Json* date = document_.find("newest_source_date")) {
      manifest.newest_source_date =
          date->is_string() ? BusinessDate::parse(date->as_string()) : std::nullopt;
      if (!manifest.newest_source_date) {
        refuse(key_, "has a newest_source_date that is no date like 2026-02-01");
      }
    }
    return manifest;
  }

 private:
  const Json& needed(std::string_view member) const {
    const Json* found = document_.find(member);
    if (found == nullptr) refuse(key_, fmt::format("lacks {}", member));
    return *found;
  }

  std::uint64_t count(const Json& value, std::string_view member) const {
    if (!value.is_int() || value.as_int() < 0) {
      refuse(key_, fmt::format("has a {} that is no whole number", member));
    }
    return static_cast<std::uint64_t>(value.as_int());
  }

  std::string sha256(const Json& value) const {
    const std::string digits = value.is_string() ? to_lower(value.as_string()) : "";
    const bool is_hex = digits.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (digits.size() != sha256_digits || !is_hex) {
      refuse(key_, "has a sha256 that is not 64 hex digits");
    }
    return digits;
  }

  std::map<std::string, std::uint64_t> counts(const Json& value) const {
    if (!value.is_object()) refuse(key_, "has rows that are no object of tables");
    std::map<std::string, std::uint64_t> rows;
    for (const auto& [table, number] : value.as_object()) {
      rows[table] = count(number, "rows." + head(table, sha256_digits));
    }
    return rows;
  }

  const Json& document_;
  const std::string& key_;
};

}  // namespace

DumpManifest parse_manifest(std::string_view text, const std::string& key) {
  Json document;
  try {
    document = Json::parse(text);
  } catch (const Error& error) {
    refuse(key, "is no JSON: " + error.message());
  }
  return ManifestReader(document, key).read();
}

std::optional<DumpManifest> find_manifest(ObjectStore& store, const std::string& dump_key,
                                          const DumpPlaces& places) {
  if (places.manifests == DumpPlaces::Manifests::ignored) return {};
  const std::string key = manifest_key(dump_key);
  const auto object = store.stat(key);
  if (!object) return {};
  if (object->size_bytes > manifest_bytes_max) refuse(key, "is larger than 1 MiB");
  const auto bytes = store.get(key, 0);
  return parse_manifest(read_all(*bytes, manifest_bytes_max), key);
}

void require_agrees(const DumpManifest& manifest, const StoredDump& dump) {
  if (manifest.size_bytes != dump.object.size_bytes) {
    refuse(manifest.key, fmt::format("does not agree with {}: size is {}, the object has {} bytes",
                                     dump.object.key, manifest.size_bytes, dump.object.size_bytes));
  }
  const auto oldest = dump.date.plus_days(-1);
  if (manifest.newest_source_date && *manifest.newest_source_date < oldest) {
    refuse(manifest.key,
           fmt::format("does not agree with {}: newest_source_date is {}, before {}: the dump of "
                       "{} holds older data",
                       dump.object.key, manifest.newest_source_date->iso(), oldest.iso(),
                       dump.date.iso()));
  }
}

void require_agrees(const DumpManifest& manifest, const ObjectDigest& read,
                    const std::vector<LoadedTable>& tables) {
  if (manifest.sha256 != read.sha256) {
    refuse(manifest.key, fmt::format("does not agree with its dump: sha256 is {}, that of the "
                                     "object {}",
                                     manifest.sha256, read.sha256));
  }
  if (manifest.size_bytes != read.bytes) {
    refuse(manifest.key, fmt::format("does not agree with its dump: size is {}, {} bytes were read",
                                     manifest.size_bytes, read.bytes));
  }
  if (!manifest.rows) return;
  std::map<std::string, std::uint64_t> unnamed;
  for (const auto& table : tables) unnamed[table.name] = table.rows;
  std::vector<std::string> differing;
  for (const auto& [table, rows] : *manifest.rows) {
    const auto found = unnamed.find(table);
    if (found == unnamed.end()) {
      differing.push_back(fmt::format("{} is {}, the dump has no such table", table, rows));
      continue;
    }
    if (found->second != rows) {
      differing.push_back(fmt::format("{} is {}, the dump has {}", table, rows, found->second));
    }
    unnamed.erase(found);
  }
  for (const auto& [table, rows] : unnamed) {
    differing.push_back(fmt::format("{} is not named, the dump has {}", table, rows));
  }
  if (differing.empty()) return;
  const std::size_t count = differing.size();
  differing.resize(std::min(count, tables_named_max));
  if (count > differing.size()) {
    differing.push_back(fmt::format("and {} more tables", count - differing.size()));
  }
  refuse(manifest.key, "does not agree with its dump: rows: " + join(differing, "; "));
}

}  // namespace pipeline
