#include "bench/sample_source/literals.h"

#include <array>
#include <charconv>

namespace pipeline::source {
namespace {

void append_number(std::string& out, std::int64_t value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_padded(std::string& out, unsigned value, int width) {
  std::array<char, 12> digits{};
  for (int i = width - 1; i >= 0; --i) {
    digits[static_cast<std::size_t>(i)] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(digits.data(), static_cast<std::size_t>(width));
}

void append_date(std::string& out, Date day) {
  const std::chrono::year_month_day date(day);
  append_padded(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.day()), 2);
}

void append_time(std::string& out, std::chrono::seconds time) {
  const auto seconds = static_cast<unsigned>(time.count());
  append_padded(out, seconds / 3'600, 2);
  out += ':';
  append_padded(out, seconds / 60 % 60, 2);
  out += ':';
  append_padded(out, seconds % 60, 2);
}

/// What a character turns into behind a backslash; 0 for itself.
constexpr std::array<char, 256> escapes = [] {
  std::array<char, 256> table{};
  table[0] = '0';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\x1a'] = 'Z';
  table['\\'] = '\\';
  table['\''] = '\'';
  table['"'] = '"';
  return table;
}();

template <typename Write>
std::string written(Write write) {
  std::string out;
  Literals literals(out, TimestampZone::tokyo);
  write(literals);
  return out;
}

}  // namespace

void Literals::number(std::int64_t value) {
  append_number(out_, value);
}

void Literals::decimal(std::int64_t units, int decimals) {
  if (units < 0) out_ += '-';
  const std::int64_t size = units < 0 ? -units : units;
  std::int64_t whole = 1;
  for (int i = 0; i < decimals; ++i) whole *= 10;
  append_number(out_, size / whole);
  if (decimals == 0) return;
  out_ += '.';
  append_padded(out_, static_cast<unsigned>(size % whole), decimals);
}

void Literals::text(std::string_view value) {
  out_ += '\'';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char escape = escapes[static_cast<unsigned char>(value[i])];
    if (escape == 0) continue;
    out_ += value.substr(plain, i - plain);
    out_ += '\\';
    out_ += escape;
    plain = i + 1;
  }
  out_ += value.substr(plain);
  out_ += '\'';
}

void Literals::date(Date day) {
  out_ += '\'';
  append_date(out_, day);
  out_ += '\'';
}

void Literals::date_time(const Moment& moment) {
  out_ += '\'';
  append_date(out_, moment.day);
  out_ += ' ';
  append_time(out_, moment.time);
  out_ += '\'';
}

void Literals::timestamp(const Moment& moment) {
  constexpr std::chrono::hours tokyo_is_ahead{9};
  if (zone_ == TimestampZone::tokyo) return date_time(moment);
  Moment utc{.day = moment.day, .time = moment.time - tokyo_is_ahead};
  if (utc.time < std::chrono::seconds(0)) {
    utc.day -= std::chrono::days(1);
    utc.time += std::chrono::days(1);
  }
  date_time(utc);
}

void Literals::time_of_day(std::chrono::seconds time) {
  out_ += '\'';
  append_time(out_, time);
  out_ += '\'';
}

std::string number(std::int64_t value) {
  return written([&](Literals& out) { out.number(value); });
}

std::string decimal(std::int64_t units, int decimals) {
  return written([&](Literals& out) { out.decimal(units, decimals); });
}

std::string text(std::string_view value) {
  return written([&](Literals& out) { out.text(value); });
}

std::string date(Date day) {
  return written([&](Literals& out) { out.date(day); });
}

std::string date_time(const Moment& moment) {
  return written([&](Literals& out) { out.date_time(moment); });
}

std::string flag(bool value) {
  return value ? "1" : "0";
}

}  // namespace pipeline::source
