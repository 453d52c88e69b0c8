#include "stages/staging/load/stored_dumps.h"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/io/gzip.h"
#include "common/io/zstd.h"

namespace pipeline {
namespace {

constexpr std::string_view gzip_ending = ".gz";
constexpr std::string_view zstd_ending = ".zst";

struct DatePiece {
  char letter;
  std::size_t digits;
};
constexpr DatePiece date_pieces[] = {{'Y', 4}, {'m', 2}, {'d', 2}};

std::optional<BusinessDate> match(std::string_view name, std::string_view pattern) {
  std::string year_month_day[3];
  while (!pattern.empty()) {
    if (pattern.size() < 2 || pattern[0] != '%') {
      if (name.empty() || name[0] != pattern[0]) return {};
      name.remove_prefix(1);
      pattern.remove_prefix(1);
      continue;
    }
    for (std::size_t i = 0; i < 3; ++i) {
      if (pattern[1] != date_pieces[i].letter) continue;
      year_month_day[i] = name.substr(0, date_pieces[i].digits);
      name.remove_prefix(year_month_day[i].size());
    }
    pattern.remove_prefix(2);
  }
  if (!name.empty()) return {};
  return BusinessDate::parse(year_month_day[0] + year_month_day[1] + year_month_day[2]);
}

// Empty: not compressed.
std::string_view compression_of(std::string_view name) {
  for (const std::string_view ending : {gzip_ending, zstd_ending}) {
    if (name.ends_with(ending)) return ending;
  }
  return {};
}

// The dump that stands for the date when several objects have it.
bool is_better(const StoredDump& candidate, const StoredDump& present, std::string_view pattern) {
  if (candidate.where != present.where) return candidate.where == StoredDump::Where::incoming;
  const auto rank = [&](const StoredDump& dump) {
    if (!dump.compressed()) return 0;
    return dump.object.key.ends_with(compression_of(pattern)) ? 2 : 1;
  };
  return rank(candidate) > rank(present);
}

}  // namespace

std::optional<BusinessDate> date_of_dump(std::string_view name, std::string_view pattern) {
  if (const auto date = match(name, pattern)) return date;
  const std::string_view ending = compression_of(pattern);
  if (ending.empty()) return {};
  pattern.remove_suffix(ending.size());
  name.remove_suffix(compression_of(name).size());
  return match(name, pattern);
}

StoredDump::Format StoredDump::format() const {
  if (object.key.ends_with(gzip_ending)) return Format::gzip;
  if (object.key.ends_with(zstd_ending)) return Format::zstd;
  return Format::text;
}

std::unique_ptr<ByteSource> inflate_dump(const StoredDump& dump, ByteSource& bytes) {
  switch (dump.format()) {
    case StoredDump::Format::text:
      return nullptr;
    case StoredDump::Format::gzip:
      return std::make_unique<GzipSource>(bytes);
    case StoredDump::Format::zstd:
      return std::make_unique<ZstdSource>(bytes);
  }
  return nullptr;
}

std::vector<StoredDump> list_dumps(ObjectStore& store, const DumpPlaces& places) {
  std::map<BusinessDate, StoredDump> by_date;
  const auto collect = [&](const std::string& prefix, StoredDump::Where where) {
    for (const auto& object : store.list(prefix)) {
      const std::string_view name = std::string_view(object.key).substr(prefix.size());
      const auto date = date_of_dump(name, places.pattern);
      if (!date) {
        log::debug("{} is no dump by its name", object.key);
        continue;
      }
      const StoredDump dump{.date = *date, .object = object, .where = where};
      const auto [present, inserted] = by_date.emplace(*date, dump);
      if (!inserted && is_better(dump, present->second, places.pattern)) present->second = dump;
    }
  };
  collect(places.prefix, StoredDump::Where::incoming);
  collect(places.processed_prefix, StoredDump::Where::processed);
  std::vector<StoredDump> dumps;
  for (auto& [date, dump] : by_date) dumps.push_back(std::move(dump));
  return dumps;
}

std::string manifest_key(std::string_view dump_key) {
  for (const std::string_view ending : {gzip_ending, zstd_ending, std::string_view(".sql")}) {
    if (dump_key.ends_with(ending)) dump_key.remove_suffix(ending.size());
  }
  return std::string(dump_key) + ".json";
}

std::string processed_key(std::string_view incoming_key, const DumpPlaces& places) {
  require(incoming_key.starts_with(places.prefix), "an incoming dump lies under its prefix");
  return places.processed_prefix + std::string(incoming_key.substr(places.prefix.size()));
}

}  // namespace pipeline
