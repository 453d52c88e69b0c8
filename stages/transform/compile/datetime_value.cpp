#include "stages/transform/compile/datetime_value.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::dbt {
namespace {

using jinja::Arguments;
using jinja::Bound;
using jinja::CallContext;
using jinja::Value;

struct Zone {
  std::string_view name;
  std::string_view abbreviation;
  std::chrono::minutes east_of_utc;
};

using std::chrono::minutes;

// Zones with summer time need a table of years, which this program does not carry.
constexpr std::array zones = {
    Zone{"UTC", "UTC", minutes(0)},
    Zone{"Etc/UTC", "UTC", minutes(0)},
    Zone{"Asia/Tokyo", "JST", minutes(9 * 60)},
    Zone{"Japan", "JST", minutes(9 * 60)},
    Zone{"Asia/Seoul", "KST", minutes(9 * 60)},
    Zone{"Asia/Shanghai", "CST", minutes(8 * 60)},
    Zone{"Asia/Singapore", "+08", minutes(8 * 60)},
    Zone{"Asia/Bangkok", "+07", minutes(7 * 60)},
    Zone{"Asia/Kolkata", "IST", minutes(5 * 60 + 30)},
};

class ZoneValue : public jinja::Object {
 public:
  explicit ZoneValue(const Zone& zone) : zone_(zone) {}
  const Zone& zone() const { return zone_; }
  std::string type_name() const override { return "timezone"; }
  std::optional<Value> get_attr(std::string_view name) const override {
    if (name == "zone") return Value(zone_.name);
    return std::nullopt;
  }
  std::string str() const override { return std::string(zone_.name); }

 private:
  const Zone& zone_;
};

std::string formatted(const std::tm& parts, const std::string& pattern) {
  if (pattern.empty()) return {};
  // A mark at the end tells an empty result from one that did not fit.
  const std::string marked = pattern + "|";
  std::string text(pattern.size() * 4 + 256, '\0');
  text.resize(std::strftime(text.data(), text.size(), marked.c_str(), &parts));
  if (!text.empty()) text.pop_back();
  return text;
}

class DateValue : public jinja::Object {
 public:
  explicit DateValue(const std::tm& parts) : parts_(parts) {}
  std::string type_name() const override { return "date"; }
  std::optional<Value> get_attr(std::string_view name) const override {
    if (name == "year") return parts_.tm_year + 1900;
    if (name == "month") return parts_.tm_mon + 1;
    if (name == "day") return parts_.tm_mday;
    return std::nullopt;
  }
  Value call_method(CallContext& context, std::string_view name,
                    const Arguments& arguments) override {
    if (name == "strftime") {
      return formatted(parts_, Bound("strftime", arguments, {"format"}).string("format"));
    }
    if (name == "isoformat") return str();
    if (name == "weekday") return (parts_.tm_wday + 6) % 7;
    if (name == "isoweekday") return parts_.tm_wday == 0 ? 7 : parts_.tm_wday;
    return Object::call_method(context, name, arguments);
  }
  std::string str() const override { return formatted(parts_, "%Y-%m-%d"); }

 private:
  std::tm parts_;
};

class DatetimeValue : public jinja::Object {
 public:
  DatetimeValue(std::chrono::system_clock::time_point instant, const Zone& zone)
      : instant_(std::chrono::floor<std::chrono::microseconds>(instant)), zone_(zone) {
    const auto local = instant_ + zone.east_of_utc;
    const auto second = std::chrono::floor<std::chrono::seconds>(local);
    microseconds_ = (local - second).count();
    const std::time_t seconds = std::chrono::system_clock::to_time_t(second);
    ::gmtime_r(&seconds, &parts_);
  }

  std::string type_name() const override { return "datetime"; }
  std::optional<Value> get_attr(std::string_view name) const override {
    if (name == "hour") return parts_.tm_hour;
    if (name == "minute") return parts_.tm_min;
    if (name == "second") return parts_.tm_sec;
    if (name == "microsecond") return microseconds_;
    if (name == "tzinfo") return std::make_shared<ZoneValue>(zone_);
    return DateValue(parts_).get_attr(name);
  }
  Value call_method(CallContext& context, std::string_view name,
                    const Arguments& arguments) override {
    if (name == "strftime") {
      return format(Bound("strftime", arguments, {"format"}).string("format"));
    }
    if (name == "isoformat") return text('T');
    if (name == "date") return std::make_shared<DateValue>(parts_);
    if (name == "timestamp") {
      return static_cast<double>(instant_.time_since_epoch().count()) / 1e6;
    }
    if (name == "astimezone") {
      const auto zone = Bound("astimezone", arguments, {"tz"}).value("tz").as<ZoneValue>();
      if (zone) return std::make_shared<DatetimeValue>(instant_, zone->zone());
      throw Error(ErrorKind::config_invalid, "astimezone() needs a zone of modules.pytz");
    }
    return DateValue(parts_).call_method(context, name, arguments);
  }
  std::string str() const override { return text(' '); }

 private:
  std::string fraction() const { return fmt::format("{:06}", microseconds_); }

  std::string offset(std::string_view between) const {
    const auto east = zone_.east_of_utc.count();  // no zone of the table lies west
    return fmt::format("+{:02}{}{:02}", east / 60, between, east % 60);
  }

  std::string text(char between) const {
    return formatted(parts_, fmt::format("%Y-%m-%d{}%H:%M:%S", between)) +
           (microseconds_ == 0 ? "" : "." + fraction()) + offset(":");
  }

  /// C knows no %f, and takes zones from the process.
  std::string format(const std::string& pattern) const {
    std::string plain;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
      const char letter = pattern[at] == '%' && at + 1 < pattern.size() ? pattern[at + 1] : '\0';
      if (letter == 'f') {
        plain += fraction();
      } else if (letter == 'z') {
        plain += offset("");
      } else if (letter == 'Z') {
        plain += zone_.abbreviation;
      } else {
        plain += pattern[at];
        if (letter == '\0') continue;
        plain += letter;
      }
      ++at;
    }
    return formatted(parts_, plain);
  }

  std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds> instant_;
  const Zone& zone_;
  std::int64_t microseconds_ = 0;
  std::tm parts_{};
};

Value zone_named(CallContext&, const Arguments& arguments) {
  const Bound bound("pytz.timezone", arguments, {"zone"});
  const std::string& name = bound.string("zone");
  const auto zone = std::ranges::find(zones, std::string_view(name), &Zone::name);
  if (zone != zones.end()) return std::make_shared<ZoneValue>(*zone);
  std::vector<std::string> known;
  for (const auto& one : zones) known.emplace_back(one.name);
  throw Error(ErrorKind::config_invalid,
              fmt::format("not supported yet: the zone {}; there is {}", name, join(known, ", ")));
}

}  // namespace

Value datetime_value(std::chrono::system_clock::time_point instant) {
  return std::make_shared<DatetimeValue>(instant, zones.front());
}

Value pytz_module() {
  return Value::dict({{"utc", std::make_shared<ZoneValue>(zones.front())},
                      {"UTC", std::make_shared<ZoneValue>(zones.front())},
                      {"timezone", Value::function("pytz.timezone", zone_named)}});
}

}  // namespace pipeline::dbt
