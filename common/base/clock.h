// The only source of "now", and dates as the business sees them (Asia/Tokyo).
#pragma once

#include <chrono>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace pipeline {

/// A calendar date in Asia/Tokyo: the date of a dump. Never the host's date.
class BusinessDate {
 public:
  BusinessDate() = default;
  explicit BusinessDate(std::chrono::sys_days days) : days_(days) {}

  /// "2026-02-01" or "20260201"; nullopt for anything else, impossible dates included.
  static std::optional<BusinessDate> parse(std::string_view text);
  /// The date in Tokyo at `instant`. Japan is UTC+9 without daylight saving.
  static BusinessDate at(std::chrono::system_clock::time_point instant);

  std::string iso() const;      // 2026-02-01
  std::string compact() const;  // 20260201
  BusinessDate plus_days(int days) const { return BusinessDate(days_ + std::chrono::days(days)); }
  /// The instant at which this date's wall clock in Tokyo shows `time_of_day`.
  std::chrono::system_clock::time_point instant_at(std::chrono::seconds time_of_day) const;
  std::chrono::sys_days days() const { return days_; }
  auto operator<=>(const BusinessDate&) const = default;

 private:
  std::chrono::sys_days days_{};
};

/// Wall clock and waiting; tests give a fake one.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::chrono::system_clock::time_point now() = 0;
  /// Returns after `duration`, or earlier when the process is asked to stop.
  virtual void sleep_for(std::chrono::milliseconds duration) = 0;
};

Clock& system_clock();

/// "2026-02-01T07:00:00+09:00": what people read.
std::string format_jst(std::chrono::system_clock::time_point instant);
/// "2026-01-31T22:00:00.000Z": what is stored.
std::string format_utc(std::chrono::system_clock::time_point instant);
/// Reads format_utc's text back; nullopt if it is something else.
std::optional<std::chrono::system_clock::time_point> parse_utc(std::string_view text);
/// "Wed, 21 Oct 2015 07:28:00 GMT" (RFC 9110, 5.6.7); nullopt if it is something else.
std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text);
/// "07:40" or "07:40:30" as seconds since midnight; nullopt if it is something else.
std::optional<std::chrono::seconds> parse_time_of_day(std::string_view text);

}  // namespace pipeline
