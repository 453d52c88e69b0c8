// The dumps day by day: which are there, which are missing, what became of each and why.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/object_store/object_store.h"
#include "stages/staging/load/load_ledger.h"
#include "stages/staging/load/stored_dumps.h"

namespace pipeline {

/// What stands beside a refused dump; empty texts where it does not say.
struct RefusalNote {
  std::string error;  // "Pipeline.DumpCorrupt"
  std::string cause;
  std::string run_id;
  std::string refused_at;
};

/// An object of the store, or a date that has none.
struct CalendarEntry {
  BusinessDate date;
  enum class State {
    live,     // staging shows this date
    pending,  // newer than live, and asked for
    future,   // after the asked date
    older,    // than live
    refused,  // lies in quarantine
    loaded,   // was published, and its dump is not in the store any more
    missing,  // no dump was ever seen
  } state = State::missing;
  std::optional<StoredDump> dump;       // nullopt: loaded, missing, or live without its object
  std::optional<PublishedLoad> loaded;  // the newest of the date; never of a refused dump
  std::optional<RefusalNote> why;       // of a refused dump
};

struct DumpCalendar {
  std::vector<CalendarEntry> entries;  // by date; of one date the refused ones last, by age
  std::size_t earlier_dumps = 0;       // of the store, before the first date of `entries`
};

struct CalendarWish {
  BusinessDate asked;
  int days = 60;  // up to the asked one
};

/// What the calendar is made of.
struct CalendarInput {
  std::optional<BusinessDate> live;
  std::vector<StoredDump> dumps;     // one a date, oldest first
  std::vector<StoredDump> refused;   // by date
  std::vector<PublishedLoad> loads;  // by generation; older ones than the window may lack
  std::optional<BusinessDate> first_load;
};

/// Every date from the first that anything is known of, at most `days` of them, to the asked one;
/// behind it the dates of later dumps. Pure: notes of refusals are not there yet.
DumpCalendar make_calendar(const CalendarInput& input, const CalendarWish& wish);

/// The first date that make_calendar() may show.
BusinessDate first_date_shown(const CalendarWish& wish);

/// "live, archived", "missing": for people and for JSON.
std::string state_text(const CalendarEntry& entry);

/// Reads the notes beside the newest refused dumps, 200 at most. A note that is not there, is
/// longer than 64 KiB or cannot be understood is left out; texts are cut. Throws the kinds of the
/// store.
void read_refusal_notes(ObjectStore& store, DumpCalendar& calendar);

}  // namespace pipeline
