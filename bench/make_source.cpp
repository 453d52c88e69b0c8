// Writes the SQL of a synthetic source database to stdout: what the sample dumps are made from.
#include <charconv>
#include <cstdio>
#include <exception>
#include <span>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "bench/make_source_data.h"
#include "common/base/clock.h"
#include "common/base/error.h"

namespace {

using namespace std::string_view_literals;
using pipeline::BusinessDate;
using pipeline::Error;
using pipeline::ErrorKind;

constexpr std::string_view usage =
    "make_source [--day N] [--date YYYY-MM-DD] [--scale F] [--seed N] [--staging-extras]\n"
    "\n"
    "Writes SQL that drops, makes and fills the tables of the sample source database.\n"
    "Same arguments, same bytes. All data is synthetic.\n"
    "\n"
    "  --day N            state of this day; each day after day 1 changes about 1 % of the rows\n"
    "                     (default 1; m_nationalities is empty on day 2, 12, 22 ...)\n"
    "  --date YYYY-MM-DD  date of that day; day 1 is N-1 days earlier, so consecutive days need\n"
    "                     consecutive dates (default: 2026-02-01 for day 1)\n"
    "  --scale F          part of the real volumes (default 0.01, at most 4)\n"
    "  --seed N           default 1\n"
    "  --staging-extras   instead: the tables of staging that do not come from a dump\n";

// A day costs about a hundredth of the first; ten years are enough.
constexpr int day_max = 3'650;
constexpr double scale_max = 4;

enum class Output { source, staging_extras, help };

struct Arguments {
  pipeline::source::SourceOptions options;
  Output output = Output::source;
};

template <typename Number>
Number parse_number(std::string_view flag, std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error(ErrorKind::config_invalid, fmt::format("{}: '{}' is not a number", flag, text));
  }
  return value;
}

Arguments parse_arguments(std::span<char*> words) {
  Arguments arguments;
  auto& options = arguments.options;
  bool dated = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view flag = words[i];
    const auto value = [&]() -> std::string_view {
      if (i + 1 == words.size()) {
        throw Error(ErrorKind::config_invalid, fmt::format("{} needs a value", flag));
      }
      return words[++i];
    };
    if (flag == "--help"sv) {
      arguments.output = Output::help;
    } else if (flag == "--staging-extras"sv) {
      arguments.output = Output::staging_extras;
    } else if (flag == "--day"sv) {
      options.day = parse_number<int>(flag, value());
    } else if (flag == "--scale"sv) {
      options.scale = parse_number<double>(flag, value());
    } else if (flag == "--seed"sv) {
      options.seed = parse_number<std::uint64_t>(flag, value());
    } else if (flag == "--date"sv) {
      const std::string_view text = value();
      const auto date = BusinessDate::parse(text);
      if (!date) {
        throw Error(ErrorKind::config_invalid,
                    fmt::format("--date: '{}' is not a date like 2026-02-01", text));
      }
      options.date = date->days();
      dated = true;
    } else {
      throw Error(ErrorKind::config_invalid,
                  fmt::format("unknown argument '{}'; see make_source --help", flag));
    }
  }
  if (options.day < 1 || options.day > day_max) {
    throw Error(ErrorKind::config_invalid, fmt::format("--day must be between 1 and {}", day_max));
  }
  if (!(options.scale > 0 && options.scale <= scale_max)) {
    throw Error(ErrorKind::config_invalid,
                fmt::format("--scale must be above 0 and at most {}", scale_max));
  }
  if (!dated) {
    options.date = BusinessDate::parse("2026-02-01")->plus_days(options.day - 1).days();
  }
  return arguments;
}

void write_out(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw Error(ErrorKind::resource_exhausted, "cannot write to stdout");
  }
}

void write_sql(const Arguments& arguments) {
  if (arguments.output == Output::help) return write_out(usage);
  auto database = pipeline::source::make_source_database(arguments.options);
  write_out(arguments.output == Output::source
                ? pipeline::source::source_sql(database)
                : pipeline::source::staging_extras_sql(database, arguments.options));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    write_sql(parse_arguments(std::span(argv, static_cast<std::size_t>(argc)).subspan(1)));
    return 0;
  } catch (...) {
    const Error error = pipeline::current_error();
    fmt::print(stderr, "make_source: {}\n", error.what());
    return error.exit_code();
  }
}
