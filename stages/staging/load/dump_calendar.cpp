#include "stages/staging/load/dump_calendar.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "common/base/error.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/io/file.h"

namespace pipeline {
namespace {

using State = CalendarEntry::State;

constexpr std::size_t notes_read_max = 200;
constexpr std::size_t note_bytes_max = 64U << 10U;
constexpr std::size_t cause_bytes_max = 300;
constexpr std::size_t word_bytes_max = 100;

std::optional<BusinessDate> first_known(const CalendarInput& input) {
  std::optional<BusinessDate> first = input.first_load;
  const auto consider = [&](const std::vector<StoredDump>& dumps) {
    if (!dumps.empty() && (!first || dumps.front().date < *first)) first = dumps.front().date;
  };
  consider(input.dumps);
  consider(input.refused);
  return first;
}

State state_of(BusinessDate date, const CalendarInput& input, BusinessDate asked) {
  if (input.live == date) return State::live;
  if (date > asked) return State::future;
  if (input.live && date < *input.live) return State::older;
  return State::pending;
}

/// All entries of one date. Empty: the date is to come, and nothing lies in the store.
std::vector<CalendarEntry> entries_of(BusinessDate date, const StoredDump* dump,
                                      std::vector<StoredDump> refused, const CalendarInput& input,
                                      const CalendarWish& wish) {
  CalendarEntry entry{.date = date, .dump = {}, .loaded = {}, .why = {}};
  for (const auto& load : input.loads) {
    if (load.business_date == date) entry.loaded = load;
  }
  std::vector<CalendarEntry> entries;
  if (dump != nullptr) {
    entry.state = state_of(date, input, wish.asked);
    entry.dump = *dump;
    entries.push_back(std::move(entry));
  } else if (entry.loaded || input.live == date) {
    entry.state = input.live == date ? State::live : State::loaded;
    entries.push_back(std::move(entry));
  } else if (refused.empty() && date <= wish.asked) {
    entries.push_back(std::move(entry));
  }
  std::ranges::stable_sort(refused, {}, [](const auto& one) { return one.object.modified; });
  for (auto& one : refused) {
    entries.push_back(
        {.date = date, .state = State::refused, .dump = std::move(one), .loaded = {}, .why = {}});
  }
  return entries;
}

std::string text_member(const Json& note, std::string_view name, std::size_t bytes_max) {
  const Json* found = note.find(name);
  return found != nullptr && found->is_string() ? head(found->as_string(), bytes_max) : "";
}

std::optional<RefusalNote> read_note(ObjectStore& store, const std::string& key) {
  const auto object = store.stat(key);
  if (!object || object->size_bytes > note_bytes_max) return {};
  const auto bytes = store.get(key, 0);
  const std::string text = read_all(*bytes, note_bytes_max);
  try {
    const Json note = Json::parse(text);
    return RefusalNote{.error = text_member(note, "error", word_bytes_max),
                       .cause = text_member(note, "cause", cause_bytes_max),
                       .run_id = text_member(note, "run_id", word_bytes_max),
                       .refused_at = text_member(note, "refused_at", word_bytes_max)};
  } catch (const Error& error) {
    log::debug("{} is no note of a refusal: {}", key, error.what());
    return {};
  }
}

}  // namespace

BusinessDate first_date_shown(const CalendarWish& wish) {
  return wish.asked.plus_days(1 - wish.days);
}

DumpCalendar make_calendar(const CalendarInput& input, const CalendarWish& wish) {
  DumpCalendar calendar;
  const auto known = first_known(input);
  if (!known) return calendar;
  const BusinessDate first = std::max(*known, first_date_shown(wish));

  struct OfDate {
    const StoredDump* dump = nullptr;
    std::vector<StoredDump> refused;
  };
  std::map<BusinessDate, OfDate> by_date;
  for (auto date = first; date <= wish.asked; date = date.plus_days(1)) by_date[date];
  if (input.live && *input.live >= first) by_date[*input.live];
  for (const auto& dump : input.dumps) {
    if (dump.date < first) ++calendar.earlier_dumps;
    if (dump.date >= first) by_date[dump.date].dump = &dump;
  }
  for (const auto& dump : input.refused) {
    if (dump.date < first) ++calendar.earlier_dumps;
    if (dump.date >= first) by_date[dump.date].refused.push_back(dump);
  }
  for (auto& [date, found] : by_date) {
    std::ranges::move(entries_of(date, found.dump, std::move(found.refused), input, wish),
                      std::back_inserter(calendar.entries));
  }
  return calendar;
}

std::string state_text(const CalendarEntry& entry) {
  const bool archived = entry.dump && entry.dump->where == StoredDump::Where::processed;
  const std::string place = archived ? ", archived" : "";
  switch (entry.state) {
    case State::live:
      return "live" + place;
    case State::pending:
      return "pending" + place;
    case State::future:
      return "future" + place;
    case State::older:
      return "older than live" + place;
    case State::refused:
      return "refused";
    case State::loaded:
      return "loaded, its dump is gone";
    case State::missing:
      return "missing";
  }
  return "missing";
}

void read_refusal_notes(ObjectStore& store, DumpCalendar& calendar) {
  std::size_t left = notes_read_max;
  for (auto entry = calendar.entries.rbegin(); entry != calendar.entries.rend(); ++entry) {
    if (entry->state != State::refused) continue;
    if (left-- == 0) return;
    entry->why = read_note(store, entry->dump->object.key + ".json");
  }
}

}  // namespace pipeline
