// Which dump is to be loaded now: a pure rule over what is live and what lies in the store.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "stages/staging/load/stored_dumps.h"

namespace pipeline {

/// What was asked for on the command line. A reason, where there is one, goes into the ledger.
struct DumpWish {
  BusinessDate date;  // --business-date, or today in Tokyo
  std::optional<std::string> allow_gaps;
  std::optional<std::string> newest_only;
  std::optional<std::string> rewind;
  enum class Force { no, yes } force = Force::no;  // load although staging holds this very dump
};

/// A layer above staging and the date that its marker shows; nullopt: never published.
struct LayerDate {
  std::string layer;
  std::optional<BusinessDate> date;
  /// Whether it was built from the generation below it that is live now. A corrected dump of the
  /// same date makes a new generation that the layers have not seen.
  enum class Built { current, outdated } built = Built::current;
};

struct LiveDates {
  std::optional<BusinessDate> staging;  // nullopt: nothing was ever loaded
  std::vector<LayerDate> layers;
};

struct DumpChoice {
  enum class Kind {
    load,           // `dump`
    load_if_other,  // `dump` is of the live date: load it if its bytes are not those that are live
    nothing_new,    // staging holds the asked date already
    not_there,      // nothing to load yet: look again until the deadline
  } kind = Kind::nothing_new;
  std::optional<StoredDump> dump;
  std::vector<BusinessDate> gaps;  // dates passed over, with a reason given
  std::string override_reason;     // "allow-gaps: ..." and the like, empty if none was needed
};

/// The dates after `first` and before `last`.
std::vector<BusinessDate> dates_between(BusinessDate first, BusinessDate last);

/// `dumps` as list_dumps() gives them. One dump at a time, the oldest that is newer than the live
/// one and not after the asked date; with nothing live the oldest of all, so that no day's history
/// is lost (newest_only: the newest in both cases). Throws dump_continuity for dates between
/// without a dump, naming them, unless allow_gaps; dump_freshness for a date before the live one
/// unless rewind; guard_refused if a layer does not show the live date yet, unless newest_only or
/// rewind: its history would miss that day.
DumpChoice choose_dump(const DumpWish& wish, const LiveDates& live,
                       const std::vector<StoredDump>& dumps);

}  // namespace pipeline
