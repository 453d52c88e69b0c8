// Values as SQL literals, written as mariadb-dump writes them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace pipeline::source {

using Date = std::chrono::sys_days;

/// A wall clock time in Tokyo.
struct Moment {
  Date day{};
  std::chrono::seconds time{0};
  auto operator<=>(const Moment&) const = default;
};

inline constexpr std::string_view null = "NULL";
inline constexpr std::string_view zero_date = "'0000-00-00'";
inline constexpr std::string_view zero_date_time = "'0000-00-00 00:00:00'";

/// The zone in which the literals of `timestamp` columns stand: mariadb-dump writes them in UTC.
enum class TimestampZone { tokyo, utc };

/// Appends literals to a text, which must outlive it.
class Literals {
 public:
  Literals(std::string& out, TimestampZone zone) : out_(out), zone_(zone) {}
  void raw(std::string_view literal) { out_ += literal; }
  void number(std::int64_t value);
  /// `units` of the last decimal place, e.g. hundredths with two decimals.
  void decimal(std::int64_t units, int decimals);
  /// A quoted and escaped string.
  void text(std::string_view value);
  void date(Date day);
  void date_time(const Moment& moment);
  void timestamp(const Moment& moment);
  void time_of_day(std::chrono::seconds time);

 private:
  std::string& out_;
  TimestampZone zone_;
};

// The same as values of their own.
std::string number(std::int64_t value);
std::string decimal(std::int64_t units, int decimals = 2);
std::string text(std::string_view value);
std::string date(Date day);
std::string date_time(const Moment& moment);
std::string flag(bool value);

}  // namespace pipeline::source
