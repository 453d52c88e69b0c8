#include "common/base/clock.h"

#include <charconv>
#include <thread>

#include <fmt/core.h>

#include "common/base/text.h"

namespace pipeline {
namespace {

constexpr std::chrono::hours tokyo_offset{9};

std::optional<int> digits(std::string_view text) {
  int value = 0;
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return {};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

class SystemClock : public Clock {
 public:
  std::chrono::system_clock::time_point now() override { return std::chrono::system_clock::now(); }
  void sleep_for(std::chrono::milliseconds duration) override {
    std::this_thread::sleep_for(duration);
  }
};

std::string format_instant(std::chrono::system_clock::time_point instant, std::string_view suffix,
                           bool with_milliseconds) {
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::milliseconds>(instant - day)};
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  time.hours().count(), time.minutes().count(), time.seconds().count());
  if (with_milliseconds) text += fmt::format(".{:03}", time.subseconds().count());
  return text.append(suffix);
}

}  // namespace

std::optional<BusinessDate> BusinessDate::parse(std::string_view text) {
  std::string compact(text);
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
    compact = std::string(text.substr(0, 4)).append(text.substr(5, 2)).append(text.substr(8, 2));
  }
  if (compact.size() != 8) return {};
  const std::string_view all = compact;
  const auto year = digits(all.substr(0, 4));
  const auto month = digits(all.substr(4, 2));
  const auto day = digits(all.substr(6, 2));
  if (!year || !month || !day) return {};
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return {};
  return BusinessDate(std::chrono::sys_days(date));
}

BusinessDate BusinessDate::at(std::chrono::system_clock::time_point instant) {
  return BusinessDate(std::chrono::floor<std::chrono::days>(instant + tokyo_offset));
}

std::string BusinessDate::iso() const {
  const std::chrono::year_month_day date{days_};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string BusinessDate::compact() const {
  return replace_all(iso(), "-", "");
}

std::chrono::system_clock::time_point BusinessDate::instant_at(
    std::chrono::seconds time_of_day) const {
  return std::chrono::system_clock::time_point(days_) + time_of_day - tokyo_offset;
}

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

std::string format_jst(std::chrono::system_clock::time_point instant) {
  return format_instant(instant + tokyo_offset, "+09:00", false);
}

std::string format_utc(std::chrono::system_clock::time_point instant) {
  return format_instant(instant, "Z", true);
}

std::optional<std::chrono::system_clock::time_point> parse_utc(std::string_view text) {
  if (text.size() != 24 || text[10] != 'T' || text[19] != '.' || text[23] != 'Z') return {};
  const auto date = BusinessDate::parse(text.substr(0, 10));
  const auto time = parse_time_of_day(text.substr(11, 8));
  const auto milliseconds = digits(text.substr(20, 3));
  if (!date || !time || !milliseconds) return {};
  return std::chrono::system_clock::time_point(date->days()) + *time +
         std::chrono::milliseconds(*milliseconds);
}

std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || !text.ends_with(" GMT")) return {};
  const auto month = months.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return {};
  return parse_utc(fmt::format("{}-{:02}-{}T{}.000Z", text.substr(12, 4), month / 3 + 1,
                               text.substr(5, 2), text.substr(17, 8)));
}

std::optional<std::chrono::seconds> parse_time_of_day(std::string_view text) {
  const auto pieces = split(text, ':');
  if (pieces.size() != 2 && pieces.size() != 3) return {};
  const auto hours = digits(pieces[0]);
  const auto minutes = digits(pieces[1]);
  const auto seconds = pieces.size() == 3 ? digits(pieces[2]) : std::optional(0);
  if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 59) return {};
  return std::chrono::hours(*hours) + std::chrono::minutes(*minutes) +
         std::chrono::seconds(*seconds);
}

}  // namespace pipeline
