// The rules are those of dbt 1.7 over agate 1.6 (dbt/clients/agate_helper.py, build_type_tester),
// with two differences that lose nothing: numbers that do not fit int get a wider type instead of
// an error, and a datetime with a time zone stays text.
#include "stages/transform/run/seed_types.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/core.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::dbt {
namespace {

constexpr std::size_t decimal_digits_max = 65;  // of MariaDB's and MySQL's DECIMAL

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_null(std::string_view field) {
  const std::string_view word = trim(field);
  return word.empty() || to_lower(word) == "null";
}

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - at;
}

/// "-1234.5e3" of " -1,234.50e3 "; nullopt if it is no number.
std::optional<std::string> as_number(std::string_view field) {
  const std::string text = replace_all(trim(field), ",", "");
  std::size_t at = 0;
  std::string sign;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) {
    if (text[at] == '-') sign = "-";
    ++at;
  }
  const std::size_t whole_begin = at;
  const std::size_t whole = digits_at(text, at);
  at += whole;
  std::string fraction;
  std::size_t fraction_digits = 0;
  if (at < text.size() && text[at] == '.') {
    fraction_digits = digits_at(text, at + 1);
    fraction = text.substr(at + 1, fraction_digits);
    at += 1 + fraction_digits;
  }
  if (whole + fraction_digits == 0) return {};
  std::string exponent;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    std::size_t digits = at + 1;
    if (digits < text.size() && (text[digits] == '-' || text[digits] == '+')) ++digits;
    const std::size_t count = digits_at(text, digits);
    if (count == 0) return {};
    exponent = text.substr(at, digits + count - at);
    at = digits + count;
  }
  if (at != text.size()) return {};
  std::string digits = text.substr(whole_begin, whole);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty()) digits = "0";
  // 1.50 has one decimal place and 2.0 none: a column of such numbers is one of integers.
  const auto last = fraction.find_last_not_of('0');
  fraction = last == std::string::npos ? "" : "." + fraction.substr(0, last + 1);
  if (digits == "0" && fraction.empty()) sign.clear();
  return sign + digits + fraction + exponent;
}

std::optional<int> number_at(std::string_view text, std::size_t& at, std::size_t digits_max) {
  const std::size_t digits = std::min(digits_at(text, at), digits_max);
  int value = 0;
  if (digits == 0) return {};
  std::from_chars(text.data() + at, text.data() + at + digits, value);
  at += digits;
  return value;
}

/// "2026-02-01" of "2026-2-1", from the start of `text`; moves `at` behind it.
std::optional<std::string> date_at(std::string_view text, std::size_t& at) {
  if (digits_at(text, 0) != 4) return {};
  const auto year = number_at(text, at, 4);
  if (!year || at >= text.size() || text[at++] != '-') return {};
  const auto month = number_at(text, at, 2);
  if (!month || at >= text.size() || text[at++] != '-') return {};
  const auto day = number_at(text, at, 2);
  if (!day) return {};
  const std::string iso = fmt::format("{:04}-{:02}-{:02}", *year, *month, *day);
  return BusinessDate::parse(iso) ? std::optional(iso) : std::nullopt;
}

std::optional<std::string> as_date(std::string_view field) {
  const std::string_view text = trim(field);
  std::size_t at = 0;
  auto date = date_at(text, at);
  return at == text.size() ? date : std::nullopt;
}

std::optional<std::string> as_datetime(std::string_view field) {
  const std::string_view text = trim(field);
  std::size_t at = 0;
  const auto date = date_at(text, at);
  if (!date || at >= text.size() || (text[at] != ' ' && text[at] != 'T')) return {};
  ++at;
  const auto hour = number_at(text, at, 2);
  if (!hour || *hour > 23 || at >= text.size() || text[at++] != ':') return {};
  const auto minute = number_at(text, at, 2);
  if (!minute || *minute > 59 || at >= text.size() || text[at++] != ':') return {};
  const auto second = number_at(text, at, 2);
  if (!second || *second > 59 || at != text.size()) return {};
  return fmt::format("{} {:02}:{:02}:{:02}", *date, *hour, *minute, *second);
}

std::optional<std::string> as_boolean(std::string_view field) {
  const std::string word = to_lower(trim(field));
  if (word == "true") return "1";
  if (word == "false") return "0";
  return {};
}

std::optional<std::string> as_text(std::string_view field) {
  return std::string(field);
}

using Reader = std::optional<std::string> (*)(std::string_view);

struct Kind {
  Reader read;
  std::string_view sql_type;
  SeedColumn::Literal literal;
};

constexpr Kind kinds[] = {
    {as_number, "int", SeedColumn::Literal::bare},
    {as_date, "date", SeedColumn::Literal::quoted},
    {as_datetime, "datetime", SeedColumn::Literal::quoted},
    {as_boolean, "boolean", SeedColumn::Literal::bare},
    {as_text, "text", SeedColumn::Literal::quoted},
};

/// The narrowest type for numbers in as_number's form.
std::string number_type(const std::vector<std::optional<std::string>>& numbers) {
  std::string_view type = "int";
  std::size_t digits_max = 0;
  for (const auto& number : numbers) {
    if (!number) continue;
    if (number->find_first_of(".eE") != std::string::npos) return "double";
    std::int64_t value = 0;
    const auto [end, error] =
        std::from_chars(number->data(), number->data() + number->size(), value);
    if (error != std::errc()) {
      digits_max = std::max(digits_max, number->size());
    } else if (value > INT32_MAX || value < INT32_MIN) {
      type = "bigint";
    }
  }
  if (digits_max > decimal_digits_max) return "double";
  return digits_max > 0 ? fmt::format("decimal({},0)", decimal_digits_max) : std::string(type);
}

std::vector<std::optional<std::string>> read_column(const CsvTable& csv, std::size_t column,
                                                    Reader read, bool& fits) {
  std::vector<std::optional<std::string>> values;
  values.reserve(csv.rows.size());
  fits = true;
  for (const auto& row : csv.rows) {
    if (is_null(row[column])) {
      values.emplace_back();
      continue;
    }
    values.push_back(read(row[column]));
    if (!values.back()) {
      fits = false;
      return values;
    }
  }
  return values;
}

std::map<std::string, std::string> known_types(const CsvTable& csv,
                                               const std::map<std::string, std::string>& given,
                                               std::string_view name) {
  std::map<std::string, std::string> by_lower_name;
  for (const auto& [column, type] : given) {
    const bool known = std::any_of(
        csv.header.begin(), csv.header.end(),
        [wanted = to_lower(column)](const auto& header) { return to_lower(header) == wanted; });
    if (!known) {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("{}: column_types names {}, but the columns are {}", name, column,
                              join(csv.header, ", ")));
    }
    by_lower_name[to_lower(column)] = type;
  }
  return by_lower_name;
}

}  // namespace

SeedTable type_seed(const CsvTable& csv, const std::map<std::string, std::string>& column_types,
                    std::string_view name) {
  const auto given = known_types(csv, column_types, name);
  SeedTable seed;
  seed.rows.assign(csv.rows.size(), {});
  for (std::size_t column = 0; column < csv.header.size(); ++column) {
    SeedColumn typed{.name = csv.header[column], .sql_type = {}};
    const auto forced = given.find(to_lower(typed.name));
    std::vector<std::optional<std::string>> values;
    bool fits = false;
    if (forced != given.end()) {
      values = read_column(csv, column, as_text, fits);
      typed.sql_type = forced->second;
    }
    for (const auto& kind : kinds) {
      if (fits) break;
      values = read_column(csv, column, kind.read, fits);
      typed.sql_type = kind.read == as_number && fits ? number_type(values) : kind.sql_type;
      typed.literal = kind.literal;
    }
    for (std::size_t row = 0; row < values.size(); ++row) {
      seed.rows[row].push_back(std::move(values[row]));
    }
    seed.columns.push_back(std::move(typed));
  }
  return seed;
}

}  // namespace pipeline::dbt
