#include "stages/staging/load/dump_choice.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

constexpr std::size_t dates_named_max = 31;

std::string names_of(const std::vector<BusinessDate>& dates) {
  std::vector<std::string> names;
  for (const auto& date : dates) {
    if (names.size() == dates_named_max) {
      names.push_back(fmt::format("and {} more", dates.size() - names.size()));
      break;
    }
    names.push_back(date.iso());
  }
  return join(names, ", ");
}

const StoredDump* dump_of(const std::vector<StoredDump>& dumps, BusinessDate date) {
  const auto found = std::ranges::find(dumps, date, &StoredDump::date);
  return found == dumps.end() ? nullptr : &*found;
}

/// The dumps with `after` < date <= `last`.
std::vector<StoredDump> between(const std::vector<StoredDump>& dumps,
                                std::optional<BusinessDate> after, BusinessDate last) {
  std::vector<StoredDump> found;
  std::ranges::copy_if(dumps, std::back_inserter(found), [&](const StoredDump& dump) {
    return dump.date <= last && (!after || dump.date > *after);
  });
  return found;
}

DumpChoice load(const StoredDump& dump, std::string override_reason = {}) {
  return {.kind = DumpChoice::Kind::load,
          .dump = dump,
          .gaps = {},
          .override_reason = std::move(override_reason)};
}

void require_layers_at(const LiveDates& live) {
  std::vector<std::string> behind;
  for (const auto& layer : live.layers) {
    const bool outdated = layer.built == LayerDate::Built::outdated;
    if (layer.date == live.staging && !outdated) continue;
    // After a rewind of staging: the day that staging shows was applied long ago.
    if (layer.date && *layer.date > *live.staging) continue;
    behind.push_back(fmt::format("{} shows {}{}", layer.layer,
                                 layer.date ? layer.date->iso() : "nothing",
                                 layer.date == live.staging ? " of an earlier delivery" : ""));
  }
  if (behind.empty()) return;
  throw Error(
      ErrorKind::guard_refused,
      fmt::format(
          "staging holds {} but {}: the next dump would take that day out of the history; "
          "run those layers for {} first (orchestrator rerun, or the transformers), or give "
          "--newest-only \"reason\" to lose it",
          live.staging->iso(), join(behind, " and "), live.staging->iso()));
}

DumpChoice choose_older_or_same(const DumpWish& wish, const LiveDates& live,
                                const std::vector<StoredDump>& dumps) {
  const StoredDump* dump = dump_of(dumps, wish.date);
  if (wish.rewind) {
    if (dump == nullptr) return {.kind = DumpChoice::Kind::not_there};
    return load(*dump, "rewind: " + *wish.rewind);
  }
  if (wish.date < *live.staging) {
    throw Error(
        ErrorKind::dump_freshness,
        fmt::format(
            "the dump of {} is older than the live one of {}; --rewind \"reason\" goes back",
            wish.date.iso(), live.staging->iso()));
  }
  if (dump != nullptr && wish.force == DumpWish::Force::yes) return load(*dump, "force");
  if (dump != nullptr && dump->where == StoredDump::Where::incoming) {
    DumpChoice choice = load(*dump);
    choice.kind = DumpChoice::Kind::load_if_other;
    return choice;
  }
  return {.kind = DumpChoice::Kind::nothing_new};
}

DumpChoice choose_newer(const DumpWish& wish, const LiveDates& live,
                        const std::vector<StoredDump>& newer) {
  const BusinessDate next = newer.empty() ? wish.date : newer.front().date;
  const auto gaps = dates_between(*live.staging, next);
  if (!gaps.empty() && !wish.allow_gaps && !wish.newest_only) {
    throw Error(ErrorKind::dump_continuity,
                fmt::format("no dump of {} between the live one of {} and {}; bring them, or give "
                            "--allow-gaps \"reason\" to go on without those days",
                            names_of(gaps), live.staging->iso(), next.iso()));
  }
  if (newer.empty()) return {.kind = DumpChoice::Kind::not_there};
  require_layers_at(live);
  DumpChoice choice = load(newer.front());
  if (!gaps.empty()) {
    choice.gaps = gaps;
    choice.override_reason = "allow-gaps: " + *wish.allow_gaps;
  }
  return choice;
}

}  // namespace

std::vector<BusinessDate> dates_between(BusinessDate first, BusinessDate last) {
  std::vector<BusinessDate> dates;
  for (auto date = first.plus_days(1); date < last; date = date.plus_days(1)) dates.push_back(date);
  return dates;
}

namespace {

/// Staging has no marker, but a layer was built: staging was lost. What comes next is the dump of
/// the newest layer's date, never an older one from the archive, over which history would be built
/// twice.
DumpChoice choose_after_loss(const DumpWish& wish, BusinessDate built,
                             const std::vector<StoredDump>& dumps) {
  if (wish.date < built) {
    throw Error(
        ErrorKind::dump_freshness,
        fmt::format("staging has no marker and a layer shows {} already; {} would build its "
                    "history twice. --rewind \"reason\" is the only way back",
                    built.iso(), wish.date.iso()));
  }
  const auto found = between(dumps, built.plus_days(-1), wish.date);
  if (found.empty()) return {.kind = DumpChoice::Kind::not_there};
  if (found.front().date == built) return load(found.front());
  throw Error(ErrorKind::dump_continuity,
              fmt::format("staging has no marker, a layer shows {}, and the dump of that day is "
                          "neither incoming nor archived; bring it, or go on with --rewind "
                          "\"reason\"",
                          built.iso()));
}

std::optional<BusinessDate> newest_layer_date(const LiveDates& live) {
  std::optional<BusinessDate> newest;
  for (const auto& layer : live.layers) {
    if (layer.date && (!newest || *layer.date > *newest)) newest = layer.date;
  }
  return newest;
}

}  // namespace

DumpChoice choose_dump(const DumpWish& wish, const LiveDates& live,
                       const std::vector<StoredDump>& dumps) {
  if (!live.staging && !wish.rewind) {
    if (const auto built = newest_layer_date(live)) return choose_after_loss(wish, *built, dumps);
  }
  if (live.staging && wish.date <= *live.staging) return choose_older_or_same(wish, live, dumps);
  const auto newer = between(dumps, live.staging, wish.date);
  if (wish.newest_only && !newer.empty()) {
    DumpChoice choice = load(newer.back(), "newest-only: " + *wish.newest_only);
    if (live.staging) choice.gaps = dates_between(*live.staging, choice.dump->date);
    return choice;
  }
  if (live.staging) return choose_newer(wish, live, newer);
  if (newer.empty()) return {.kind = DumpChoice::Kind::not_there};
  return load(newer.front());
}

}  // namespace pipeline
