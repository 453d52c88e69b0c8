#include "orchestrator/asl/timestamp.h"

#include <algorithm>
#include <cstddef>

namespace pipeline::asl {
namespace {

/// Takes fixed pieces off the front of a text; once one is not there, all further fail.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int number = 0;
    for (std::size_t i = 0; i < count; ++i) number = number * 10 + digit();
    return number;
  }
  bool take(std::string_view one_of) {
    if (rest_.empty() || one_of.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(std::string_view one_of) { sound_ = take(one_of) && sound_; }
  bool at_digit() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
  bool ended_well() const { return sound_ && rest_.empty(); }

 private:
  int digit() {
    sound_ = sound_ && at_digit();
    if (!sound_) return 0;
    const int value = rest_.front() - '0';
    rest_.remove_prefix(1);
    return value;
  }

  std::string_view rest_;
  bool sound_ = true;
};

std::chrono::nanoseconds fraction(Scanner& scanner) {
  std::chrono::nanoseconds sum{0};
  for (std::int64_t unit = 100'000'000; scanner.at_digit(); unit /= 10) {
    sum += std::chrono::nanoseconds(unit * scanner.digits(1));
  }
  return sum;
}

}  // namespace

std::optional<std::chrono::system_clock::time_point> parse_timestamp(std::string_view text) {
  Scanner scanner(text);
  const int year = scanner.digits(4);
  scanner.expect("-");
  const int month = scanner.digits(2);
  scanner.expect("-");
  const int day = scanner.digits(2);
  scanner.expect("Tt");
  const int hour = scanner.digits(2);
  scanner.expect(":");
  const int minute = scanner.digits(2);
  scanner.expect(":");
  const int second = scanner.digits(2);
  std::chrono::nanoseconds below_second{0};
  if (scanner.take(".")) {
    if (!scanner.at_digit()) return {};
    below_second = fraction(scanner);
  }
  std::chrono::minutes offset{0};
  const bool behind = text.find('-', std::min<std::size_t>(text.size(), 10)) != text.npos;
  if (!scanner.take("Zz")) {
    scanner.expect("+-");
    const std::chrono::hours hours(scanner.digits(2));
    scanner.expect(":");
    const std::chrono::minutes minutes(scanner.digits(2));
    if (hours.count() > 23 || minutes.count() > 59) return {};
    offset = hours + minutes;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  // system_clock counts nanoseconds in 64 bits: 1678 to 2261.
  if (!scanner.ended_well() || !date.ok() || year < 1678 || year > 2261) return {};
  if (hour > 23 || minute > 59 || second > 60) return {};
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + below_second - (behind ? -offset : offset);
}

}  // namespace pipeline::asl
