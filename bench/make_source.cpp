// Writes the SQL or the dump of a synthetic source database to stdout.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "bench/sample_source/schema.h"
#include "bench/sample_source/sql_text.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/text.h"

namespace {

using pipeline::BusinessDate;
using pipeline::Error;
using pipeline::ErrorKind;
using pipeline::source::Changes;
using pipeline::source::TableSpec;

constexpr std::string_view usage =
    "make_source [--dump] [--day N] [--date YYYY-MM-DD] [--scale F] [--seed N] [--changes HOW]\n"
    "            [--tables a,b,c] [--staging-extras]\n"
    "\n"
    "Writes SQL that drops, makes and fills the 81 tables of the sample source database.\n"
    "Same arguments, same bytes. All data is synthetic.\n"
    "\n"
    "  --dump             instead: the text of mariadb-dump for that database; needs no server\n"
    "  --day N            state of this day; each day after day 1 changes about 1 % of the rows\n"
    "                     (default 1; m_nationalities is empty on day 2, 12, 22 ...)\n"
    "  --date YYYY-MM-DD  date of that day; day 1 is N-1 days earlier, so consecutive days need\n"
    "                     consecutive dates (default: 2026-02-01 for day 1)\n"
    "  --scale F          part of the real volumes (default 0.01, at most 4); 1 is 945 MB\n"
    "  --seed N           default 1\n"
    "  --changes HOW      which rows a day changes: mixed (mostly recent ones, the default),\n"
    "                     random (anywhere), newest (hardly any but the newest 3 %)\n"
    "  --tables a,b,c     only these tables, with the rows that they have among all\n"
    "  --staging-extras   instead: the tables of staging that do not come from a dump\n";

// A day costs about a hundredth of the first; ten years are enough.
constexpr int day_max = 3'650;
constexpr double scale_max = 4;

enum class Output { sql, dump, staging_extras, help };

struct Arguments {
  pipeline::source::SourceOptions options;
  std::optional<BusinessDate> date;
  std::vector<const TableSpec*> tables;
  Output output = Output::sql;
};

Error wrong(std::string_view flag, std::string_view message) {
  return Error(ErrorKind::config_invalid, fmt::format("{}: {}", flag, message));
}

template <typename Number>
Number parse_number(std::string_view flag, std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw wrong(flag, fmt::format("'{}' is not a number", text));
  }
  return value;
}

BusinessDate parse_date(std::string_view flag, std::string_view text) {
  const auto date = BusinessDate::parse(text);
  if (!date) throw wrong(flag, fmt::format("'{}' is not a date like 2026-02-01", text));
  return *date;
}

Changes parse_changes(std::string_view flag, std::string_view text) {
  constexpr std::array<std::pair<std::string_view, Changes>, 3> words{
      {{"mixed", Changes::mixed}, {"random", Changes::random}, {"newest", Changes::newest}}};
  const auto found = std::find_if(words.begin(), words.end(),
                                  [&](const auto& word) { return word.first == text; });
  if (found == words.end()) {
    throw wrong(flag, fmt::format("'{}' is none of mixed, random, newest", text));
  }
  return found->second;
}

std::vector<const TableSpec*> parse_tables(std::string_view flag, std::string_view text) {
  std::vector<const TableSpec*> tables;
  const auto names = pipeline::split(text, ',');
  for (const TableSpec& table : pipeline::source::source_tables()) {
    if (std::find(names.begin(), names.end(), table.name) != names.end()) {
      tables.push_back(&table);
    }
  }
  for (const auto& name : names) {
    const auto is_named = [&](const TableSpec* table) { return table->name == name; };
    if (std::none_of(tables.begin(), tables.end(), is_named)) {
      throw wrong(flag, fmt::format("the source has no table '{}'", name));
    }
  }
  return tables;
}

struct Switch {
  std::string_view flag;
  Output output;
};
constexpr std::array<Switch, 3> switches{{{"--help", Output::help},
                                          {"--dump", Output::dump},
                                          {"--staging-extras", Output::staging_extras}}};

struct Setting {
  std::string_view flag;
  void (*apply)(Arguments& arguments, std::string_view flag, std::string_view value);
};
constexpr std::array<Setting, 6> settings{{
    {"--day", [](Arguments& a, std::string_view flag,
                 std::string_view value) { a.options.day = parse_number<int>(flag, value); }},
    {"--scale",
     [](Arguments& a, std::string_view flag, std::string_view value) {
       a.options.scale = parse_number<double>(flag, value);
     }},
    {"--seed",
     [](Arguments& a, std::string_view flag, std::string_view value) {
       a.options.seed = parse_number<std::uint64_t>(flag, value);
     }},
    {"--date", [](Arguments& a, std::string_view flag,
                  std::string_view value) { a.date = parse_date(flag, value); }},
    {"--changes", [](Arguments& a, std::string_view flag,
                     std::string_view value) { a.options.changes = parse_changes(flag, value); }},
    {"--tables", [](Arguments& a, std::string_view flag,
                    std::string_view value) { a.tables = parse_tables(flag, value); }},
}};

void check(const Arguments& arguments) {
  if (arguments.options.day < 1 || arguments.options.day > day_max) {
    throw wrong("--day", fmt::format("must be between 1 and {}", day_max));
  }
  if (!(arguments.options.scale > 0 && arguments.options.scale <= scale_max)) {
    throw wrong("--scale", fmt::format("must be above 0 and at most {}", scale_max));
  }
  if (arguments.output == Output::staging_extras && !arguments.tables.empty()) {
    throw wrong("--tables", "names tables of the source; --staging-extras writes others");
  }
}

Arguments parse_arguments(std::span<char*> words) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const auto is_word = [&](const auto& known) { return known.flag == word; };
    if (const auto* found = std::find_if(switches.begin(), switches.end(), is_word);
        found != switches.end()) {
      if (arguments.output != Output::sql) throw wrong(word, "only one kind of output at a time");
      arguments.output = found->output;
      continue;
    }
    const auto* setting = std::find_if(settings.begin(), settings.end(), is_word);
    if (setting == settings.end()) {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("unknown argument '{}'; see make_source --help", word));
    }
    if (i + 1 == words.size()) throw wrong(word, "needs a value");
    setting->apply(arguments, word, words[++i]);
  }
  check(arguments);
  arguments.options.date =
      arguments.date
          .value_or(BusinessDate::parse("2026-02-01")->plus_days(arguments.options.day - 1))
          .days();
  if (arguments.tables.empty()) {
    for (const TableSpec& table : pipeline::source::source_tables()) {
      arguments.tables.push_back(&table);
    }
  }
  return arguments;
}

/// Collects small pieces to large writes.
class StandardOutput {
 public:
  void add(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= flush_bytes) flush();
  }
  void flush() {
    if (std::fwrite(buffer_.data(), 1, buffer_.size(), stdout) != buffer_.size() ||
        std::fflush(stdout) != 0) {
      throw Error(ErrorKind::resource_exhausted, "cannot write to stdout");
    }
    buffer_.clear();
  }

 private:
  static constexpr std::size_t flush_bytes = 1U << 20U;
  std::string buffer_;
};

void write(const Arguments& arguments) {
  StandardOutput out;
  const auto sink = [&](std::string_view text) { out.add(text); };
  switch (arguments.output) {
    case Output::help:
      sink(usage);
      break;
    case Output::sql:
      write_sql(pipeline::source::Source(arguments.options), arguments.tables, sink);
      break;
    case Output::dump:
      write_dump(pipeline::source::Source(arguments.options), arguments.tables, sink);
      break;
    case Output::staging_extras:
      write_staging_extras(pipeline::source::Source(arguments.options), sink);
      break;
  }
  out.flush();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    write(parse_arguments(std::span(argv, static_cast<std::size_t>(argc)).subspan(1)));
    return 0;
  } catch (...) {
    const Error error = pipeline::current_error();
    fmt::print(stderr, "make_source: {}\n", error.what());
    return error.exit_code();
  }
}
